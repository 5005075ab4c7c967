"""The ways in which real bots are written all work in virtual time: loops, timers, threads, queues, schedules, messages."""

from typing import Any

import pytest

from tests.backtest.lab import T0, Lab, said, speaking
from ticklink.backtest.result import Signal


def test_a_constructor_that_never_returns_gets_its_events(lab: Lab) -> None:
    lab.calm(5)
    result = lab.play(
        speaking("""
        def __init__(self):
            self.seen = 0
            super().__init__()
            while True:
                time.sleep(1)
                self.say(self.seen)
        def on_start(self):
            self.say("never")
        def quote_update(self, src, sym, data):
            self.seen += 1
        """)
    )
    assert result.run.status == "completed"
    assert said(result) == [[1, 1_000], [2, 2_000], [3, 3_000], [4, 4_000], [5, 5_000], [6, 6_000]]


def test_on_start_may_wait_for_the_first_quote(lab: Lab) -> None:
    lab.quotes([(2_500, 60_000.0, 1.0, 60_000.5, 1.0), (9_000, 60_001.0, 1.0, 60_001.5, 1.0)])
    lab.trades([(0, 60_000.0, 100.0, 1)])
    told = lab.told("""
        quoted = False
        def on_start(self):
            while not self.quoted:
                time.sleep(1)
            self.say("quoted")
        def quote_update(self, src, sym, data):
            self.quoted = True
            self.say("quote")
        """)
    assert told == [["quote", 2_520], ["quoted", 3_000], ["quote", 9_020]]


def test_a_timer_that_sets_itself_again(lab: Lab) -> None:
    lab.calm(200, every_ms=10_000)
    told = lab.told("""
        def on_start(self):
            self.tend()
        def tend(self):
            self.say()
            threading.Timer(60, self.tend).start()
        """)
    assert told == [[0], [60_000], [120_000], [180_000]]


def test_a_debounce_timer_fires_once_after_the_last_event(lab: Lab) -> None:
    times = [0, 100, 200, 3_000, 3_050, 9_000]
    lab.quotes([(ms, 60_000.0 + ms, 1.0, 70_000.0, 1.0) for ms in times])
    told = lab.told("""
        timer = None
        def quote_update(self, src, sym, data):
            if self.timer is not None:
                self.timer.cancel()
            self.timer = threading.Timer(1.0, self.settled, [data["time"] - T0])
            self.timer.start()
        def settled(self, when):
            self.say(when)
        """)
    assert told == [[200, 1_220], [3_050, 4_070], [9_000, 10_020]]


def test_a_worker_takes_from_a_queue(lab: Lab) -> None:
    lab.calm(3)
    told = lab.told("""
        def __init__(self):
            import queue
            self.work = queue.Queue()
            super().__init__()
            self.create_thread(self.keep_working)
        def quote_update(self, src, sym, data):
            self.work.put(data["time"] - T0)
        def keep_working(self):
            while True:
                item = self.work.get()
                time.sleep(0.4)
                self.say(item)
        """)
    assert told == [[0, 420], [1_000, 1_420], [2_000, 2_420], [3_000, 3_420]]


def test_an_event_loop_in_on_start(lab: Lab) -> None:
    lab.calm(3)
    told = lab.told("""
        def on_start(self):
            import asyncio, warnings
            warnings.simplefilter("ignore")
            self.loop = asyncio.get_event_loop()
            self.loop.run_until_complete(asyncio.gather(self.tick("a", 1.0), self.tick("b", 0.7)))
            self.say("done")
        async def tick(self, name, every):
            import asyncio
            for _ in range(2):
                await asyncio.sleep(every)
                self.say(name)
        """)
    assert told == [["b", 700], ["a", 1_000], ["b", 1_400], ["a", 2_000], ["done", 2_000]]


def test_schedules(lab: Lab) -> None:
    lab.calm(240, every_ms=10_000)
    told = lab.told(
        """
        @cron.run(every=90)
        def a_while(self):
            self.say("every")
            time.sleep(100)
        @cron.run(on="1m")
        def minutely(self):
            self.say("on")
        @cron.run(expr="*/2 * * * *")
        def even(self):
            self.say("expr")
        """,
        "--from",
        "2025-01-01T00:00:30",
        "--to",
        "2025-01-01T00:04:00",
    )
    assert sorted(told, key=lambda each: (each[1], each[0])) == [
        ["every", 30_000],
        ["expr", 30_000],
        ["on", 30_000],
        ["on", 60_000],
        ["every", 120_000],
        ["expr", 120_000],
        ["on", 120_000],
        ["on", 180_000],
        ["every", 210_000],
        ["expr", 240_000],
        ["on", 240_000],
    ]


def test_schedules_started_by_hand(lab: Lab) -> None:
    lab.calm(130, every_ms=10_000)
    body = """
        def on_start(self):
            cron.options["auto_start"] = True  # too late to matter
            time.sleep(30)
            cron.start(run_now=False)
        @cron.run(on="1m")
        def minutely(self):
            self.say()
        """
    source = speaking(body).replace("T0 =", 'cron.options["auto_start"] = False\nT0 =', 1)
    assert said(lab.play(source)) == [[60_000], [120_000]]


def test_threads_are_listed_while_they_live(lab: Lab) -> None:
    lab.calm(3)
    told = lab.told("""
        def on_start(self):
            self.create_thread(time.sleep, 1)
            self.delay_thread(1.5, self.later, 7, word="x")
            self.say(sorted(self.background_threads.values()))
            time.sleep(1.2)
            self.say(sorted(self.background_threads.values()))
            time.sleep(0.5)
            self.say(list(self.background_threads.values()))
        def later(self, number, word):
            self.say(number, word)
        """)
    assert [each[1:] for each in told] == [[0], [1_200], ["x", 1_500], [1_700]]
    assert (len(told[0][0]), len(told[1][0]), told[3][0]) == (2, 1, [])


def test_messages_to_itself_are_json_and_come_in_order(lab: Lab) -> None:
    lab.calm(3)
    told = lab.told("""
        def on_start(self):
            self.redis.subscribe({"a": lambda data: self.say("a", data), "b": self.fails})
            self.redis.publish("a", {"n": 1, "t": (1, 2)})
            self.redis.publish("b", 5)
            self.redis.publish("nobody", 6)
            self.redis.publish("a")
            self.say("sent")
        def fails(self, data):
            self.say("b", data)
            1 / 0
        """)
    assert told == [["sent", 0], ["a", {"n": 1, "t": [1, 2]}, 0], ["b", 5, 0], ["a", None, 0]]


def test_what_numpy_makes_can_be_published_and_what_json_cannot_carry_not(lab: Lab) -> None:
    lab.calm(2)
    result = lab.play(
        speaking("""
        def on_start(self):
            import numpy as np
            self.publish("x", {"i": np.int64(3), "f": np.float32(0.5), "b": np.bool_(True), "a": np.arange(4).reshape(2, 2)})
            self.publish("y")
            for bad in ({1, 2}, float("nan"), object):
                try:
                    self.publish("bad", {"v": bad})
                except Exception as error:
                    self.say(str(error))
        """)
    )
    assert said(result, "x") == [{"i": 3, "f": 0.5, "b": True, "a": [[0, 1], [2, 3]]}]
    assert said(result, "y") == [None]
    assert said(result, "bad") == []
    assert all("publish('bad')" in message and "v" in message for message, _ in said(result))


def test_a_signal_bot(lab: Lab) -> None:
    lab.calm(4)
    source = """
        from ticklink import Link

        class Signals(Link):
            def trade_update(self, src, sym, data):
                intents = [{"size": 0.5}, {"quote": [1, 2.5]}, {"mid": None}, {}]
                self.signal(src, sym, **intents[self.unix_now % 4])
    """
    result = lab.play(source)
    assert (result.run.bot["class"], result.run.status) == ("Signals", "completed")
    expected: list[dict[str, Any]] = [{"size": 0.5}, {"quote": [1.0, 2.5]}, {"mid": None}, {}]
    assert result.signals == [
        Signal(T0 + 1_000 * second + 520, "bitmex", "XBTUSD", intents) for second, intents in enumerate(expected)
    ]


def test_stop_trading_ends_the_run_there(lab: Lab) -> None:
    lab.calm(9)
    result = lab.play(
        speaking("""
        def quote_update(self, src, sym, data):
            self.say()
            if data["time"] >= T0 + 3_000:
                self.stop_trading("seen enough")
        """)
    )
    assert (result.run.status, result.run.reason, result.run.events) == ("stopped", "seen enough", 7)
    assert said(result) == [[20], [1_020], [2_020], [3_020]]
    assert T0 + 3_000 <= result.run.to <= T0 + 3_020


def test_log_and_print(lab: Lab) -> None:
    lab.calm(2)
    result = lab.play(
        speaking("""
        def on_start(self):
            logger.info({"any": "object"})
            logger.warning("%s and %d", "text", 3)
            logger.debug("not kept")
            logger.info("%d", "does not fit")
            print("one", 2, end="")
            time.sleep(1)
            print(" line\\nthree")
            try:
                1 / 0
            except ZeroDivisionError:
                logger.error("failed", exc_info=True)
        """)
    )
    told = [(line.time - T0, line.level, line.message) for line in result.log]
    assert told[:-1] == [
        (0, "INFO", "{'any': 'object'}"),
        (0, "WARNING", "text and 3"),
        (0, "INFO", "%d"),
        (1_000, "PRINT", "one 2 line"),
        (1_000, "PRINT", "three"),
    ]
    time, level, message = told[-1]
    assert (time, level) == (1_000, "ERROR")
    assert message.startswith("failed\nTraceback (most recent call last):\n")
    assert message.endswith("ZeroDivisionError: division by zero")


@pytest.mark.parametrize("callback", ["quote_update", "trade_update", "order_update", "fill_update", "position_update"])
def test_a_callback_that_raises_is_logged_and_the_bot_goes_on(lab: Lab, callback: str) -> None:
    lab.calm(3)
    result = lab.play(
        speaking(f"""
        def on_start(self):
            self.create_market_order("BitMEX", "XBTUSD", "Buy", 100)
        def {callback}(self, src, sym, data):
            self.say()
            raise KeyError("mine")
        """)
    )
    assert result.run.status == "completed"
    assert len(result.log) == len(said(result)) >= 1
    for line in result.log:
        assert line.level == "ERROR"
        assert line.message.startswith(f"{callback} raised an exception\nTraceback")
        assert 'raise KeyError("mine")' in line.message


def test_what_threads_timers_and_jobs_raise_is_logged(lab: Lab) -> None:
    lab.calm(3)
    result = lab.play(
        speaking("""
        def on_start(self):
            threading.Thread(target=self.fails, args=["thread"], name="mine").start()
            threading.Timer(1, self.fails, ["timer"]).start()
            self.delay_thread(2, self.fails, "helper")
            self.say("goes on")
        def fails(self, what):
            raise ValueError(what)
        @cron.run(every=100)
        def job(self):
            self.fails("job")
        """)
    )
    assert result.run.status == "completed"
    assert sorted(line.message.rpartition("ValueError: ")[2] for line in result.log) == [
        "helper",
        "job",
        "thread",
        "timer",
    ]
    assert all("Traceback" in line.message and "self.fails" in line.message + "self.fails" for line in result.log)


def test_the_books_of_a_stopped_run_hold_what_the_market_did_by_then(lab: Lab) -> None:
    """The bot's order fills while a callback sleeps, which then stops the run before anyone has looked at the order."""
    lab.quotes([(0, 60_000.0, 100.0, 60_001.0, 100.0), (9_000, 60_000.0, 100.0, 60_001.0, 100.0)])
    lab.trades([(2_000, 60_000.0, 500.0, -1), (2_500, 59_000.0, 500.0, -1)])
    result = lab.play(
        speaking("""
        def on_start(self):
            self.create_limit_order("BitMEX", "XBTUSD", "Buy", 200, 59_500)
        def trade_update(self, src, sym, data):
            time.sleep(1)
            self.stop_trading()
        """)
    )
    assert (result.run.status, result.run.to) == ("stopped", T0 + 3_020)
    assert [(fill.size, fill.time) for fill in result.fills] == [(200.0, T0 + 2_500)]
    assert [order.filled for order in result.orders] == [200.0]
    assert [entry.kind for entry in result.ledger] == ["deposit", "fee"]


def test_schedules_of_a_bot_that_never_leaves_its_constructor(lab: Lab) -> None:
    lab.calm(130, every_ms=10_000)
    body = """
        def __init__(self):
            super().__init__()
            while True:
                time.sleep(5)
        @cron.run(every=60)
        def minutely(self):
            self.say()
        """
    assert said(lab.play(speaking(body))) == [[1_000], [61_000], [121_000]]

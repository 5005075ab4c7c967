"""In which order and at what time a backtest's bot is told of what happens."""

import pytest

from tests.backtest.lab import Lab, said, speaking


def test_timers_come_first_then_trades_then_quotes(lab: Lab) -> None:
    lab.quotes([(ms, 60_000.0, 100.0, 60_000.5, 100.0) for ms in (0, 1_000, 2_000)])
    lab.trades([(ms, 60_000.0, 100.0, 1) for ms in (1_000, 2_000)])
    told = said(
        lab.play(
            speaking("""
            def on_start(self):
                for _ in range(2):
                    time.sleep(1)
                    self.say("timer")
            def quote_update(self, src, sym, data):
                self.say("quote", data["time"] - T0)
            def trade_update(self, src, sym, data):
                self.say("trade", data["time"] - T0)
            """),
            "--latency",
            "0ms",
        )
    )
    assert told == [
        ["quote", 0, 0],
        ["timer", 1_000],
        ["trade", 1_000, 1_000],
        ["quote", 1_000, 1_000],
        ["timer", 2_000],
        ["trade", 2_000, 2_000],
        ["quote", 2_000, 2_000],
    ]


def test_markets_of_several_venues_merge_by_time(lab: Lab) -> None:
    lab.quotes([(ms, 60_000.0, 100.0, 60_000.5, 100.0) for ms in (0, 30, 40)])
    lab.trades([(ms, 60_000.0, 100.0, 1) for ms in (10, 40)])
    lab.quotes([(ms, 3_000.0, 10.0, 3_000.05, 10.0) for ms in (5, 30)], "bitmex:ETHUSD")
    lab.trades([(ms, 60_001.0, 0.5, -1) for ms in (20, 40)], "coinbasepro:BTC-USD")
    lab.quotes([(40, 60_000.0, 0.1, 60_001.0, 0.2)], "coinbasepro:BTC-USD")
    result = lab.play(
        speaking("""
        def quote_update(self, src, sym, data):
            self.say(src, sym, "quote")
        def trade_update(self, src, sym, data):
            self.say(src, sym, "trade")
        """),
        "--latency",
        "5ms",
        markets=("coinbasepro:BTC-USD", "bitmex:XBTUSD", "bitmex:ETHUSD"),
        venues=("BitMEX=bitmex", "Coinbase=coinbasepro"),
    )
    assert said(result) == [
        ["bitmex", "XBTUSD", "quote", 5],
        ["bitmex", "ETHUSD", "quote", 10],
        ["bitmex", "XBTUSD", "trade", 15],
        ["coinbasepro", "BTC-USD", "trade", 25],
        ["bitmex", "XBTUSD", "quote", 35],
        ["bitmex", "ETHUSD", "quote", 35],
        # of one time: trades, then quotes, each in the order in which the markets were named
        ["coinbasepro", "BTC-USD", "trade", 45],
        ["bitmex", "XBTUSD", "trade", 45],
        ["coinbasepro", "BTC-USD", "quote", 45],
        ["bitmex", "XBTUSD", "quote", 45],
    ]
    assert result.run.events == 10


def test_a_callback_that_sleeps_makes_later_events_late_and_loses_none(lab: Lab) -> None:
    lab.quotes([(ms, 60_000.0, 100.0 + ms, 60_000.5, 100.0) for ms in range(0, 5_000, 250)])
    told = said(
        lab.play(
            speaking("""
            inside = 0
            def quote_update(self, src, sym, data):
                self.inside += 1
                assert self.inside == 1
                if data["bid"][1] in (600.0, 2100.0):
                    time.sleep(1.3)
                self.say(data["bid"][1])
                self.inside -= 1
            """),
            "--latency",
            "0ms",
        )
    )
    assert [size for size, _ in told] == [100.0 + ms for ms in range(0, 5_000, 250)]
    late = {ms: max(ms, 1_800 if 500 <= ms < 2_000 else 3_300 if ms >= 2_000 else 0) for ms in range(0, 5_000, 250)}
    assert [when for _, when in told] == list(late.values())


def test_a_fill_comes_after_the_callback_that_asked_for_it(lab: Lab) -> None:
    lab.calm(5)
    told = said(
        lab.play(
            speaking("""
            done = False
            def trade_update(self, src, sym, data):
                if not self.done:
                    self.done = True
                    self.say("begins")
                    reply = self.create_market_order("BitMEX", "XBTUSD", "Buy", 300)
                    self.say("replied", reply["data"]["remain_size"])
                    time.sleep(0.1)
                    self.say("ends")
            def order_update(self, src, sym, data):
                self.say("order", data["status"])
            def fill_update(self, src, sym, data):
                self.say("fill", data["fill_size"])
            def position_update(self, src, sym, data):
                self.say("position", data["pos_size"])
            """),
        )
    )
    assert told == [
        ["begins", 520],
        ["replied", 0.0, 560],
        ["ends", 660],
        ["order", "New", 660],
        ["fill", 300.0, 660],
        ["order", "Filled", 660],
        ["position", 300.0, 660],
    ]


def test_reports_come_at_once_where_no_callback_is_in_the_way(lab: Lab) -> None:
    lab.calm(5)
    told = said(
        lab.play(
            speaking("""
            def on_start(self):
                time.sleep(1.5)
                self.create_market_order("BitMEX", "XBTUSD", "Buy", 100)
                self.say("replied")
            def fill_update(self, src, sym, data):
                self.say("fill", data["time"] - T0)
            """),
            "--latency",
            "30ms,50ms",
        )
    )
    assert told == [["replied", 1_580], ["fill", 1_530, 1_580]]


LATENCY = """
    def on_start(self):
        time.sleep(1.0)
        sent = time.time()
        reply = self.create_market_order("BitMEX", "XBTUSD", "Buy", 100)["data"]
        self.say(round((sent - T0 / 1000) * 1000), round((time.time() - T0 / 1000) * 1000), reply["order_price"])
"""


@pytest.mark.parametrize(
    ("latency", "price", "back"),
    [("0ms", 60_001.0, 1_000), ("4ms", 60_001.0, 1_008), ("5ms", 60_002.0, 1_010), ("10ms,2ms", 60_003.0, 1_012)],
)
def test_an_order_meets_the_quote_of_when_it_arrives(lab: Lab, latency: str, price: float, back: int) -> None:
    asks = [(0, 60_001.0), (1_005, 60_002.0), (1_010, 60_003.0), (1_011, 60_004.0), (3_000, 60_005.0)]
    lab.quotes([(ms, 60_000.0, 100.0, ask, 100.0) for ms, ask in asks])
    told = said(lab.play(speaking(LATENCY), "--latency", latency))
    assert told == [[1_000, back, price, back]]


def test_jitter_is_the_same_on_every_run_of_a_seed(lab: Lab) -> None:
    lab.calm(10)
    source = speaking("""
    def on_start(self):
        for _ in range(5):
            self.fetch_balances("BitMEX")
            self.say()
    """)
    runs = [said(lab.play(source, "--latency", "5ms~20ms", "--seed", seed)) for seed in ("1", "1", "2")]
    assert runs[0] == runs[1] != runs[2]
    gaps = [later[0] - earlier[0] for earlier, later in zip(runs[0], runs[0][1:], strict=False)]
    assert min(gaps) >= 10
    assert len(set(gaps)) > 1


def test_calls_wait_for_the_request_budget_of_the_venue(lab: Lab) -> None:
    lab.calm(20)
    asks = "def on_start(self):\n    for _ in range(122): self.fetch_balances('BitMEX')\n    self.say()"
    # BitMEX refills two a second, and each of the first 120 calls took 40 ms
    assert lab.told(asks, "--latency", "0ms") == [[1_000]]
    assert lab.told(asks, "--latency", "0ms", "--rate-limits", "counted") == [[0]]


def test_a_call_that_would_wait_too_long_is_answered_with_rate_limits(lab: Lab) -> None:
    lab.calm(20)
    asks = """
        def on_start(self):
            for _ in range(120):
                self.fetch_balances("BitMEX")
            for _ in range(40):
                self.create_thread(self.ask)
        def ask(self):
            self.say((self.fetch_balances("BitMEX")["error"] or {}).get("type"))
        """
    told = lab.told(asks, "--latency", "0ms")
    assert told[:20] == [["rate_limits", 0]] * 20
    assert told[20:] == [[None, 500 * turn] for turn in range(1, 21)]

import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bot.host import NOW_NS, SRC, SYM, VENUE, MemoryHost, construct
from ticklink import logger
from ticklink.bot import edge
from ticklink.bot.link import Channel, Link, overridden
from ticklink.clock import VirtualClock
from ticklink.model.candles import LEVELS_MS
from ticklink.model.errors import InputError

THREAD_PATIENCE_S = 10


class Idle(Link):
    pass


def test_a_bot_cannot_be_constructed_without_a_host() -> None:
    with pytest.raises(InputError, match=r"Idle has nothing to run on.*ticklink run"):
        Idle()


def test_a_bot_is_attached_by_links_init_not_before(host: MemoryHost) -> None:
    class Trading(Link):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.attached_before = list(host.attached)
            self.time_before = self.epoch_now
            super().__init__(*args, **kwargs)
            self.attached_after = list(host.attached)

    bot = construct(Trading, host, 1, key=2)
    assert bot.attached_before == []
    assert bot.attached_after == [bot]
    assert bot.time_before == 1_696_016_546_768


def test_the_time_in_all_its_forms(bot: Any) -> None:
    assert bot.now == datetime(2023, 9, 29, 19, 42, 26, 768123, tzinfo=UTC)
    assert bot.now.utcoffset() == timedelta(0)
    assert bot.unix_now == 1_696_016_546
    assert bot.epoch_now == 1_696_016_546_768
    assert bot.second == 26.768123
    assert bot.iso_now == "2023-09-29T19:42:26.768123+00:00"
    assert datetime.fromisoformat(bot.iso_now) == bot.now
    assert [type(value) for value in (bot.unix_now, bot.epoch_now, bot.second)] == [int, int, float]


@settings(deadline=None)
@given(now_ns=st.integers(0, 4_000_000_000 * 10**9))
def test_the_forms_of_the_time_agree(now_ns: int) -> None:
    class Trading(Link):
        pass

    host = MemoryHost()
    host.clock = VirtualClock(now_ns)
    bot = construct(Trading, host)
    assert bot.epoch_now // 1000 == bot.unix_now == int(bot.now.timestamp())
    assert 0 <= bot.second < 60
    assert bot.second == pytest.approx(bot.now.second + bot.now.microsecond / 1e6, abs=1e-9)


def test_candle_bin_of_the_contract(bot: Any) -> None:
    assert bot.candle_bin(1696016546768, "15m") == 1696015800000
    assert bot.candle_bin(1696016546768, "15m", ceil=True) == 1696016700000
    assert bot.candle_bin(1696016546768, "15m", True) == 1696016700000
    assert bot.candle_bin(1696015800000, "15m", ceil=True) == 1696015800000
    assert bot.candle_bin(1696016546768, "1w") == 1695600000000  # Monday 2023-09-25


def test_time_range_of_the_contract(bot: Any) -> None:
    wanted = [1696016700000, 1696017600000, 1696018500000, 1696019400000, 1696020300000, 1696021200000]
    assert bot.time_range(1696015800000, 1696021200000, "15m", include_start=False) == wanted
    assert bot.time_range(1696015800000, 1696021200000, "15m", False) == wanted
    assert bot.time_range(1696015800000, 1696021200000, "15m") == [1696015800000, *wanted]


def test_an_unknown_level_is_told_with_the_known_ones(bot: Any) -> None:
    for call, args in ((bot.candle_bin, (0,)), (bot.time_range, (0, 1)), (bot.get_bars, (SRC, SYM))):
        with pytest.raises(InputError, match=r"unknown candle level '7m'; use one of 1m, 3m, .*1d, 1w"):
            call(*args, "7m")


levels = st.sampled_from(sorted(LEVELS_MS))
times = st.integers(0, 4_000_000_000_000)


@settings(deadline=None)
@given(value=times, level=levels)
def test_a_bin_is_the_bucket_around_its_value(value: int, level: str) -> None:
    down, up = Link.candle_bin(None, value, level), Link.candle_bin(None, value, level, ceil=True)  # type: ignore[arg-type]
    assert down <= value <= up
    assert up - down == (0 if value == down else LEVELS_MS[level])
    assert Link.candle_bin(None, down, level) == down  # type: ignore[arg-type]
    start = datetime.fromtimestamp(down / 1000, UTC)
    assert (start.second, start.microsecond) == (0, 0)
    if level == "1w":
        assert (start.weekday(), start.hour, start.minute) == (0, 0, 0)
    else:
        midnight = start.replace(hour=0, minute=0)
        assert (start - midnight) // timedelta(milliseconds=1) % LEVELS_MS[level] == 0


@settings(deadline=None)
@given(start=times, steps=st.integers(-3, 50), extra=st.integers(0, 59_999), level=levels, include=st.booleans())
def test_a_time_range_is_a_level_apart_and_within_its_ends(
    start: int, steps: int, extra: int, level: str, include: bool
) -> None:
    end = start + steps * LEVELS_MS[level] + extra
    found = Link.time_range(None, start, end, level, include)  # type: ignore[arg-type]
    assert found == [start + i * LEVELS_MS[level] for i in range(0 if include else 1, steps + 1)]


def test_venues_and_markets_are_those_of_the_host(bot: Any) -> None:
    assert bot.venues == {"BitMEX": {"id": "7", "kind": "paper", "name": "BitMEX", "src": "bitmex"}}
    assert bot.market_streams == {"bitmex": ["XBTUSD", "ETHUSD"]}
    assert bot.instruments["bitmex"]["XBTUSD"]["tickSize"] == 0.5
    assert bot.health == {
        "public": [{"src": "bitmex", "live": True}],
        "private": [{"venue": "BitMEX", "live": False}],
    }


def test_latest_quotes_and_trades(bot: Any, host: MemoryHost) -> None:
    quote = {"bid": [26900.0, 1000.0], "ask": [26900.5, 2000.0], "time": 1}
    trade = {"side": "Buy", "price": 26900.5, "size": 100.0, "time": 2}
    assert bot.quotes == {"bitmex": {"XBTUSD": quote}}
    assert bot.trades == {"bitmex": {"XBTUSD": trade}}
    assert bot.last_quote("bitmex", "XBTUSD") == quote
    assert bot.last_trade("bitmex", "XBTUSD") == trade
    assert bot.last_quote("bitmex", "XBTUSD", "bid") == [26900.0, 1000.0]
    assert bot.last_trade("bitmex", "XBTUSD", key="price") == 26900.5
    assert bot.last_quote("bitmex", "ETHUSD") is None
    assert bot.last_trade("bitmex", "ETHUSD", "price") is None
    with pytest.raises(InputError, match="there is no field 'bids' here; there are bid, ask, time"):
        bot.last_quote("bitmex", "XBTUSD", "bids")


def test_bars_are_those_of_the_market(bot: Any, host: MemoryHost) -> None:
    host.market.bars(SRC, SYM, "5m").add_trade(1_696_016_400_000, 10.0, 1.0)
    assert bot.get_bars(SRC, SYM, "5m")[-1]["close"] == 10.0


def test_older_bots_may_use_newer_names_for_their_own_attributes(host: MemoryHost) -> None:
    class Trading(Link):
        venues = ("mine",)  # type: ignore[assignment]

        def __init__(self) -> None:
            self.trades: list[int] = []  # type: ignore[assignment]
            self.redis = None  # type: ignore[assignment]
            super().__init__()

    bot = construct(Trading, host)
    bot.trades.append(5)
    assert (bot.trades, bot.redis, bot.venues) == ([5], None, ("mine",))
    bot.fetch_balances(VENUE)


def test_stopping_tells_the_host(bot: Any, host: MemoryHost) -> None:
    bot.stop_trading()
    bot.stop_trading("enough")
    assert host.stopped == [None, "enough"]


# ---- callbacks ----


def test_callbacks_do_nothing_unless_overridden(bot: Any) -> None:
    for name in ("quote_update", "trade_update", "order_update", "fill_update", "position_update"):
        assert getattr(bot, name)("bitmex", "XBTUSD", {}) is None
    assert bot.on_start() is None
    assert overridden(bot) == set()


def test_overridden_callbacks_are_found_wherever_they_come_from(host: MemoryHost) -> None:
    class Shared(Link):
        def fill_update(self, src: str, sym: str, data: dict[str, Any]) -> None: ...

    class Trading(Shared):
        def on_start(self) -> None: ...
        def candle_update_15m(self, src: str, sym: str, bars: Any) -> None: ...
        def candle_update_7m(self, src: str, sym: str, bars: Any) -> None: ...

    bot = construct(Trading, host)
    assert overridden(bot) == {"on_start", "fill_update", "candle_update_15m"}
    bot.trade_update = lambda src, sym, data: None
    assert overridden(bot) == {"on_start", "fill_update", "candle_update_15m", "trade_update"}
    bot.trade_update = None
    assert overridden(bot) == {"on_start", "fill_update", "candle_update_15m"}


# ---- threads ----


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_thread_runs_with_its_arguments_and_is_listed_while_it_lives(bot: Any, gate: threading.Event) -> None:
    seen: list[Any] = []
    over = threading.Event()

    def work(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs, threading.current_thread().daemon))
        gate.wait(THREAD_PATIENCE_S)
        over.set()

    assert bot.create_thread(work, 1, 2, key="x") is None
    threads = [thread for thread in threading.enumerate() if thread.name.endswith("work")]
    assert bot.background_threads == {threads[0].ident: threads[0].name}
    assert next(iter(bot.background_threads.values())).endswith("work")
    gate.set()
    threads[0].join(THREAD_PATIENCE_S)
    assert seen == [((1, 2), {"key": "x"}, True)]
    assert bot.background_threads == {}


def test_a_delayed_thread_waits_first(bot: Any, monkeypatch: pytest.MonkeyPatch, gate: threading.Event) -> None:
    events: list[Any] = []
    monkeypatch.setattr("time.sleep", events.append)

    def work(word: str) -> None:
        events.append(word)
        gate.set()

    bot.delay_thread(2.5, work, "done")
    assert gate.wait(THREAD_PATIENCE_S)
    assert events == [2.5, "done"]


def test_what_a_thread_raises_is_logged_with_its_traceback(
    bot: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ValueError("from the bot")

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for start, args in ((bot.create_thread, ()), (bot.delay_thread, (0.1,))):
        caplog.clear()
        before = set(threading.enumerate())
        start(*args, fail)
        for thread in set(threading.enumerate()) - before:
            thread.join(THREAD_PATIENCE_S)
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.name == "ticklink.bot"
        assert "fail raised an exception" in record.getMessage()
        assert record.exc_info is not None
        assert str(record.exc_info[1]) == "from the bot"


def test_sys_exit_passes_the_edge_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit):
        edge.call(sys.exit, 3)
    assert caplog.records == []


def test_a_thread_needs_something_to_call(bot: Any) -> None:
    with pytest.raises(InputError, match="something to call as target, not None"):
        bot.create_thread(None)


# ---- messages ----


def test_publishing_sends_json(bot: Any, host: MemoryHost) -> None:
    bot.publish("empty")
    bot.publish("mixed", {"a": [1, 2.5, None, True], "b": np.float64(1.5), "c": np.arange(3), 4: "vier"})
    assert host.bus.published == [
        ("empty", b"null"),
        ("mixed", b'{"a":[1,2.5,null,true],"b":1.5,"c":[0,1,2],"4":"vier"}'),
    ]


def test_publishing_what_json_cannot_carry_names_topic_and_place(bot: Any, host: MemoryHost) -> None:
    with pytest.raises(InputError, match=r"publish\('prices'\): data\['a'\]\[1\] is nan, which JSON cannot carry"):
        bot.publish("prices", {"a": [1, float("nan")]})
    with pytest.raises(InputError, match="publish: a topic is a text that is not empty, not 5"):
        bot.publish(5, {})
    assert host.bus.published == []


def test_redis_passes_messages_between_bots(bot: Any, host: MemoryHost, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    def fail(data: Any) -> None:
        raise ValueError(data)

    assert type(bot.redis) is Channel
    redis: Any = bot.redis
    redis.publish("go", {"x": np.int64(1)})
    bot.redis.subscribe({"go": seen.append, "bad": fail})
    host.bus.handlers["go"]({"x": 1})
    host.bus.handlers["bad"]("no")
    assert host.bus.broadcasts == [("go", b'{"x":1}')]
    assert seen == [{"x": 1}]
    assert "fail raised an exception" in caplog.text
    with pytest.raises(InputError, match="the handler of 'go' is not a function but None"):
        redis.subscribe({"go": None})
    with pytest.raises(InputError, match=r"redis.publish\('go'\): data is an object"):
        bot.redis.publish("go", object())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {}),
        ({"size": 0.5}, {"size": 0.5}),
        ({"size": -1}, {"size": -1.0}),
        ({"size": np.float32(0.25)}, {"size": 0.25}),
        ({"size": None}, {"size": None}),
        ({"mid": 26900}, {"mid": 26900.0}),
        ({"bid": 26900.5}, {"bid": 26900.5}),
        ({"ask": 26901.5}, {"ask": 26901.5}),
        ({"quote": [26900, 26901]}, {"quote": [26900.0, 26901.0]}),
        ({"quote": np.array([1.0, 2.0])}, {"quote": [1.0, 2.0]}),
        ({"quote": None}, {"quote": None}),
    ],
)
def test_a_signal_records_one_intent(bot: Any, host: MemoryHost, given: dict[str, Any], kept: dict[str, Any]) -> None:
    bot.signal("bitmex", "XBTUSD", **given)
    assert host.bus.signals == [("bitmex", "XBTUSD", kept)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 1.01}, "size is a number from -1 to 1, not 1.01"),
        ({"size": float("nan")}, "size is a number from -1 to 1, not nan"),
        ({"size": "1"}, "size is a number from -1 to 1, not '1'"),
        ({"size": True}, "size is a number from -1 to 1, not True"),
        ({"mid": 0}, "a price is a positive number, not 0"),
        ({"bid": float("inf")}, "a price is a positive number, not inf"),
        ({"ask": -5.0}, "a price is a positive number, not -5.0"),
        ({"quote": 5}, r"a quote is \[bid, ask\], not 5"),
        ({"quote": [1, 2, 3]}, r"a quote is \[bid, ask\], not \[1, 2, 3\]"),
        ({"quote": [2, 1]}, "the bid 2.0 is above the ask 1.0"),
        ({"quote": [1, "2"]}, "a price is a positive number, not '2'"),
        ({"bid": 1, "ask": 2}, r"takes one of size, mid, bid, ask, quote \(or none\); given: bid, ask"),
        ({"volume": 1}, r"takes one of size, mid, bid, ask, quote \(or none\); given: volume"),
    ],
)
def test_a_wrong_intent_is_refused(bot: Any, host: MemoryHost, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        bot.signal("bitmex", "XBTUSD", **given)
    assert host.bus.signals == []


def test_a_signal_needs_a_market(bot: Any) -> None:
    with pytest.raises(InputError, match="signal: sym is a text such as 'bitmex' or 'XBTUSD', not 5"):
        bot.signal("bitmex", 5, size=1)


def test_the_logger_takes_any_object(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logger.info({"a": 1})
        logger.info(None)
        logger.info("%s and %s", 1, 2)
    assert [record.getMessage() for record in caplog.records] == ["{'a': 1}", "None", "1 and 2"]
    assert type(logger) is logging.Logger


def test_the_host_clock_is_what_a_bot_sees(bot: Any, host: MemoryHost) -> None:
    host.clock.set(NOW_NS + 1_000_000)
    assert bot.epoch_now == 1_696_016_546_769

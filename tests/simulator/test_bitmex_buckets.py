"""BitMEX's time buckets, and that no table shows a row ahead of its time."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.bitmex_world import MINUTE, T0, XBTUSD, S, World, market, some, world
from ticklink.model.requests import FetchCandles
from ticklink.simulator.candles import CandleHistory
from ticklink.storage.columns import Quotes, Trades, pick


def zigzag() -> World:
    """Two and a half minutes, rising one tick a second."""
    made = world([60_000.0 + 0.5 * second for second in range(300)])
    made.move(150)
    return made


def test_buckets_are_stamped_with_their_end_and_open_at_the_close_before() -> None:
    first, second = zigzag().call("GET", "/trade/bucketed", symbol="XBTUSD", binSize="1m")
    assert some(first, "timestamp", "open", "high", "low", "close", "volume") == {
        "timestamp": "2024-03-04T10:01:00.000Z",
        "open": 60_000.0,
        "high": 60_029.5,
        "low": 60_000.0,
        "close": 60_029.5,
        "volume": 18_000,
    }
    assert some(second, "timestamp", "open", "high", "low", "close") == {
        "timestamp": "2024-03-04T10:02:00.000Z",
        "open": 60_029.5,
        "high": 60_059.5,
        "low": 60_030.0,
        "close": 60_059.5,
    }


def test_the_bucket_that_has_not_ended_shows_no_trade_to_come() -> None:
    *_, part = zigzag().call("GET", "/trade/bucketed", symbol="XBTUSD", binSize="1m", partial=True)
    assert some(part, "timestamp", "open", "high", "low", "close", "volume") == {
        "timestamp": "2024-03-04T10:03:00.000Z",
        "open": 60_059.5,
        "high": 60_074.5,
        "low": 60_060.0,
        "close": 60_074.5,
        "volume": 9_000,
    }
    (hour,) = zigzag().call("GET", "/trade/bucketed", symbol="XBTUSD", binSize="1h", partial="true")
    assert some(hour, "timestamp", "high", "low", "close", "volume") == {
        "timestamp": "2024-03-04T11:00:00.000Z",
        "high": 60_074.5,
        "low": 60_000.0,
        "close": 60_074.5,
        "volume": 45_000,
    }


def test_buckets_page_like_other_tables() -> None:
    there = zigzag()
    ends = ["2024-03-04T10:01:00.000Z", "2024-03-04T10:02:00.000Z", "2024-03-04T10:03:00.000Z"]

    def stamps(**params: Any) -> list[str]:
        rows = there.call("GET", "/trade/bucketed", symbol="XBTUSD", **params)
        return [row["timestamp"] for row in rows]

    assert stamps() == ends[:2]
    assert stamps(partial=True, reverse=True) == ends[::-1]
    assert stamps(reverse=True, count=1) == ends[1:2]
    assert stamps(reverse=True, count=1, start=1) == ends[:1]
    assert stamps(startTime=ends[1]) == ends[1:2]
    assert stamps(endTime=ends[0], partial=True) == ends[:1]
    assert stamps(startTime="2030-01-01") == []
    assert stamps(binSize="5m") == []
    assert there.refusal("GET", "/trade/bucketed", binSize="3m") == (400, "binSize is invalid", "HTTPError")


def test_buckets_are_the_unified_candles_but_for_their_stamp_and_open() -> None:
    there = zigzag()
    native = there.call("GET", "/trade/bucketed", symbol="XBTUSD")
    unified = there.ask(FetchCandles("BitMEX", "XBTUSD", "1m", T0 // 1_000_000)).data
    assert [some(row, "high", "low", "close", "volume") for row in native] == [
        some(row, "high", "low", "close", "volume") for row in unified
    ]


def test_buckets_reach_back_to_before_the_run_and_no_further_than_asked() -> None:
    asked: list[int] = []
    older = market([59_000.0] * 600, starts_ns=T0 - 600 * S)[1]

    def earlier(_sym: str, first_ns: int, end_ns: int) -> Any:
        asked.append(first_ns)
        cut = (older.time >= first_ns) & (older.time < end_ns)
        yield pick(older, cut)

    there = world()
    there.candles = CandleHistory(T0, earlier)
    there.face = type(there.face)(there.exchange, there.candles)
    there.candles.add("XBTUSD", market([60_000.0] * 200)[1])
    there.move(60)
    rows = there.call("GET", "/trade/bucketed", symbol="XBTUSD", reverse=True, count=3)
    assert [(row["timestamp"][11:16], row["close"]) for row in rows] == [
        ("10:01", 60_000.0),
        ("10:00", 59_000.0),
        ("09:59", 59_000.0),
    ]
    assert min(asked) >= T0 - 4 * MINUTE
    oldest = there.call("GET", "/trade/bucketed", symbol="XBTUSD", count=1)
    assert oldest[0]["timestamp"] == "2024-03-04T09:51:00.000Z"


def test_quote_buckets_have_the_last_quote_of_each() -> None:
    there = zigzag()
    rows = there.call("GET", "/quote/bucketed", symbol="XBTUSD", partial=True)
    assert [(row["timestamp"][14:16], row["bidPrice"]) for row in rows] == [
        ("01", 60_029.0),
        ("02", 60_059.0),
        ("03", 60_074.5),
    ]
    assert there.call("GET", "/quote/bucketed", symbol="XBTUSD", reverse=True, count=1) == [rows[1]]


# Nothing ahead of its time


@settings(max_examples=40, deadline=None)
@given(now_s=st.floats(0, 320), reverse=st.booleans(), partial=st.booleans())
def test_no_table_shows_what_has_not_happened(now_s: float, reverse: bool, partial: bool) -> None:
    """The same answers whether the future is recorded or not."""
    prices = [60_000.0 + (7 * second) % 50 for second in range(300)]
    knowing, innocent = world(prices), world(prices)
    until_ns = T0 + int(now_s * S)
    _cut(innocent, until_ns)
    for path in ("trade", "quote", "trade/bucketed", "quote/bucketed", "orderBook/L2", "instrument"):
        answers = []
        for each in (knowing, innocent):
            each.exchange.advance(until_ns)
            params = {"symbol": "XBTUSD", "reverse": reverse, "partial": partial, "count": 300}
            answers.append(each.face.handle("GET", path, params))
        assert answers[0] == answers[1]


def _cut(there: World, until_ns: int) -> None:
    """Forget the recording after a time."""
    recording = there.market("XBTUSD").recording
    quotes = Quotes(recording.quote_ns, recording.bid, recording.bid_size, recording.ask, recording.ask_size)
    trades = Trades(recording.trade_ns, recording.price, recording.size, recording.taker.astype(np.int8))
    fresh = World()
    fresh.add(XBTUSD, pick(quotes, quotes.time <= until_ns), pick(trades, trades.time <= until_ns))
    there.exchange, there.candles, there.face = fresh.exchange, fresh.candles, fresh.face

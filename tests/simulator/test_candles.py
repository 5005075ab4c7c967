"""Candles from recorded trades, against a naive reference and by value."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticklink.model.candles import LEVELS_MS
from ticklink.model.errors import InputError
from ticklink.simulator.candles import CandleHistory
from ticklink.storage.columns import Candles, Trades

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONDAY = 1_735_516_800_000
"""2024-12-30 00:00 UTC."""

Row = tuple[int, float, float]
"""time in ms, price, size"""


def trades_of(rows: list[Row]) -> Trades:
    time, price, size = (np.array([row[index] for row in rows]) for index in range(3))
    return Trades(
        time.astype(np.int64) * 1_000_000, price.astype(float), size.astype(float), np.ones(len(rows), np.int8)
    )


def nothing_earlier(_sym: str, _from_ns: int, _to_ns: int) -> Iterator[Trades]:
    return iter(())


class Archive:
    """Trades from before the replay, and what was asked of them."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows, self.asked = rows, 0

    def __call__(self, _sym: str, from_ns: int, to_ns: int) -> Iterator[Trades]:
        self.asked += 1
        yield trades_of([row for row in self.rows if from_ns <= row[0] * 1_000_000 < to_ns])


def history(rows: list[Row]) -> CandleHistory:
    candles = CandleHistory(0, nothing_earlier)
    candles.add("XBT", trades_of(rows))
    return candles


def naive(rows: list[Row], level: str, first: int, end: int) -> list[dict[str, float]]:
    step, offset = LEVELS_MS[level], 4 * DAY if level == "1w" else 0
    assert (first - offset) % step == 0
    candles = []
    for start in range(first, end, step):
        inside = [row for row in rows if start <= row[0] < start + step]
        before = [row for row in rows if row[0] < start]
        if inside:
            prices, volume = [row[1] for row in inside], sum(row[2] for row in inside)
            values = prices[0], max(prices), min(prices), prices[-1], volume
        elif before:
            values = (before[-1][1],) * 4 + (0.0,)
        else:
            continue
        candles.append({**dict(zip(("open", "high", "low", "close", "volume"), values, strict=True)), "time": start})
    return candles


def test_a_candle_by_value() -> None:
    rows = [(MINUTE, 10.0, 1.0), (MINUTE + 1, 12.0, 2.0), (2 * MINUTE - 2, 9.0, 3.0), (2 * MINUTE - 1, 11.0, 4.0)]
    assert history(rows).rows("XBT", "1m", 0, 2 * MINUTE, 1000) == [
        {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume": 10.0, "time": MINUTE}
    ]


def test_a_bucket_without_trades_repeats_the_close_with_no_volume() -> None:
    rows = [(0, 10.0, 1.0), (3 * MINUTE, 12.0, 2.0)]
    got = history(rows).rows("XBT", "1m", 0, 5 * MINUTE, 1000)
    assert [(row["time"] // MINUTE, row["open"], row["close"], row["volume"]) for row in got] == [
        (0, 10.0, 10.0, 1.0),
        (1, 10.0, 10.0, 0.0),
        (2, 10.0, 10.0, 0.0),
        (3, 12.0, 12.0, 2.0),
        (4, 12.0, 12.0, 0.0),
    ]


def test_the_bucket_of_now_is_not_known_yet() -> None:
    candles = history([(0, 10.0, 1.0), (MINUTE, 99.0, 1.0), (2 * MINUTE, 98.0, 1.0)])
    assert [row["close"] for row in candles.rows("XBT", "1m", 0, 2 * MINUTE - 1, 1000)] == [10.0]
    assert [row["close"] for row in candles.rows("XBT", "1m", 0, 2 * MINUTE, 1000)] == [10.0, 99.0]
    assert candles.rows("XBT", "1h", 0, 2 * MINUTE, 1000) == []


def test_without_since_there_are_the_latest_thousand() -> None:
    candles = history([(minute * MINUTE, float(minute), 1.0) for minute in range(1500)])
    got = candles.rows("XBT", "1m", None, 1400 * MINUTE, 1000)
    assert (len(got), got[0]["time"], got[-1]["time"]) == (1000, 400 * MINUTE, 1399 * MINUTE)


@pytest.mark.parametrize(
    ("since", "first"), [(5 * MINUTE, 5), (5 * MINUTE + 1, 6), (6 * MINUTE - 1, 6), (6 * MINUTE, 6)]
)
def test_since_means_buckets_that_start_there_or_later(since: int, first: int) -> None:
    candles = history([(minute * MINUTE, 1.0, 1.0) for minute in range(10)])
    got = candles.rows("XBT", "1m", since, 10 * MINUTE, 1000)
    assert [row["time"] // MINUTE for row in got] == list(range(first, 10))


def test_since_in_the_future_gives_nothing() -> None:
    assert history([(0, 1.0, 1.0)]).rows("XBT", "1m", DAY, HOUR, 1000) == []


def test_weeks_start_on_monday() -> None:
    rows = [(MONDAY - 1, 1.0, 1.0), (MONDAY, 2.0, 1.0), (MONDAY + 7 * DAY - 1, 3.0, 1.0), (MONDAY + 7 * DAY, 4.0, 1.0)]
    got = history(rows).rows("XBT", "1w", MONDAY - 7 * DAY, MONDAY + 14 * DAY, 1000)
    assert [(row["time"], row["open"], row["close"]) for row in got] == [
        (MONDAY - 7 * DAY, 1.0, 1.0),
        (MONDAY, 2.0, 3.0),
        (MONDAY + 7 * DAY, 4.0, 4.0),
    ]


def test_an_unknown_level_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown candle level '7m'; use one of 1m, 3m, 5m"):
        history([]).rows("XBT", "7m", None, DAY, 1000)


def test_a_symbol_without_trades_has_no_candles() -> None:
    assert CandleHistory(0, nothing_earlier).rows("XBT", "1m", None, DAY, 1000) == []


def test_trades_from_before_the_replay_are_counted_once_though_it_starts_within_a_minute() -> None:
    rows = [(10 * MINUTE + second * 1000, 100.0 + second, 1.0) for second in range(60)]
    start_ms = 10 * MINUTE + 30_000
    candles = CandleHistory(start_ms * 1_000_000, Archive(rows))
    candles.add("XBT", trades_of([row for row in rows if row[0] >= start_ms]))
    got = candles.rows("XBT", "1m", 10 * MINUTE, 12 * MINUTE, 1000)
    assert got[0] == {"open": 100.0, "high": 159.0, "low": 100.0, "close": 159.0, "volume": 60.0, "time": 10 * MINUTE}


def test_the_archive_is_asked_once_for_the_same_past() -> None:
    archive = Archive([(minute * MINUTE, 1.0, 1.0) for minute in range(100)])
    candles = CandleHistory(100 * MINUTE * 1_000_000, archive)
    for _ in range(3):
        assert len(candles.rows("XBT", "1m", 50 * MINUTE, 100 * MINUTE, 1000)) == 50
    assert archive.asked == 1
    assert len(candles.rows("XBT", "1m", 20 * MINUTE, 100 * MINUTE, 1000)) == 80
    assert archive.asked == 2


def recorded(level: str, rows: list[tuple[float, ...]], start_ms: int = 0, chunk: int = 2) -> CandleHistory:
    """A history of candles; rows are the number of the bucket, open, high, low, close, volume."""
    columns = np.array(rows).T

    def earlier(_sym: str, from_ns: int, to_ns: int) -> Iterator[Candles]:
        times = columns[0].astype(np.int64) * LEVELS_MS[level] * 1_000_000
        kept = np.flatnonzero((times >= from_ns) & (times < to_ns))
        for part in np.split(kept, range(chunk, len(kept), chunk)):
            yield Candles(times[part], *(column[part] for column in columns[1:]))

    return CandleHistory(start_ms * 1_000_000, earlier, {"XBT": level})


RECORDED: list[tuple[float, ...]] = [(bar, 10.04 + bar, 12.0 + bar, 9.0, 11.0 + bar, 0.1 * bar) for bar in range(12)]


@pytest.mark.parametrize("start", [0, 5 * HOUR, 5 * HOUR + 1, 20 * HOUR])
def test_recorded_candles_are_given_as_they_are_wherever_the_replay_starts(start: int) -> None:
    candles = recorded("1h", RECORDED, start)
    for hour in (3, 6, 12):
        got = candles.rows("XBT", "1h", 0, hour * HOUR + 5, 1000)
        assert [tuple(row.values()) for row in got] == [(*each[1:], each[0] * HOUR) for each in RECORDED[:hour]]
    (two, *_) = candles.rows("XBT", "2h", 2 * HOUR, 12 * HOUR, 1000)
    assert two == {"open": 12.04, "high": 15.0, "low": 9.0, "close": 14.0, "volume": 0.2 + 0.1 * 3, "time": 2 * HOUR}
    assert candles.recorded("XBT", 3 * HOUR, 5 * HOUR) == [(each[0] * HOUR, *each[1:]) for each in RECORDED[3:5]]


def test_trades_made_of_recorded_candles_do_not_count() -> None:
    candles = recorded("1h", RECORDED)
    candles.add("XBT", trades_of([(0, 99.0, 7.0)]))
    assert candles.rows("XBT", "1h", 0, HOUR, 1000)[0]["high"] == 12.0


@pytest.mark.parametrize(("level", "asked"), [("1h", "30m"), ("2h", "3h"), ("1w", "1d")])
def test_a_level_that_recorded_candles_do_not_add_up_to_is_refused(level: str, asked: str) -> None:
    candles = recorded(level, RECORDED)
    words = f"XBT was recorded as {level} candles, of which no {asked} candles can be made; use {level}"
    with pytest.raises(InputError, match=words):
        candles.rows("XBT", asked, None, 10 * DAY, 1000)


@settings(max_examples=150, deadline=None)
@given(
    waits=st.lists(st.integers(0, 5 * HOUR) | st.integers(0, MINUTE), min_size=1, max_size=60),
    prices=st.lists(st.integers(1, 9), min_size=60, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    split=st.integers(0, 60),
    level=st.sampled_from(list(LEVELS_MS)),
    asks_between=st.booleans(),
)
def test_any_trades_give_the_naive_candles(
    waits: list[int], prices: list[int], cuts: list[int], split: int, level: str, asks_between: bool
) -> None:
    """Whatever part of them is the archive's, and in whatever parts the rest is loaded."""
    times = np.cumsum(waits).tolist()
    rows = [(MONDAY + time, float(price), float(price % 4)) for time, price in zip(times, prices, strict=False)]
    split = min(split, len(rows) - 1)
    while split and rows[split][0] == rows[split - 1][0]:
        split -= 1
    candles = CandleHistory(rows[split][0] * 1_000_000, Archive(rows[:split]))
    end = rows[-1][0] + 2 * LEVELS_MS[level]
    bounds = [split, *sorted(cut for cut in cuts if split < cut < len(rows)), len(rows)]
    for first, last in pairwise(bounds):
        candles.add("XBT", trades_of(rows[first:last]))
        if asks_between:
            candles.rows("XBT", level, MONDAY, rows[last - 1][0], 1000)
    step, offset = LEVELS_MS[level], 4 * DAY if level == "1w" else 0
    until = (end - offset) // step * step + offset
    assert candles.rows("XBT", level, MONDAY, end, 1000) == naive(rows, level, MONDAY, until)

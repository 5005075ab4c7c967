import math
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from ticklink.model.bars import CAPACITY, WINDOW, Bars
from ticklink.model.candles import LEVELS_MS, candle_bin
from ticklink.model.errors import InputError

T0 = 1_696_015_800_000
MINUTE = 60_000
COLUMNS = ("times", "opens", "highs", "lows", "closes", "volumes")
Trade = tuple[int, float, float]


def filled(*trades: Trade, level: str = "1m") -> Bars:
    bars = Bars(level)
    for trade in trades:
        bars.add_trade(*trade)
    return bars


def row(time: int, open_: float, high: float, low: float, close: float, volume: float) -> dict[str, Any]:
    return {"time": time, "open": open_, "high": high, "low": low, "close": close, "volume": volume}


def test_trades_make_a_candle() -> None:
    bars = filled((T0 + 1, 10.0, 1.0), (T0 + 2, 12.0, 2.0), (T0 + 3, 9.0, 4.0), (T0 + 59_999, 11.0, 8.0))
    assert bars[-1] == row(T0, 10.0, 12.0, 9.0, 11.0, 15.0)
    assert bars.known == 1


def test_a_trade_of_the_next_bucket_opens_a_candle() -> None:
    bars = filled((T0, 10.0, 1.0), (T0 + MINUTE, 12.0, 2.0))
    assert bars[-2:] == [row(T0, 10.0, 10.0, 10.0, 10.0, 1.0), row(T0 + MINUTE, 12.0, 12.0, 12.0, 12.0, 2.0)]


def test_silent_buckets_repeat_the_close_with_no_volume() -> None:
    bars = filled((T0, 10.0, 1.0), (T0 + 1, 11.0, 1.0), (T0 + 3 * MINUTE, 12.0, 2.0))
    assert bars[-3] == row(T0 + MINUTE, 11.0, 11.0, 11.0, 11.0, 0.0)
    assert bars[-2] == row(T0 + 2 * MINUTE, 11.0, 11.0, 11.0, 11.0, 0.0)
    assert bars[-1]["time"] == T0 + 3 * MINUTE


def test_a_late_trade_counts_in_its_own_candle() -> None:
    bars = filled((T0, 10.0, 1.0), (T0 + MINUTE, 12.0, 2.0), (T0 + 5, 15.0, 4.0), (T0 + 6, 8.0, 8.0))
    assert bars[-2] == row(T0, 10.0, 15.0, 8.0, 10.0, 13.0)
    assert bars[-1] == row(T0 + MINUTE, 12.0, 12.0, 12.0, 12.0, 2.0)


def test_a_trade_from_before_the_first_candle_is_left_out() -> None:
    bars = filled((T0, 10.0, 1.0), (T0 - 1, 15.0, 4.0), (T0 - 10**9, 15.0, 4.0))
    assert bars.known == 1
    assert bars[-1] == row(T0, 10.0, 10.0, 10.0, 10.0, 1.0)
    assert math.isnan(bars[-2]["volume"])


def test_arrays_are_360_long_with_nan_for_the_unknown() -> None:
    bars = filled((T0, 10.0, 1.0), (T0 + MINUTE, 12.0, 2.0))
    for column in COLUMNS[1:]:
        array = getattr(bars, column)
        assert (array.dtype, array.shape) == (np.dtype(np.float64), (360,))
        assert np.isnan(array).sum() == 358
        assert not np.isnan(array[-2:]).any()
    assert (bars.times.dtype, bars.times.shape) == (np.dtype(np.int64), (360,))
    assert np.diff(bars.times).tolist() == [MINUTE] * 359
    assert bars.times[-1] == T0 + MINUTE


def test_without_any_trade_all_is_unknown() -> None:
    bars = Bars("1h")
    assert np.isnan(bars.closes).all()
    assert bars.known == 0
    assert len(bars) == 360
    assert bars[-1]["time"] == 0


def test_it_is_a_sequence_of_dicts() -> None:
    bars = filled(*((T0 + i * MINUTE, float(i), 1.0) for i in range(360)))
    assert len(bars) == len(list(bars)) == 360
    assert bars[0] == next(iter(bars)) == bars[-360] == row(T0, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert [bar["close"] for bar in bars[-3:]] == [357.0, 358.0, 359.0]
    assert [type(value) for value in bars[5].values()] == [int, float, float, float, float, float]
    with pytest.raises(IndexError):
        bars[360]
    with pytest.raises(IndexError):
        bars[-361]


def test_arrays_cannot_be_written_to() -> None:
    bars = filled((T0, 10.0, 1.0))
    for column in COLUMNS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(bars, column)[-1] = 5


def test_talib_takes_the_arrays() -> None:
    bars = filled(*((T0 + i * MINUTE, float(i), 1.0) for i in range(5)))
    assert talib.SMA(bars.closes, 2)[-4:].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert np.isnan(talib.SMA(bars.closes, 2)[-5])


def test_a_kept_array_never_moves() -> None:
    bars = filled((T0, 1.0, 1.0))
    kept = bars.closes
    for i in range(1, 3 * CAPACITY):
        bars.add_trade(T0 + i * MINUTE, 1.0 + i, 1.0)
        assert bars.closes[-1] == 1.0 + i
    assert kept[-1] == 1.0
    assert np.isnan(kept[:-1]).all()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(InputError, match="unknown candle level '7m'"):
        Bars("7m")


def test_history_comes_before_what_is_held_and_replaces_it() -> None:
    bars = filled((T0 + 2 * MINUTE, 5.0, 1.0))
    bars.extend(
        [T0 + 2 * MINUTE, T0], [4.0, 1.0], np.array([6.0, 1.5]), [3.0, 0.5], [5.0, 1.25], np.array([9, 7], np.int64)
    )
    bars.add_trade(T0 + 2 * MINUTE + 1, 8.0, 1.0)
    assert bars[-3:] == [
        row(T0, 1.0, 1.5, 0.5, 1.25, 7.0),
        row(T0 + MINUTE, 1.25, 1.25, 1.25, 1.25, 0.0),
        row(T0 + 2 * MINUTE, 4.0, 8.0, 3.0, 8.0, 10.0),
    ]
    assert bars.known == 3


def test_a_candle_can_be_given_its_final_values() -> None:
    """An older one, the one in the making, and the next; trades go on from there."""
    bars = filled((0, 10.0, 1.0), (MINUTE, 11.0, 1.0))
    bars.put(0, 10.1, 12.0, 9.0, 10.2, 3.5)
    bars.put(MINUTE, 10.9, 11.5, 10.5, 11.2, 2.5)
    assert bars[-2] == row(0, 10.1, 12.0, 9.0, 10.2, 3.5)
    bars.add_trade(MINUTE + 1, 11.4, 1.0)
    assert bars[-1] == row(MINUTE, 10.9, 11.5, 10.5, 11.4, 3.5)
    bars.add_trade(MINUTE + 2, 10.4, 1.0)
    bars.put(3 * MINUTE, 8.0, 9.0, 7.0, 8.5, 1.5)
    assert list(bars[-3:]) == [
        row(MINUTE, 10.9, 11.5, 10.4, 10.4, 4.5),
        row(2 * MINUTE, 10.4, 10.4, 10.4, 10.4, 0.0),
        row(3 * MINUTE, 8.0, 9.0, 7.0, 8.5, 1.5),
    ]
    bars.put(-MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert bars.known == 4


def test_history_of_uneven_columns_is_refused() -> None:
    with pytest.raises(ValueError):
        Bars("1m").extend([T0, T0 + MINUTE], [1.0], [1.0], [1.0], [1.0], [1.0])


class NaiveBars:
    """The same by the book: a dict of candles, rebuilt in full."""

    def __init__(self, level: str) -> None:
        self.level, self.length = level, LEVELS_MS[level]
        self.candles: dict[int, list[float]] = {}

    def add_trade(self, time_ms: int, price: float, size: float) -> None:
        start = candle_bin(time_ms, self.level)
        last = max(self.candles, default=start)
        if self.candles and start > last:
            flat = self.candles[last][3]
            for silent in range(last + self.length, start, self.length):
                self.candles[silent] = [flat, flat, flat, flat, 0.0]
        if start in self.candles:
            candle = self.candles[start]
            candle[1], candle[2] = max(candle[1], price), min(candle[2], price)
            candle[3] = price if start == last else candle[3]
            candle[4] += size
        elif not self.candles or start > last:
            self.candles[start] = [price, price, price, price, size]
        self.candles = dict(sorted(self.candles.items())[-WINDOW:])

    def columns(self) -> list[list[float]]:
        unknown = [[math.nan] * 5] * (WINDOW - len(self.candles))
        return [list(column) for column in zip(*unknown, *self.candles.values(), strict=True)]


steps = st.one_of(
    st.integers(-3 * MINUTE, 2 * MINUTE), st.integers(-400 * MINUTE, 500 * MINUTE), st.integers(0, 3000 * MINUTE)
)
trades = st.lists(st.tuples(steps, st.integers(1, 100), st.integers(1, 100)), max_size=60)


@settings(deadline=None)
@given(trades=trades, level=st.sampled_from(["1m", "15m", "1w"]))
def test_bars_are_those_of_a_naive_reference(trades: list[tuple[int, int, int]], level: str) -> None:
    bars, naive, time_ms = Bars(level), NaiveBars(level), T0
    for step, price, size in trades:
        time_ms = max(time_ms + step, 0)
        bars.add_trade(time_ms, float(price), float(size))
        naive.add_trade(time_ms, float(price), float(size))
    for name, column in zip(COLUMNS[1:], naive.columns(), strict=True):
        np.testing.assert_array_equal(getattr(bars, name), column)
    assert bars.times[WINDOW - bars.known :].tolist() == list(naive.candles)
    assert bars.known == len(naive.candles)

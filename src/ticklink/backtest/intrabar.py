"""What a candle's inside is taken to have been, where candles are all there is.

The price stands at the open until the last three nanoseconds of the bar. There it goes to the extreme that is nearer to the
open (the low, if both are as near), to the other one and to the close. So nothing can be done between two of these points, and
before a bar has ended a bot sees its open, and that something is traded in it. The quote stands a tick to either side of the
path, and shows a quarter of what the bar before traded.

A lot trades at the open, the rest in three equal parts at the other points. Candles do not tell who the takers were: they are
given as those against the move, so that nobody who rests at the very price that is reached is filled by its being reached.
docs/decisions/007-candles-only.md tells why, and whom all this favours.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ticklink.model.candles import level_ms, offset_ms
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.storage.columns import AnyColumns, Candles, Quotes, Trades, pick

NS_PER_MS = 1_000_000
SHOWN = 4
"""The quote shows what the bar before traded, divided by this."""

CLOSE_ENOUGH = 1e-6
"""A volume within this share of a lot of a whole number of lots is that number."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class CandlePath:
    """The way through candles that come a part at a time, in the order of time."""

    def __init__(self, level: str, instrument: Instrument) -> None:
        self._level, self._instrument = level, instrument
        self._length, self._offset = level_ms(level) * NS_PER_MS, offset_ms(level) * NS_PER_MS
        self._lots = 0
        """What the last bar of the part before traded; 0 before the first."""
        self._close: int | None = None
        self._side = 1

    def through(self, candles: Candles) -> tuple[Quotes, Trades]:
        """Four quotes a candle, and up to four trades: where less than four lots were traded, some points have none."""
        self._check(candles.time)
        ticks = points(candles, self._instrument)
        lots = _shared(lots_of(candles.volume, self._instrument))
        path, side = ticks.ravel(), self._sides(ticks.ravel())
        times = (candles.time[:, None] + np.array([0, *(self._length + np.arange(-3, 0))])).ravel()
        shown = sizes_of(np.repeat(self._shown(lots.sum(axis=1)), 4), self._instrument)
        bid, price, ask = (prices_of(path + away, self._instrument) for away in (-1, 0, 1))
        trades = Trades(times, price, sizes_of(lots.ravel(), self._instrument), side)
        return Quotes(times, bid, shown, ask, shown), pick(trades, lots.ravel() > 0)

    def _check(self, times: Ints) -> None:
        """A bar that starts anywhere but at its bucket's start would be known before its end."""
        odd = np.flatnonzero((times - self._offset) % self._length)
        if len(odd):
            when = np.datetime_as_string(times[odd[0]].astype("datetime64[ns]"), "ms")
            raise InputError(
                f"{self._instrument.sym} candles/{self._level}: one starts at {when}, where no {self._level} candle starts; "
                "import them with the time at which each starts, in UTC"
            )

    def _shown(self, traded: Ints) -> Ints:
        before = np.concatenate(([self._lots], traded[:-1]))
        self._lots = int(traded[-1])
        shown: Ints = np.maximum(before // SHOWN, 1)
        return shown

    def _sides(self, path: Ints) -> NDArray[np.int8]:
        """Against the move, and where there is none as the trade before."""
        moves = np.sign(np.diff(path, prepend=path[0] if self._close is None else self._close))
        rows = np.maximum.accumulate(np.where(moves, np.arange(1, len(path) + 1), 0))
        sides = np.concatenate(([self._side], -moves))[rows].astype(np.int8)
        self._close, self._side = int(path[-1]), int(sides[-1])
        return sides


def points(candles: Candles, instrument: Instrument) -> Ints:
    """A row for each candle: open, the extreme nearer to it, the other one, close, in ticks."""
    opened, high, low, close = (ticks_of(column, instrument) for column in candles[1:5])
    is_low_first = opened - low <= high - opened
    path: Ints = np.stack((opened, np.where(is_low_first, low, high), np.where(is_low_first, high, low), close), axis=1)
    return path


def before_end(parts: Iterator[AnyColumns], end_ns: int | None) -> Iterator[AnyColumns]:
    """The rows before a time, without empty parts: the bar in which a run ends has not ended."""
    for part in parts:
        rows = len(part.time) if end_ns is None else int(part.time.searchsorted(end_ns))
        if rows:
            yield pick(part, slice(0, rows))


def _shared(lots: Ints) -> Ints:
    """A row for each bar: what of its lots trades at each point."""
    opened = np.minimum(lots, 1)
    share, left = np.divmod(lots - opened, 3)
    return np.stack((opened, share + (left > 1), share, share + (left > 0)), axis=1)


def ticks_of(prices: Floats, instrument: Instrument) -> Ints:
    """Prices in ticks, the nearest; none is below one."""
    numerator, denominator = instrument.tick_ratio
    return np.maximum(np.rint(prices * denominator / numerator).astype(np.int64), 1)


def prices_of(ticks: Ints, instrument: Instrument) -> Floats:
    """What Instrument.price is for one."""
    numerator, denominator = instrument.tick_ratio
    prices: Floats = ticks * numerator / denominator
    return prices


def lots_of(sizes: Floats, instrument: Instrument) -> Ints:
    """Sizes in whole lots, rounded down."""
    numerator, denominator = instrument.lot_ratio
    return np.floor(sizes * denominator / numerator + CLOSE_ENOUGH).astype(np.int64)


def sizes_of(lots: Ints, instrument: Instrument) -> Floats:
    """What Instrument.size is for one."""
    numerator, denominator = instrument.lot_ratio
    sizes: Floats = lots * numerator / denominator
    return sizes

"""Bars: the last 360 candles of one market at one level, as numpy arrays that grow with every trade."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from ticklink.model.candles import candle_bin, level_ms

WINDOW = 360
"""How many candles a bot sees."""

CAPACITY = 4 * WINDOW
"""How many candles a buffer takes before the window moves on to a fresh one."""

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Candle = tuple[int, float, float, float, float, float]
"""time, open, high, low, close, volume"""


class Bars(Sequence[dict[str, Any]]):
    """A rolling window of 360 candles, the last one still in the making.

    `opens`, `highs`, `lows`, `closes`, `volumes` (float64) and `times` (int64, bucket starts in epoch ms) are always
    360 long, oldest first. Candles from before the first known one are NaN. A bucket without trades repeats the close
    before it, with volume 0.

    The arrays are read-only views, not copies. They stand still during a callback. One that is kept longer goes on
    showing the candles it covered, late trades included, and never gains or moves one. Written from one thread; any
    thread may read.
    """

    _high: float
    _low: float
    _close: float
    _volume: float

    def __init__(self, level: str) -> None:
        self.level = level
        self._length = level_ms(level)
        self._forget()

    @property
    def times(self) -> Times:
        """Bucket starts, epoch ms; all 0 as long as no candle is known."""
        buffer = self._buffer
        return buffer.readable_times[buffer.end - WINDOW : buffer.end]

    @property
    def opens(self) -> Floats:
        return self._buffer.window(0)

    @property
    def highs(self) -> Floats:
        return self._buffer.window(1)

    @property
    def lows(self) -> Floats:
        return self._buffer.window(2)

    @property
    def closes(self) -> Floats:
        return self._buffer.window(3)

    @property
    def volumes(self) -> Floats:
        return self._buffer.window(4)

    @property
    def known(self) -> int:
        """How many of the 360 candles are known, that is not NaN."""
        return min(self._count, WINDOW)

    def __len__(self) -> int:
        return WINDOW

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """{time, open, high, low, close, volume}; `bars[-1]` is the candle in the making."""
        buffer = self._buffer
        places = range(buffer.end - WINDOW, buffer.end)[index]
        return [buffer.candle(place) for place in places] if isinstance(places, range) else buffer.candle(places)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self[:])

    def __repr__(self) -> str:
        return f"<Bars {self.level}, {self.known} of {WINDOW} known, last {self[-1]}>"

    def add_trade(self, time_ms: int, price: float, size: float) -> None:
        """Count a trade in its candle, opening it first (and filling the buckets between) where it is a new one.

        A trade that comes late, for an older candle, still widens that candle's high and low and adds to its volume.
        """
        if not self._start <= time_ms < self._next:
            self._add_outside(time_ms, price, size)
            return
        # a replay comes through here for every trade: floats are kept beside the arrays, which are slow to read
        _, highs, lows, closes, volumes = self._columns
        last = self._last
        if price > self._high:
            self._high = highs[last] = price
        elif price < self._low:
            self._low = lows[last] = price
        closes[last] = self._close = price
        volumes[last] = self._volume = self._volume + size

    def extend(
        self,
        times: Iterable[int],
        opens: Iterable[float],
        highs: Iterable[float],
        lows: Iterable[float],
        closes: Iterable[float],
        volumes: Iterable[float],
    ) -> None:
        """Add candles of the same level, such as history, in any order. One that is held already is replaced.

        Lists or arrays, all of one length (ValueError otherwise); a time anywhere in a bucket means that bucket.
        """
        held = self[WINDOW - self.known :]
        candles = {candle["time"]: tuple(candle.values()) for candle in held}
        for time_ms, *values in zip(times, opens, highs, lows, closes, volumes, strict=True):
            start = candle_bin(int(time_ms), self.level)
            candles[start] = (start, *map(float, values))
        self._forget()
        for start in sorted(candles):
            self._open(*candles[start])

    def put(self, time_ms: int, open_: float, high: float, low: float, close: float, volume: float) -> None:
        """Give one candle its final values: an older one, the one in the making, or one that begins after it."""
        start = candle_bin(time_ms, self.level)
        if start >= self._next:
            self._open(start, open_, high, low, close, volume)
            return
        back = (self._start - start) // self._length
        if back < self.known:
            self._buffer.put(self._last - back, (open_, high, low, close, volume))
        if back == 0:
            self._high, self._low, self._close, self._volume = high, low, close, volume

    def _forget(self) -> None:
        self._count = 0
        self._start, self._next = 0, -1
        self._high = self._low = self._close = math.nan
        self._volume = 0.0
        self._use(_Buffer())

    def _use(self, buffer: "_Buffer") -> None:
        self._buffer, self._columns, self._last = buffer, buffer.columns, buffer.end - 1

    def _add_outside(self, time_ms: int, price: float, size: float) -> None:
        start = candle_bin(time_ms, self.level)
        if time_ms >= self._next:
            self._open(start, price, price, price, price, size)
            return
        back = (self._start - start) // self._length
        if back < self.known:
            self._buffer.widen(self._last - back, price, size)

    def _open(self, start: int, open_: float, high: float, low: float, close: float, volume: float) -> None:
        """Begin a candle; the buckets since the last one had no trades."""
        if self._count == 0:
            self._buffer.count_back(start, self._length)
        else:
            self._fill(start)
        self._append((start, open_, high, low, close, volume))
        self._start, self._next = start, start + self._length
        self._high, self._low, self._close, self._volume = high, low, close, volume

    def _fill(self, until: int) -> None:
        flat = self._close
        for silent in range(max(self._next, until - WINDOW * self._length), until, self._length):
            self._append((silent, flat, flat, flat, flat, 0.0))

    def _append(self, candle: Candle) -> None:
        if self._buffer.end == CAPACITY:
            # arrays that a bot has kept stay as they are
            self._use(_Buffer(self._buffer))
        self._buffer.append(candle)
        self._last += 1
        self._count += 1


class _Buffer:
    """Room for candles; the window is the 360 before `end`. A reader sees a candle whole or not at all."""

    def __init__(self, before: "_Buffer | None" = None) -> None:
        self.times: Times = np.zeros(CAPACITY, np.int64)
        self.columns: list[Floats] = [np.full(CAPACITY, np.nan) for _ in range(5)]
        self.end = WINDOW
        if before is not None:
            self.times[:WINDOW] = before.times[-WINDOW:]
            for column, old in zip(self.columns, before.columns, strict=True):
                column[:WINDOW] = old[-WINDOW:]
        self.readable_times, self.readable = _read_only(self.times), [_read_only(column) for column in self.columns]

    def window(self, column: int) -> Floats:
        end = self.end
        return self.readable[column][end - WINDOW : end]

    def candle(self, place: int) -> dict[str, Any]:
        names = ("open", "high", "low", "close", "volume")
        values = (column.item(place) for column in self.columns)
        return {"time": self.times.item(place), **dict(zip(names, values, strict=True))}

    def append(self, candle: Candle) -> None:
        place = self.end
        self.times[place] = candle[0]
        for column, value in zip(self.columns, candle[1:], strict=True):
            column[place] = value
        self.end = place + 1

    def put(self, place: int, values: tuple[float, ...]) -> None:
        for column, value in zip(self.columns, values, strict=True):
            column[place] = value

    def widen(self, place: int, price: float, size: float) -> None:
        _, highs, lows, _, volumes = self.columns
        highs[place] = max(highs[place], price)
        lows[place] = min(lows[place], price)
        volumes[place] += size

    def count_back(self, start: int, length: int) -> None:
        """Date the unknown candles before the first known one."""
        self.times[: self.end] = start - length * np.arange(self.end, 0, -1)


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view

"""Candles of the past: what a simulated venue answers when it is asked for history.

Minutes are made of recorded trades as they are loaded, and every level of them. Where candles are all that was recorded, they
take the place of the minutes: each is given as it was recorded, coarser levels are made of them, and finer ones are refused.
A bucket in which nothing traded repeats the close before it with volume 0, as BitMEX's own do. Only buckets that have ended are
given, so that nothing is known before its time.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ticklink.bus import frames
from ticklink.model.candles import LEVELS_MS, MINUTE_MS, level_ms, offset_ms
from ticklink.model.errors import InputError
from ticklink.storage.columns import Candles, Trades

NS_PER_MS = 1_000_000
NS_PER_MINUTE = 60_000 * NS_PER_MS
NEVER = 2**63 - 1

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Minutes(NamedTuple):
    """Candles as columns; `time` is the bucket's start in epoch ms."""

    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


Candle = tuple[int, float, float, float, float, float]
"""One row of it."""


class CandleSource(Protocol):
    """Where a simulated venue gets its candles from."""

    def rows(self, sym: str, level: str, since_ms: int | None, now_ms: int, count: int) -> list[dict[str, Any]]:
        """Ended buckets from `since_ms` on, or the latest `count`, oldest first, in the bot's shape."""
        ...


Earlier = Callable[[str, int, int], Iterator[Trades] | Iterator[Candles]]
"""(sym, from ns, to ns): what was recorded in that time, usually before the replay's start."""

NONE_RECORDED: Mapping[str, str] = MappingProxyType({})


class CandleHistory:
    """Candles of the symbols of one venue; fed with trades as they are loaded, and with earlier ones when asked for.

    `levels` names the symbols that were recorded as candles, and their level: `earlier` gives these, of any time.
    """

    def __init__(self, start_ns: int, earlier: Earlier, levels: Mapping[str, str] = NONE_RECORDED) -> None:
        self._start_ns, self._earlier, self.levels = start_ns, earlier, levels
        self._ahead: dict[str, Iterator[Trades] | Iterator[Candles]] = {}
        self._parts: dict[str, list[Minutes]] = {}
        self._known_from_ns: dict[str, int] = {}

    def add(self, sym: str, trades: Trades) -> None:
        """Trades later than those before, and none before the replay's start. Recorded candles need none."""
        if len(trades.time) and sym not in self.levels:
            self._parts.setdefault(sym, []).append(minutes(trades))

    def rows(self, sym: str, level: str, since_ms: int | None, now_ms: int, count: int) -> list[dict[str, Any]]:
        step, offset = level_ms(level), offset_ms(level)
        end = (now_ms - offset) // step * step + offset
        first = end - count * step if since_ms is None else -(-(int(since_ms) - offset) // step) * step + offset
        return [frames.candle(*row) for row in zip(*self.candles(sym, level, first, end), strict=True)]

    def finest(self, sym: str) -> str:
        """The level that the others are made of."""
        return self.levels.get(sym, "1m")

    def candles(self, sym: str, level: str, first_ms: int, end_ms: int) -> list[list[Any]]:
        """Columns time, open, high, low, close, volume of the buckets that start in [first, end), without holes.

        There are none from before the first trade that is known: one of the bucket before `first` counts as known. Raises
        InputError for a level that cannot be made of the recorded one.
        """
        step, offset = level_ms(level), offset_ms(level)
        self.check(sym, level)
        self._load_from(sym, first_ms - step)
        self._load_until(sym, end_ms)
        table = self._between(sym, first_ms, end_ms)
        grouped = grouped_by(table, (table.time - offset) // step * step + offset)
        return filled(grouped, first_ms, end_ms, step)

    def recorded(self, sym: str, first_ms: int, end_ms: int) -> list[Candle]:
        """The candles that were recorded of [first, end), nothing filled in."""
        self._load_from(sym, first_ms)
        self._load_until(sym, end_ms)
        table = self._table(sym)
        rows = slice(*np.searchsorted(table.time, (first_ms, end_ms)).tolist())
        return list(zip(*(column[rows].tolist() for column in table), strict=True))

    def check(self, sym: str, level: str) -> None:
        """InputError where a level cannot be made of the recorded one."""
        finest = self.finest(sym)
        if level_ms(level) % level_ms(finest):
            possible = ", ".join(each for each, length in LEVELS_MS.items() if not length % level_ms(finest))
            raise InputError(
                f"{sym} was recorded as {finest} candles, of which no {level} candles can be made; use {possible}"
            )

    def _between(self, sym: str, first_ms: int, end_ms: int) -> Minutes:
        """The minutes in [first, end), and the last one before them: its close is what silence repeats."""
        table = self._table(sym)
        first, end = np.searchsorted(table.time, (first_ms, end_ms)).tolist()
        return Minutes._make(column[max(0, first - 1) : end] for column in table)

    def _table(self, sym: str) -> Minutes:
        parts = self._parts.get(sym)
        if not parts:
            return Minutes(np.zeros(0, np.int64), *(np.zeros(0) for _ in range(5)))
        if len(parts) > 1:
            parts[:] = [joined(*parts)]
        return parts[0]

    def _load_from(self, sym: str, first_ms: int) -> None:
        """Reach further back than the replay, as far as the archive does."""
        first_ns, known_ns = first_ms * NS_PER_MS, self._known_from_ns.get(sym, self._start_ns)
        if first_ns < known_ns:
            older = [minutes(part) for part in self._earlier(sym, first_ns, known_ns) if len(part.time)]
            self._parts[sym] = [*older, *self._parts.get(sym, [])]
            self._known_from_ns[sym] = first_ns

    def _load_until(self, sym: str, end_ms: int) -> None:
        """Read recorded candles on, a chunk at a time: what is read is not told before its time."""
        if sym not in self.levels:
            return
        if sym not in self._ahead:
            self._ahead[sym] = self._earlier(sym, self._start_ns, NEVER)
        parts = self._parts.setdefault(sym, [])
        while not (parts and parts[-1].time[-1] >= end_ms) and (part := next(self._ahead[sym], None)) is not None:
            if len(part.time):
                parts.append(minutes(part))


def minutes(trades: Trades | Candles) -> Minutes:
    """One-minute candles of trades in time order; minutes without trades are left out. Candles stay what they are."""
    if isinstance(trades, Candles):
        return Minutes(trades.time // NS_PER_MS, *trades[1:])
    starts = trades.time // NS_PER_MINUTE * MINUTE_MS
    price = trades.price
    return grouped_by(Minutes(starts, price, price, price, price, trades.size), starts)


def joined(*parts: Minutes) -> Minutes:
    """Parts in time order as one; a bucket that ends one part and begins the next becomes one candle."""
    whole = Minutes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return grouped_by(whole, whole.time)


def grouped_by(rows: Minutes, starts: Times) -> Minutes:
    """Rows of equal start become one candle."""
    if not len(starts):
        return rows
    firsts = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1))
    lasts = np.append(firsts[1:], len(starts)) - 1
    return Minutes(
        starts[firsts],
        rows.open[firsts],
        np.maximum.reduceat(rows.high, firsts),
        np.minimum.reduceat(rows.low, firsts),
        rows.close[lasts],
        np.add.reduceat(rows.volume, firsts),
    )


def filled(table: Minutes, first_ms: int, end_ms: int, step: int) -> list[list[Any]]:
    """The buckets in [first, end) as lists, holes filled with the close before; none before the first known trade."""
    if not len(table.time) or end_ms <= first_ms:
        return [[] for _ in Minutes._fields]
    start = max(first_ms, int(table.time[0]))
    times = np.arange(start, end_ms, step)
    if not len(times):
        return [[] for _ in Minutes._fields]
    source = np.searchsorted(table.time, times, "right") - 1
    is_traded = table.time[source] == times
    close = table.close[source]
    columns = [np.where(is_traded, column[source], close) for column in table[1:5]]
    volume = np.where(is_traded, table.volume[source], 0.0)
    return [column.tolist() for column in (times, *columns, volume)]

"""Tape: the recorded streams of several markets, merged by time and handed out a part at a time.

Memory holds one part and what its streams were read ahead, whatever the length of the recording.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticklink.backtest.plan import MarketId
from ticklink.backtest.source import Source
from ticklink.model.instruments import Instrument
from ticklink.storage.columns import Quotes, Trades, join, pick

NEVER = 2**63 - 1
NS_PER_MS = 1_000_000


class Part:
    """Events of all markets up to `loaded_ns`, merged: row i is of stream `codes[i]` (2 x market, + 1 for trades).

    The four value columns hold bid, bid size, ask, ask size of a quote; price, size, side, 0 of a trade. All are memoryviews:
    a plain number is made when it is read, so that reading along costs less memory than lists of all of them.
    """

    def __init__(self, streams: list[Quotes | Trades | None], loaded_ns: int) -> None:
        self.loaded_ns = loaded_ns
        self.streams = streams
        """By code; None where nothing happened."""
        # stable: of the same time, trades come before quotes, then markets in the order they were named
        order = [*range(1, len(streams), 2), *range(0, len(streams), 2)]
        present = [(code, columns) for code in order if (columns := streams[code]) is not None]
        times = np.concatenate([columns.time for _, columns in present]) if present else np.zeros(0, np.int64)
        by_time = np.argsort(times, kind="stable")
        self.times: NDArray[np.int64] = times[by_time]
        self.code_array = np.repeat([code for code, _ in present], [len(c.time) for _, c in present]).astype(np.int64)[
            by_time
        ]
        values = [np.concatenate(column)[by_time] for column in zip(*(_values(c) for _, c in present), strict=True)]
        self._rows: dict[int, NDArray[np.int64]] = {}
        self.codes: memoryview = self.code_array.data
        self.millis: memoryview = (self.times // NS_PER_MS).data
        self.values: list[memoryview] = [column.data for column in values] or [memoryview(b"")] * 4

    def __len__(self) -> int:
        return len(self.codes)

    def columns_from(self, row: int) -> list[Iterator[Any]]:
        """Iterators over milliseconds, codes and values from a row on."""
        return [iter(column[row:]) for column in (self.millis, self.codes, *self.values)]

    def count(self, code: int, row: int) -> int:
        """How many of the first `row` events are of a stream; its columns are in the same order."""
        rows = self._rows.get(code)
        if rows is None:
            rows = self._rows[code] = np.flatnonzero(self.code_array == code)
        return int(rows.searchsorted(row))


def _values(columns: Quotes | Trades) -> tuple[NDArray[Any], ...]:
    if isinstance(columns, Quotes):
        return columns.bid, columns.bid_size, columns.ask, columns.ask_size
    return columns.price, columns.size, columns.side.astype(np.float64), np.zeros(len(columns.time))


class Reader:
    """One stream, read ahead by a chunk."""

    def __init__(self, chunks: Iterator[Any]) -> None:
        self._chunks = chunks
        self.held: Any = None
        self.is_done = False
        self.read_more()

    def read_more(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            self.is_done = True
        else:
            self.held = chunk if self.held is None else join([self.held, chunk])

    @property
    def last_ns(self) -> int:
        """Up to when everything is held; NEVER at the end of the stream."""
        return NEVER if self.is_done else int(self.held.time[-1])

    def take(self, before_ns: int) -> Any:
        """The held rows before a time, None if there are none."""
        if self.held is None:
            return None
        count = int(self.held.time.searchsorted(before_ns))
        taken = pick(self.held, slice(0, count)) if count else None
        self.held = pick(self.held, slice(count, None)) if count < len(self.held.time) else None
        return taken


class Tape:
    """The markets of a plan, in its order; `load` gives the next part until there is none."""

    def __init__(
        self,
        root: Path,
        markets: list[MarketId],
        instruments: list[Instrument],
        start_ns: int | None,
        end_ns: int | None,
    ) -> None:
        self.sources = [Source.of(root, market) for market in markets]
        self._readers: list[Reader] = []
        for source, instrument in zip(self.sources, instruments, strict=True):
            self._readers += [Reader(chunks) for chunks in source.open(root, instrument, start_ns, end_ns)]

    def load(self) -> Part | None:
        """The next part, None after the last."""
        while True:
            for reader in self._readers:
                if reader.held is None and not reader.is_done:
                    reader.read_more()
            if all(reader.is_done and reader.held is None for reader in self._readers):
                return None
            before_ns = min(reader.last_ns for reader in self._readers)
            taken = [reader.take(before_ns) for reader in self._readers]
            if any(columns is not None for columns in taken):
                return Part(taken, before_ns - 1 if before_ns < NEVER else NEVER)
            # every held row of the stream that ends first has one and the same time: there may be more of them
            for reader in self._readers:
                if reader.last_ns == before_ns:
                    reader.read_more()

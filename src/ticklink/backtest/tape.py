"""Tape: the recorded streams of several markets, merged by time and handed out a part at a time.

Memory holds one part and what its streams were read ahead, whatever the length of the recording.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ticklink.backtest.intrabar import ticks_of_candles
from ticklink.backtest.plan import MarketId
from ticklink.model.candles import level_ms
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.storage import archive
from ticklink.storage.columns import Candles, Quotes, Trades, join, pick
from ticklink.storage.parquet import time_span

NEVER = 2**63 - 1
PART_ROWS = 65_536
"""About how many events a part has."""

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


class Source:
    """Where a market's quotes and trades come from: what the archive has of it, or what can be made of that."""

    def __init__(self, market: MarketId, streams: list[str]) -> None:
        self.market = market
        self.streams = streams
        """What is read: quotes, trades, or one candles/<level>."""

    @classmethod
    def of(cls, root: Path, market: MarketId) -> "Source":
        found = [s.stream for s in archive.streams(root) if (s.src, s.sym) == (market.src, market.sym)]
        if "quotes" in found or "trades" in found:
            return cls(market, [stream for stream in ("quotes", "trades") if stream in found])
        candles = [stream for stream in found if stream.startswith("candles/")]
        if candles:
            return cls(market, [min(candles, key=_length)])
        known = ", ".join(sorted({f"{s.src}:{s.sym}" for s in archive.streams(root)})) or "nothing"
        raise InputError(f"the archive {root} has no data of {market}; it has {known}")

    @property
    def note(self) -> str:
        """What had to be assumed to make quotes and trades of it; empty if nothing."""
        if self.streams[0].startswith("candles/"):
            return f"made of {self.streams[0]}: in a rising bar open-low-high-close, else open-high-low-close, spread 2 ticks"
        if self.streams == ["trades"]:
            return "no quotes recorded: each trade is taken for the quote, the other side a tick away"
        return ""

    def open(
        self, root: Path, instrument: Instrument, start_ns: int | None, end_ns: int | None
    ) -> tuple[Iterator[Quotes], Iterator[Trades]]:
        """Quotes and trades, each in time order."""
        src, sym = self.market.src, self.market.sym
        if self.streams[0].startswith("candles/"):
            level = self.streams[0].removeprefix("candles/")

            def candles() -> Iterator[Candles]:
                return archive.read_candles(root, src, sym, level, start_ns, end_ns)

            pairs = [(ticks_of_candles(chunk, level, instrument) for chunk in candles()) for _ in range(2)]
            return (quotes for quotes, _ in pairs[0]), (trades for _, trades in pairs[1])
        trades = archive.open_stream(root, src, sym, "trades", start_ns, end_ns, chunk_rows=PART_ROWS)
        if "quotes" in self.streams:
            return archive.open_stream(root, src, sym, "quotes", start_ns, end_ns, chunk_rows=PART_ROWS), trades  # type: ignore[return-value]
        again = archive.open_stream(root, src, sym, "trades", start_ns, end_ns, chunk_rows=PART_ROWS)
        return (quotes_of_trades(chunk, instrument) for chunk in again), trades  # type: ignore[return-value, arg-type]

    def files(self, root: Path, start_ns: int | None, end_ns: int | None) -> list[Path]:
        """The files that are read."""
        src, sym = self.market.src, self.market.sym
        return [path for stream in self.streams for path in archive.files(root, src, sym, stream, start_ns, end_ns)]

    def span(self, root: Path, start_ns: int | None, end_ns: int | None) -> tuple[int, int] | None:
        """The first and the last time that can be read, None where nothing is there."""
        spans = [span for path in self.files(root, start_ns, end_ns) if (span := time_span(path)) is not None]
        if not spans:
            return None
        first, last = min(span.start for span in spans), max(span.end for span in spans)
        if self.streams[0].startswith("candles/"):
            last += _length(self.streams[0]) * NS_PER_MS - 1
        return max(first, start_ns or first), min(last, end_ns - 1 if end_ns is not None else last)


def quotes_of_trades(trades: Trades, instrument: Instrument) -> Quotes:
    """A trade tells one side of the quote: the taker bought at the ask or sold at the bid. The other is a tick away."""
    tick = float(instrument.tick)
    bought = trades.side > 0
    bid = np.where(bought, trades.price - tick, trades.price)
    ask = np.where(bought, trades.price, trades.price + tick)
    return Quotes(trades.time, bid, trades.size, ask, trades.size)


def _length(stream: str) -> int:
    return level_ms(stream.removeprefix("candles/"))

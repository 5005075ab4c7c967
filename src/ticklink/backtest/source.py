"""Source: where a market's quotes and trades come from, and its past candles: what the archive has, or what is made of that."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ticklink.backtest.intrabar import CandlePath, before_end, prices_of, ticks_of
from ticklink.backtest.plan import MarketId
from ticklink.model.candles import level_ms
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.storage import archive
from ticklink.storage.columns import Candles, Quotes, Trades
from ticklink.storage.parquet import time_span

PART_ROWS = 65_536
"""About how many events are read at once."""

NS_PER_MS = 1_000_000


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
    def level(self) -> str | None:
        """That of the candles it is made of; None where quotes or trades were recorded."""
        return self.streams[0].removeprefix("candles/") if self.streams[0].startswith("candles/") else None

    @property
    def note(self) -> str:
        """What had to be assumed to make quotes and trades of it; empty if nothing."""
        if self.level is not None:
            return (
                f"made of {self.streams[0]}: the open until the end of the bar, there the extreme nearer to it, the other "
                "and the close, with no time to act between them; a tick of half-spread; fills only through a limit price. "
                "Optimistic for a target nearer than its stop where one bar reaches both"
            )
        if self.streams == ["trades"]:
            return "no quotes recorded: each trade is taken for the quote, the other side a tick away"
        return ""

    def open(
        self, root: Path, instrument: Instrument, start_ns: int | None, end_ns: int | None
    ) -> tuple[Iterator[Quotes], Iterator[Trades]]:
        """Quotes and trades, each in time order."""
        src, sym = self.market.src, self.market.sym
        if self.level is not None:
            to_quote, to_trade = (self._walked(self.level, root, instrument, start_ns, end_ns) for _ in range(2))
            return before_end((quotes for quotes, _ in to_quote), end_ns), before_end(
                (made for _, made in to_trade), end_ns
            )
        trades = archive.open_stream(root, src, sym, "trades", start_ns, end_ns, chunk_rows=PART_ROWS)
        if "quotes" in self.streams:
            return archive.open_stream(root, src, sym, "quotes", start_ns, end_ns, chunk_rows=PART_ROWS), trades  # type: ignore[return-value]
        again = archive.open_stream(root, src, sym, "trades", start_ns, end_ns, chunk_rows=PART_ROWS)
        return (quotes_of_trades(chunk, instrument) for chunk in again), trades  # type: ignore[return-value, arg-type]

    def past(self, root: Path, start_ns: int, end_ns: int) -> Iterator[Trades] | Iterator[Candles]:
        """What its past candles are made of: of start <= time < end, the recorded ones, else trades."""
        src, sym = self.market.src, self.market.sym
        if self.level is not None:
            return archive.read_candles(root, src, sym, self.level, start_ns, end_ns)
        return archive.read_trades(root, src, sym, start_ns, end_ns)

    def _walked(
        self, level: str, root: Path, instrument: Instrument, start_ns: int | None, end_ns: int | None
    ) -> Iterator[tuple[Quotes, Trades]]:
        path = CandlePath(level, instrument)
        candles = archive.read_candles(root, self.market.src, self.market.sym, level, start_ns, end_ns)
        return (path.through(chunk) for chunk in candles)

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
        if self.level is not None:
            last += _length(self.streams[0]) * NS_PER_MS - 1
        return max(first, start_ns or first), min(last, end_ns - 1 if end_ns is not None else last)


def quotes_of_trades(trades: Trades, instrument: Instrument) -> Quotes:
    """A trade tells one side of the quote: the taker bought at the ask or sold at the bid. The other is a tick away."""
    ask_ticks = ticks_of(trades.price, instrument) + np.where(trades.side > 0, 0, 1)
    bid, ask = (prices_of(ticks, instrument) for ticks in (ask_ticks - 1, ask_ticks))
    return Quotes(trades.time, bid, trades.size, ask, trades.size)


def _length(stream: str) -> int:
    return level_ms(stream.removeprefix("candles/"))

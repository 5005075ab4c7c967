"""Raw websocket sessions of BitMEX and Coinbase, as text, one frame a line.

    wss://ws.bitmex.com/realtime <-> 1626993367.388005           connected
    wss://ws.bitmex.com/realtime <- 1626993367.874177: {...}     sent
    1626993367.875267: {...}                                     received

Frames go through the same wire and feed modules as live ones, so the archive gets the quotes and trades that a bot would
have seen, under the venue's time. A last line without a line end was cut off while it was written, and is left out.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from ticklink.model.errors import InputError, WireError
from ticklink.model.events import MarketEvent, Quote, Trade
from ticklink.storage.archive import Stream
from ticklink.storage.columns import Columns, Quotes, Trades, first_fault, gather
from ticklink.storage.importers.parts import Part, Reading, first_line
from ticklink.venues.bitmex.feed import Feed as BitmexFeed
from ticklink.venues.coinbasepro.feed import Feed as CoinbaseFeed

FEED_EVENTS = 100_000
"""Events are handed on in parts of this size."""

READ_BYTES = 1 << 20
RECEIVED = re.compile(rb"(\d{1,11})(?:\.(\d{1,9}))?: ")
CONTROL = re.compile(rb"(\S+) (?:<->|<-|->) \d")
HOSTS = ((b"bitmex", "bitmex"), (b"coinbase", "coinbasepro"))


class Feed(Protocol):
    def events(self, frame: bytes | str, received_ns: int) -> list[MarketEvent]: ...


def feed_of(src: str) -> Callable[[], Feed] | None:
    """What reads an exchange's frames; None where nothing does."""
    if src == "bitmex":
        return BitmexFeed
    return CoinbaseFeed if src == "coinbasepro" else None


def fits(first: bytes) -> bool:
    """Is this the first line of a capture?"""
    return CONTROL.match(first) is not None or RECEIVED.match(first) is not None


def read(reading: Reading) -> Iterator[Part]:
    """The parts of a capture. Raises DataError with the line where it is damaged."""
    pending: dict[Stream, list[MarketEvent]] = {}
    count = 0
    for event in _events(reading):
        if reading.wanted.takes(event.sym):
            stream = Stream(event.src, event.sym, "quotes" if isinstance(event, Quote) else "trades")
            pending.setdefault(stream, []).append(event)
            count += 1
        if count >= FEED_EVENTS:
            yield from _parts(reading, pending)
            pending, count = {}, 0
    yield from _parts(reading, pending)


def _events(reading: Reading) -> Iterator[MarketEvent]:
    src, feed = reading.wanted.src, None
    for number, line in enumerate(_lines(reading), 1):
        reading.rows = number
        if found := RECEIVED.match(line):
            feed = feed or _feed(reading, src)
            try:
                yield from feed.events(line[found.end() :], _ns(found))
            except WireError as error:
                raise reading.damage(str(error), number) from None
        elif found := CONTROL.match(line):
            src = reading.wanted.src or next((name for host, name in HOSTS if host in found[1]), src)
            feed = None if b" <-> " in line else feed
        elif line.strip() and not line.startswith(b"configuration: "):
            raise reading.damage("is neither a frame received nor one sent", number)


def _feed(reading: Reading, src: str | None) -> Feed:
    make = feed_of(src) if src else None
    if make is None:
        raise InputError(
            f"{reading.path}: captures of {src or 'an unknown exchange'} cannot be read; add --src bitmex or coinbasepro"
        )
    return make()


def _ns(found: "re.Match[bytes]") -> int:
    return int(found[1]) * 1_000_000_000 + int((found[2] or b"0").ljust(9, b"0"))


def _lines(reading: Reading) -> Iterator[bytes]:
    rest = b""
    try:
        with reading.open() as stream:
            while block := stream.read(READ_BYTES):
                *lines, rest = (rest + block).split(b"\n")
                yield from lines
    except OSError as error:
        raise reading.damage(f"breaks off or is damaged: {first_line(error)}", reading.rows + 1) from None
    if rest.strip():
        reading.notes["a last line cut off in the middle left out"] += 1


def _parts(reading: Reading, pending: dict[Stream, list[MarketEvent]]) -> Iterator[Part]:
    for stream, events in pending.items():
        columns = _quotes(events) if stream.stream == "quotes" else _trades(events)
        if (fault := first_fault(columns)) is not None:
            raise reading.damage(f"{stream.sym}: {fault[1]}: {events[fault[0]]}", reading.rows)
        yield Part(stream, columns)


def _quotes(events: list[MarketEvent]) -> Columns:
    return gather(Quotes, lambda name: [getattr(event, name) for event in events])


def _trades(events: list[MarketEvent]) -> Columns:
    def column(name: str) -> list[Any]:
        if name == "side":
            return [1 if isinstance(event, Trade) and event.side == "Buy" else -1 for event in events]
        return [getattr(event, name) for event in events]

    return gather(Trades, column)

"""Coinbase Exchange's public channels, followed message by message, to quotes and trades."""

from math import isfinite, nan

from ticklink.model.errors import WireError
from ticklink.model.events import MarketEvent, Quote, Trade
from ticklink.model.requests import Side
from ticklink.venues.book import Book, Top
from ticklink.venues.coinbasepro.wire import SRC, L2Update, Match, Matched, Snapshot, decode
from ticklink.venues.timestamps import iso_to_ns

TAKER_OF_MAKER: dict[str, Side] = {"buy": "Sell", "sell": "Buy"}


class Feed:
    """Market events from one connection's frames.

    Quotes are the top of the level2 book, when it changes. A snapshot carries no time, so what it tells is quoted with the
    product's next update, under that one's time: no quote has a time that is not the venue's. The last_match of a new
    subscription lies in the past and is no event.
    """

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}
        self._tops: dict[str, Top] = {}

    def events(self, frame: bytes | str, received_ns: int) -> list[MarketEvent]:
        """What a frame reports. Raises WireError where it cannot be read."""
        message = decode(frame)
        if isinstance(message, L2Update):
            return self._update(message, received_ns)
        if isinstance(message, Match):
            return [trade(message, received_ns)]
        if isinstance(message, Snapshot):
            self._books[message.product_id] = Book(_levels(message.bids), _levels(message.asks))
            self._tops.pop(message.product_id, None)
        return []

    def top(self, product_id: str) -> Top | None:
        book = self._books.get(product_id)
        return None if book is None else book.top()

    def _update(self, message: L2Update, received_ns: int) -> list[MarketEvent]:
        book = self._books.get(message.product_id)
        if book is None:  # before the snapshot
            return []
        for side, price, size in message.changes:
            (book.bids if side == "buy" else book.asks).set(_number(price), _number(size))
        top = book.top()
        if top is None or top == self._tops.get(message.product_id):
            return []
        self._tops[message.product_id] = top
        return [Quote(SRC, message.product_id, *top, iso_to_ns(message.time), received_ns)]


def trade(message: Matched, received_ns: int) -> Trade:
    """A match says which side the maker was on; a trade, which side the taker was on."""
    side = TAKER_OF_MAKER.get(message.side)
    if side is None:
        raise WireError(f"a Coinbase match has side {message.side!r}")
    price, size = _number(message.price), _number(message.size)
    return Trade(SRC, message.product_id, side, price, size, iso_to_ns(message.time), received_ns)


def _levels(rows: list[tuple[str, str]]) -> list[tuple[float, float]]:
    return [(_number(price), _number(size)) for price, size in rows]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise WireError(f"Coinbase sent {text[:40]!r} for a number")
    return value

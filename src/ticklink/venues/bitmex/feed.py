"""BitMEX's public tables, followed frame by frame, to quotes and trades."""

from msgspec import UNSET

from ticklink.model.errors import WireError
from ticklink.model.events import MarketEvent, Quote, Trade
from ticklink.model.requests import Side
from ticklink.venues.bitmex.rows import BookRow, QuoteRow, TradeRow
from ticklink.venues.bitmex.wire import SRC, TableFrame, decode
from ticklink.venues.book import Book, Top
from ticklink.venues.timestamps import iso_to_ns


class Feed:
    """Market events from one connection's frames.

    Each subscribed symbol has its own partial, and what comes before it is dropped. Of the quotes of one message the last
    of a symbol counts. The trades of a partial lie in the past and are no events.
    """

    def __init__(self) -> None:
        self._started: set[tuple[str, str]] = set()

    def events(self, frame: bytes | str, received_ns: int) -> list[MarketEvent]:
        """What a frame reports. Raises WireError where it cannot be read."""
        message = decode(frame)
        if not isinstance(message, TableFrame) or message.table not in ("quote", "trade"):
            return []
        rows = self._current(message)
        if message.table == "quote":
            return _quotes([row for row in rows if isinstance(row, QuoteRow)], received_ns)
        if message.action == "partial":
            return []
        return [trade(row, received_ns) for row in rows if isinstance(row, TradeRow)]

    def _current(self, message: TableFrame) -> list[QuoteRow | TradeRow]:
        """The rows of symbols whose partial has come."""
        rows = [row for row in message.rows if isinstance(row, QuoteRow | TradeRow)]
        if message.action == "partial":
            symbols = {row.symbol for row in rows} | ({message.symbol} if message.symbol else set())
            self._started |= {(message.table, symbol) for symbol in symbols}
        return [row for row in rows if (message.table, row.symbol) in self._started]


def _quotes(rows: list[QuoteRow], received_ns: int) -> list[MarketEvent]:
    last = {row.symbol: row for row in rows}
    found = (quote(row, received_ns) for row in last.values())
    return [event for event in found if event is not None]


def quote(row: QuoteRow, received_ns: int) -> Quote | None:
    """None while a side of the book is empty."""
    bid, bid_size, ask, ask_size = row.bidPrice, row.bidSize, row.askPrice, row.askSize
    if not (isinstance(bid, float) and isinstance(bid_size, float)):
        return None
    if not (isinstance(ask, float) and isinstance(ask_size, float)):
        return None
    return Quote(SRC, row.symbol, bid, bid_size, ask, ask_size, iso_to_ns(row.timestamp), received_ns)


def trade(row: TradeRow, received_ns: int) -> Trade:
    side: Side | None = "Buy" if row.side == "Buy" else "Sell" if row.side == "Sell" else None
    if side is None or not isinstance(row.price, float) or not isinstance(row.size, float):
        raise WireError(f"a BitMEX trade of {row.symbol} lacks its side, price or size: {row}")
    return Trade(SRC, row.symbol, side, row.price, row.size, iso_to_ns(row.timestamp), received_ns)


class BookFeed:
    """The order book of each symbol from orderBookL2 frames. A level's price is known by its id once it has been told."""

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}
        self._prices: dict[tuple[str, int], float] = {}

    def apply(self, frame: TableFrame) -> list[str]:
        """The symbols whose book changed. Raises WireError for a level never told of: subscribe anew then."""
        if not frame.table.startswith("orderBookL2"):
            return []
        rows = [row for row in frame.rows if isinstance(row, BookRow)]
        if frame.action == "partial":
            self._begin({row.symbol for row in rows} | ({frame.symbol} if frame.symbol else set()))
        rows = [row for row in rows if row.symbol in self._books]
        for row in rows:
            self._apply(row, is_delete=frame.action == "delete")
        return list(dict.fromkeys(row.symbol for row in rows))

    def top(self, symbol: str) -> Top | None:
        book = self._books.get(symbol)
        return None if book is None else book.top()

    def levels(self, symbol: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Bids and asks, best first."""
        book = self._books.get(symbol) or Book()
        return book.bids.levels(), book.asks.levels()

    def _begin(self, symbols: set[str]) -> None:
        self._books |= {symbol: Book() for symbol in symbols}
        self._prices = {key: price for key, price in self._prices.items() if key[0] not in symbols}

    def _apply(self, row: BookRow, *, is_delete: bool) -> None:
        key, book = (row.symbol, row.id), self._books[row.symbol]
        if isinstance(row.price, float):
            self._prices[key] = row.price
        if key not in self._prices:
            raise WireError(f"BitMEX changed a level of {row.symbol} that it never told of: {row.id}")
        side = book.bids if row.side == "Buy" else book.asks
        if is_delete:
            side.set(self._prices.pop(key), 0)
        elif row.size is not UNSET and row.size is not None:
            side.set(self._prices[key], row.size)

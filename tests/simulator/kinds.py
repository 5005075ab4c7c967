"""Both kinds of market behind one script: a market maker with one order per side, and trades at its prices by strangers."""

from collections.abc import Callable

from tests.simulator.worlds import BUY, SELL, Quote, Trade, recorded
from ticklink.model.instruments import Instrument
from ticklink.simulator.book_market import BookMarket
from ticklink.simulator.market import MarketEvent, Matched, QuoteChanged, Traded
from ticklink.simulator.markets import Market
from ticklink.simulator.matching import Book, Resting

Script = tuple[list[Quote], list[Trade]]
Make = Callable[[Instrument, Script], Market]


class ScriptedFlow:
    """book_market.Flow: puts each quote of a script into a book, and takes what the script says was traded."""

    def __init__(self, quotes: list[Quote], trades: list[Trade]) -> None:
        self.book, self.now_ns = Book(), 0
        scripted = [(row[0], 1, row) for row in quotes] + [(row[0], 0, row) for row in trades]
        self._steps: list[tuple[int, int, tuple[int, ...]]] = sorted(scripted)
        self._makers: list[Resting] = []
        self._top: tuple[int | None, int | None] | None = None

    @property
    def next_ns(self) -> int:
        return self._steps[0][0] if self._steps else 2**62

    def advance(self, until_ns: int) -> list[MarketEvent]:
        events: list[MarketEvent] = []
        while self._steps and self._steps[0][0] <= until_ns:
            self.now_ns, is_quote, row = self._steps.pop(0)
            if is_quote:
                self._quote(events, row)
            else:
                self._take(events, row[1], row[2], row[3])
            self._look(events)
        self.now_ns = max(self.now_ns, until_ns)
        return events

    def _quote(self, events: list[MarketEvent], row: tuple[int, ...]) -> None:
        """The maker pulls its orders and puts new ones there; where ours are in the way, it takes them."""
        for maker in self._makers:
            if maker.is_resting:
                self.book.remove(maker)
        self._makers.clear()
        _, bid, bid_lots, ask, ask_lots = row
        for side, ticks, lots in ((BUY, bid, bid_lots), (SELL, ask, ask_lots)):
            left = lots - self._take(events, side, ticks - side, lots)
            if left:
                self._makers.append(self.book.rest(side, ticks, left))

    def _take(self, events: list[MarketEvent], side: int, limit: int, lots: int) -> int:
        taken = 0
        for match in self.book.take(side, limit, lots):
            taken += match.lots
            if match.maker.ref is not None:
                events.append(Matched(self.now_ns, side, match))
            events.append(Traded(self.now_ns, side, match.ticks, match.lots))
        return taken

    def _look(self, events: list[MarketEvent]) -> None:
        bid, ask = self.book.best_bid(), self.book.best_ask()
        if bid is not None and ask is not None and (bid, ask) != self._top:
            self._top = (bid, ask)
            events.append(QuoteChanged(self.now_ns, bid, self.book.depth(1, bid), ask, self.book.depth(-1, ask)))


def recording(instrument: Instrument, script: Script) -> Market:
    return recorded(instrument, *script)


def book(instrument: Instrument, script: Script) -> Market:
    return BookMarket(instrument, ScriptedFlow(*script))


KINDS: dict[str, Make] = {"recording": recording, "book": book}

"""BookMarket: a market with a real order book. Its flow fills our resting orders, and what we take is gone for everybody.

The flow (market.SyntheticMarket, or anything of its shape) and our orders share one book: queue places are real ones.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from ticklink.model.instruments import Instrument
from ticklink.simulator.market import MarketEvent, Matched, QuoteChanged, Traded
from ticklink.simulator.markets import NEVER, Hit
from ticklink.simulator.matching import Book, Resting
from ticklink.simulator.orders import Order
from ticklink.simulator.watches import Watch


class Flow(Protocol):
    """Everybody else in the market. See market.SyntheticMarket."""

    book: Book
    now_ns: int

    @property
    def next_ns(self) -> int: ...

    def advance(self, until_ns: int) -> list[MarketEvent]: ...


class BookMarket:
    """See markets.Market. `seen` is given the flow's events as they come about, for a feed of market data."""

    def __init__(
        self, instrument: Instrument, flow: Flow, seen: Callable[[list[MarketEvent]], None] = lambda _events: None
    ) -> None:
        self.instrument = instrument
        self._flow, self._book, self._seen = flow, flow.book, seen
        self._orders: set[Order] = set()
        """Those that rest in the book."""
        self._watches: dict[Watch, None] = {}
        self._hits: deque[Hit] = deque()
        self._last_ticks: int | None = None

    # What happens next

    def next_due_ns(self) -> int:
        if self._hits:
            return self._hits[0].time_ns
        return self._flow.next_ns if self._orders or self._watches else NEVER

    def advance(self, until_ns: int) -> Hit | None:
        while True:
            while self._hits and self._hits[0].time_ns <= until_ns:
                if (hit := self._still(self._hits.popleft())) is not None:
                    return hit
            if self._flow.next_ns > until_ns:
                break
            self._run(self._flow.next_ns)
        self._run(until_ns)
        return None

    def move_to(self, now_ns: int) -> None:
        if now_ns > self._flow.now_ns:
            self._run(now_ns)

    def _still(self, hit: Hit) -> Hit | None:
        """An order or watch may be gone, or smaller, since the flow met it."""
        item = hit.item
        if isinstance(item, Watch):
            is_waiting, item.place = item.place is not None, None
            return hit if is_waiting else None
        lots = min(hit.lots, item.remaining)
        return hit._replace(lots=lots) if lots else None

    def _run(self, until_ns: int) -> None:
        events = self._flow.advance(until_ns)
        for event in events:
            if isinstance(event, Matched):
                self._hit(event.time_ns, event.match.maker, event.match.lots)
            elif isinstance(event, Traded):
                self._traded(event.time_ns, event.ticks)
            else:
                self._quoted(event)
        if events:
            self._seen(events)

    def _hit(self, time_ns: int, maker: Resting, lots: int) -> None:
        assert isinstance(maker.ref, Order)
        self._hits.append(Hit(time_ns, lots, maker.ref))
        if not maker.is_resting:
            self._orders.discard(maker.ref)

    def _traded(self, time_ns: int, ticks: int) -> None:
        self._last_ticks = ticks
        self._look(time_ns, ticks, is_mark=False)

    def _quoted(self, quote: QuoteChanged) -> None:
        self._look(quote.time_ns, quote.bid_ticks + quote.ask_ticks, is_mark=True)

    def _look(self, time_ns: int, value: int, *, is_mark: bool) -> None:
        if self._watches:
            for watch in [each for each in self._watches if each.is_mark == is_mark and each.is_reached(value)]:
                del self._watches[watch]
                self._hits.append(Hit(time_ns, 1, watch))

    # What a taker meets

    def best(self) -> tuple[int | None, int | None]:
        return self._book.best_bid(), self._book.best_ask()

    def last_ticks(self) -> int | None:
        return self._last_ticks

    def available(self, side: int, limit_ticks: int | None, at_most: int) -> int:
        return self._book.available(side, limit_ticks, at_most)

    def take(self, side: int, limit_ticks: int | None, lots: int) -> list[tuple[int, int]]:
        """Trades of our own count as trades: they reach watches, and may meet other orders of ours."""
        time_ns = self._flow.now_ns
        matches = self._book.take(side, limit_ticks, lots)
        for match in matches:
            if isinstance(match.maker.ref, Order):
                self._hit(time_ns, match.maker, match.lots)
            self._traded(time_ns, match.ticks)
        if matches:
            self._seen([Traded(time_ns, side, match.ticks, match.lots) for match in matches])
        return [(match.ticks, match.lots) for match in matches]

    # Waiting

    def rest(self, order: Order) -> None:
        assert order.ticks is not None
        order.place = self._book.rest(order.side, order.ticks, order.remaining, order)
        self._orders.add(order)

    def keep(self, order: Order) -> None:
        """Nothing to do: what is left of it has kept its place."""

    def shrink(self, order: Order, lots: int) -> None:
        resting, left = order.place, lots - order.filled
        assert isinstance(resting, Resting)
        if resting.is_resting and left < resting.lots:
            self._book.reduce(resting, left)

    def remove(self, order: Order) -> None:
        resting, order.place = order.place, None
        assert isinstance(resting, Resting)
        self._orders.discard(order)
        if resting.is_resting:
            self._book.remove(resting)

    def watch(self, watch: Watch) -> None:
        watch.place = self
        self._watches[watch] = None

    def unwatch(self, watch: Watch) -> None:
        watch.place = None
        self._watches.pop(watch, None)

"""The recorded market against a naive reference, however the recording is cut into parts and searched ahead."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.naive_market import Naive, NaiveOrder
from tests.simulator.worlds import Quote, Trade, Trader, linear, quotes_of, trades_of
from ticklink.simulator.exchange import Ticket
from ticklink.simulator.markets import NEVER
from ticklink.simulator.models import Queue
from ticklink.simulator.orders import Order
from ticklink.simulator.replayed import ReplayedMarket
from ticklink.simulator.rules import Rejected

INSTRUMENT = linear()
SIDES = st.sampled_from((1, -1))
TICKS = st.integers(92, 108)


@st.composite
def tapes(draw: st.DrawFn) -> tuple[list[Quote], list[Trade]]:
    """A narrow market with many events of equal times, wild enough to go through any price in it."""
    quotes: list[Quote] = []
    trades: list[Trade] = []
    time, bid = 10, 100
    steps = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(-2, 2), st.integers(0, 9)), max_size=60))
    for wait, move, size in steps:
        time += wait
        if size < 5:
            bid = min(106, max(94, bid + move))
            quotes.append((time, bid, size + abs(move), bid + 1 + size % 3, (size * 7) % 6))
        else:
            trades.append((time, 1 if size % 2 else -1, min(106, max(94, bid + move)), (size * 5 + abs(move)) % 7))
    return quotes, trades


@dataclass
class Action:
    wait: int
    kind: str
    which: int
    side: int
    ticks: int | None
    lots: int
    terms: dict[str, Any]


@st.composite
def actions(draw: st.DrawFn) -> Action:
    kind = draw(st.sampled_from(("limit", "limit", "limit", "market", "stop", "stop limit", "cancel", "price", "size")))
    terms: dict[str, Any] = {}
    if kind == "limit":
        terms["time_in_force"] = draw(st.sampled_from(("GTC", "GTC", "GTC", "IOC", "FOK")))
        terms["post_only"] = terms["time_in_force"] == "GTC" and draw(st.booleans())
    if kind.startswith("stop"):
        terms["stop_ticks"] = draw(TICKS)
        terms["trigger"] = draw(st.sampled_from(("LastPrice", "MarkPrice")))
        terms["is_touch"] = draw(st.booleans())
    if kind in ("limit", "market", "stop limit"):
        terms["reduce_only"] = draw(st.integers(0, 3)) == 0
    return Action(
        draw(st.integers(0, 9)),
        kind,
        draw(st.integers(0, 30)),
        draw(SIDES),
        draw(TICKS),
        draw(st.integers(1, 9)),
        terms,
    )


class Window:
    """Loads the tape part by part, and drops what was seen."""

    def __init__(
        self, quotes: list[Quote], trades: list[Trade], cuts: list[int], queue: Queue, first_look: int
    ) -> None:
        self.market = ReplayedMarket(INSTRUMENT, queue, self.more, first_look=first_look, block=first_look + 1)
        self.quotes, self.trades = quotes, trades
        self.cuts = [*sorted(set(cuts)), NEVER]
        self.from_ns = -1
        self.seen_ns = -1

    def more(self) -> int:
        if self.cuts:
            until = self.cuts.pop(0)
            quotes = [row for row in self.quotes if self.from_ns < row[0] <= until]
            trades = [row for row in self.trades if self.from_ns < row[0] <= until]
            self.market.recording.append(
                quotes_of(INSTRUMENT, quotes) if quotes else None,
                trades_of(INSTRUMENT, trades) if trades else None,
                until,
                self.seen_ns,
            )
            self.from_ns = until
        return self.from_ns


def ticket_of(action: Action) -> Ticket:
    terms = dict(action.terms)
    is_touch = terms.pop("is_touch", False)
    names = {"limit": "Limit", "market": "Market", "stop": "Stop", "stop limit": "StopLimit"}
    touches = {"stop": "MarketIfTouched", "stop limit": "LimitIfTouched"}
    name: Any = touches[action.kind] if is_touch else names[action.kind]
    ticks = None if action.kind in ("market", "stop") else action.ticks
    return Ticket(INSTRUMENT.sym, action.side, name, action.lots, ticks, **terms)


def naive_of(name: int, ticket: Ticket) -> NaiveOrder:
    is_stop = ticket.type in ("Stop", "StopLimit")
    return NaiveOrder(
        name,
        ticket.side,
        ticket.lots,
        ticket.ticks,
        ticket.time_in_force,
        ticket.post_only,
        ticket.reduce_only,
        ticket.stop_ticks,
        ticket.side if is_stop else -ticket.side,
        ticket.trigger == "MarkPrice",
    )


class Both:
    """The same actions at the exchange and at the reference."""

    def __init__(self, window: Window, naive: Naive) -> None:
        self.window, self.naive = window, naive
        self.trader = Trader(window.market)
        self.orders: list[Order] = []
        self.names: dict[str, int] = {}

    def advance(self, time: int) -> None:
        self.trader.exchange.advance(time)
        self.naive.advance(time)

    def act(self, action: Action) -> None:
        if action.kind in ("cancel", "price", "size"):
            if self.orders:
                self.change(action, action.which % len(self.orders))
            return
        ticket = ticket_of(action)
        try:
            order = self.trader.exchange.place(ticket)
        except Rejected:
            return  # too many stops
        self.names[order.order_id] = len(self.orders)
        self.naive.place(naive_of(len(self.orders), ticket))
        self.orders.append(order)

    def change(self, action: Action, index: int) -> None:
        order, naive = self.orders[index], self.naive.orders[index]
        exchange = self.trader.exchange
        ticks = action.ticks if action.kind == "price" and order.ticks is not None else None
        lots = action.lots if action.kind == "size" and order.ticks is not None else None
        try:
            if action.kind == "cancel":
                exchange.cancel(order)
            else:
                exchange.amend(order, ticks=ticks, lots=lots)
        except Rejected:
            pass  # it is done already, or nothing would change: neither does the reference do anything
        if action.kind == "cancel":
            self.naive.cancel(naive)
        else:
            self.naive.amend(naive, ticks, lots)

    def check(self) -> None:
        names = self.names
        fills = [(f.time_ns, names[f.order.order_id], f.ticks, f.lots, f.is_maker) for f in self.trader.exchange.fills]
        assert fills == self.naive.fills
        states = [(each.status, each.filled, each.lots, each.closed_ns) for each in self.orders]
        assert states == [(each.status, each.filled, each.lots, each.closed_ns) for each in self.naive.orders]

    def check_books(self) -> None:
        """Everything reserved was released, and the account is where its fills say."""
        trader = self.trader
        assert trader.position == self.naive.position
        for order in list(trader.exchange.open_orders.values()):
            trader.exchange.cancel(order)
        seat = trader.exchange.seats[INSTRUMENT.sym]
        assert (seat.open_orders, seat.open_stops, seat.reducers) == (0, 0, {})
        assert set(trader.held.values()) == {0}


@settings(max_examples=300, deadline=None)
@given(
    tape=tapes(),
    steps=st.lists(actions(), max_size=25),
    cuts=st.lists(st.integers(0, 90), max_size=12),
    first_look=st.integers(1, 5),
    is_front=st.booleans(),
    reads_ahead=st.booleans(),
)
def test_any_orders_fill_as_in_the_naive_reference(
    tape: tuple[list[Quote], list[Trade]],
    steps: list[Action],
    cuts: list[int],
    first_look: int,
    is_front: bool,
    reads_ahead: bool,
) -> None:
    quotes, trades = tape
    window = Window(quotes, trades, cuts, Queue("touch" if is_front else "back"), first_look)
    both = Both(window, Naive(quotes, trades, is_front))
    time = 5
    for action in steps:
        time += action.wait
        # the replay has seen everything up to now, and may have loaded more, before the exchange is told the time
        window.seen_ns = time
        if reads_ahead:
            window.more()
        both.advance(time)
        both.act(action)
        both.check()
    both.advance(200)
    both.check()
    both.check_books()

"""Order: one order at the simulated exchange, in integer ticks and lots, from its acceptance to its end."""

from collections.abc import Callable
from typing import Literal

import msgspec

from ticklink.model.instruments import Instrument
from ticklink.simulator.watches import Watch

BUY, SELL = 1, -1
SIDE_NAMES = {BUY: "Buy", SELL: "Sell"}
SIDE_SIGNS = {"Buy": BUY, "Sell": SELL}

OrderType = Literal["Market", "Limit", "Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched"]
TimeInForce = Literal["GTC", "IOC", "FOK", "DAY"]
Trigger = Literal["LastPrice", "MarkPrice", "IndexPrice"]
Status = Literal["New", "PartiallyFilled", "Filled", "Canceled", "Rejected", "Expired"]


class Ticket(msgspec.Struct, frozen=True, gc=False):
    """An order as it is placed: integers, and flags that both the unified and the native calls come down to."""

    sym: str
    side: int
    type: OrderType
    lots: int
    ticks: int | None = None
    stop_ticks: int | None = None
    trigger: Trigger = "LastPrice"
    client_order_id: str = ""
    time_in_force: TimeInForce = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    text: str = ""
    note: object = None
    """What a native face keeps with its order; nothing here looks at it."""


class Order:
    """Mutable, and only the exchange changes it. `side` is +1 or -1; `ticks` is None for market orders."""

    __slots__ = (
        "changes",
        "client_order_id",
        "closed_ns",
        "created_ns",
        "fees",
        "filled",
        "held_ticks",
        "instrument",
        "lots",
        "note",
        "number",
        "order_id",
        "place",
        "placed",
        "post_only",
        "reduce_only",
        "side",
        "status",
        "stop_ticks",
        "text",
        "ticks",
        "ticks_times_lots",
        "time_in_force",
        "trigger",
        "triggered",
        "type",
        "updated_ns",
        "watch",
    )

    def __init__(self, number: int, instrument: Instrument, ticket: Ticket, now_ns: int) -> None:
        # a maker makes one of these per quote, so each attribute is set once and by itself: the quickest way there is
        self.number = number
        self.order_id = order_id(number)
        self.instrument = instrument
        self.client_order_id = ticket.client_order_id
        self.side = ticket.side
        self.type = ticket.type
        self.ticks = ticket.ticks
        self.lots = ticket.lots
        self.time_in_force = ticket.time_in_force
        self.post_only = ticket.post_only
        self.reduce_only = ticket.reduce_only
        self.trigger = ticket.trigger
        self.stop_ticks = stop_ticks = ticket.stop_ticks
        self.triggered = stop_ticks is None
        self.text = ticket.text
        self.note = ticket.note
        self.status: Status = "New"
        self.filled = 0
        self.ticks_times_lots = 0
        self.fees = 0
        self.created_ns = now_ns
        self.updated_ns = now_ns
        self.closed_ns: int | None = None
        self.placed = self.ticks, self.lots
        """As it was accepted."""
        self.changes: list[tuple[int, int | None, int]] = []
        """Amendments: (time ns, ticks, lots)."""
        self.held_ticks = 0
        """The price at which the account holds margin or funds for it; 0 where nothing is held."""
        self.watch: Watch | None = None
        """Of a stop that waits for its trigger."""
        self.place: object = None
        """Where the market that it rests in keeps its place."""

    @property
    def remaining(self) -> int:
        return self.lots - self.filled if self.closed_ns is None else 0

    @property
    def is_open(self) -> bool:
        return self.closed_ns is None

    @property
    def is_market(self) -> bool:
        return self.ticks is None

    @property
    def sym(self) -> str:
        return self.instrument.sym

    @property
    def average_price(self) -> float | None:
        """The average price of its fills."""
        if not self.filled:
            return None
        numerator, denominator = self.instrument.tick_ratio
        return self.ticks_times_lots * numerator / (self.filled * denominator)


def order_id(number: int) -> str:
    """A venue order id: a UUID in form, the same on every run."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def watch_of(order: Order, on_reached: Callable[[], None]) -> Watch:
    """What a stop waits for: a buy for a rise to its price, a sell for a fall; if-touched orders the other way round."""
    side = order.side if order.type in ("Stop", "StopLimit") else -order.side
    is_mark = order.trigger != "LastPrice"
    assert order.stop_ticks is not None
    level = 2 * order.stop_ticks if is_mark else order.stop_ticks
    return Watch(side, level, is_mark=is_mark, on_reached=on_reached)

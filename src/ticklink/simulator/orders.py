"""Order: one order at the simulated exchange, in integer ticks and lots, from its acceptance to its end."""

from typing import Literal

from ticklink.model.instruments import Instrument
from ticklink.simulator.watches import Watch

BUY, SELL = 1, -1
SIDE_NAMES = {BUY: "Buy", SELL: "Sell"}
SIDE_SIGNS = {"Buy": BUY, "Sell": SELL}

OrderType = Literal["Market", "Limit", "Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched"]
TimeInForce = Literal["GTC", "IOC", "FOK", "DAY"]
Trigger = Literal["LastPrice", "MarkPrice", "IndexPrice"]
Status = Literal["New", "PartiallyFilled", "Filled", "Canceled", "Rejected", "Expired"]

UNKNOWN = -1
"""How much is ahead in the queue is not known yet: the market has not been at the order's price."""


class Order:
    """Mutable, and only the exchange changes it. `side` is +1 or -1; `ticks` is None for market orders."""

    __slots__ = (
        "ahead",
        "book_entry",
        "changes",
        "client_order_id",
        "closed_ns",
        "created_ns",
        "due_event",
        "due_lots",
        "due_ns",
        "fees",
        "filled",
        "held_ticks",
        "instrument",
        "lots",
        "note",
        "number",
        "order_id",
        "placed",
        "post_only",
        "reduce_only",
        "scan_step",
        "seen_quote",
        "seen_trade",
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
        "version",
        "watch",
    )

    def __init__(
        self,
        number: int,
        order_id: str,
        instrument: Instrument,
        side: int,
        type_: OrderType,
        ticks: int | None,
        lots: int,
        now_ns: int,
        *,
        client_order_id: str = "",
        time_in_force: TimeInForce = "GTC",
        post_only: bool = False,
        reduce_only: bool = False,
        stop_ticks: int | None = None,
        trigger: Trigger = "LastPrice",
        text: str = "",
        note: object = None,
    ) -> None:
        self.number, self.order_id, self.client_order_id = number, order_id, client_order_id
        self.instrument, self.side, self.type, self.ticks, self.lots = instrument, side, type_, ticks, lots
        self.time_in_force, self.post_only, self.reduce_only = time_in_force, post_only, reduce_only
        self.stop_ticks, self.trigger, self.triggered = stop_ticks, trigger, stop_ticks is None
        self.text, self.note = text, note
        self.status: Status = "New"
        self.filled = self.ticks_times_lots = self.fees = 0
        self.created_ns = self.updated_ns = now_ns
        self.closed_ns: int | None = None
        self.placed = ticks, lots
        """As it was accepted."""
        self.changes: list[tuple[int, int | None, int]] = []
        """Amendments: (time ns, ticks, lots)."""
        self.held_ticks = 0
        """The price at which the account holds margin or funds for it; 0 where nothing is held."""
        # Where the market that it waits in keeps its place.
        self.watch: Watch | None = None
        self.book_entry: object = None
        self.ahead = UNKNOWN
        self.due_ns = self.due_lots = self.version = self.scan_step = self.seen_quote = self.seen_trade = 0
        self.due_event = (0, -1)

    @property
    def remaining(self) -> int:
        return self.lots - self.filled if self.is_open else 0

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

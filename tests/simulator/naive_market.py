"""A naive reference of the recorded market and the exchange over it: every event looks at every order. Slow and plain."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulator.worlds import Quote, Trade

DEPTH_LEVELS = 100


@dataclass
class NaiveOrder:
    name: int
    side: int
    lots: int
    ticks: int | None
    time_in_force: str = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    stop_ticks: int | None = None
    stop_side: int = 0
    is_mark: bool = False
    filled: int = 0
    status: str = "New"
    closed_ns: int | None = None
    place: int | None = None
    """Number in the order of arrivals; None where it neither rests nor waits for its trigger."""
    arrived_ns: int = -1
    ahead: int | None = None
    is_triggered: bool = True

    @property
    def left(self) -> int:
        return self.lots - self.filled

    @property
    def is_open(self) -> bool:
        return self.closed_ns is None


@dataclass
class Naive:
    """Events are (time, 0 for trades and 1 for quotes, row): trades come before quotes of the same time."""

    quotes: list[Quote]
    trades: list[Trade]
    is_front: bool = False
    now: int = 0
    next_event: int = 0
    arrivals: int = 0
    position: int = 0
    orders: list[NaiveOrder] = field(default_factory=list)
    fills: list[tuple[int, int, int, int, bool]] = field(default_factory=list)
    taken: dict[tuple[int, int], int] = field(default_factory=dict)
    used: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        trades = [(row[0], 0, number) for number, row in enumerate(self.trades)]
        quotes = [(row[0], 1, number) for number, row in enumerate(self.quotes)]
        self.events = sorted(trades + quotes)

    # time

    def advance(self, until: int) -> None:
        while self.next_event < len(self.events) and self.events[self.next_event][0] <= until:
            self.now, kind, row = self.events[self.next_event]
            self.next_event += 1
            if kind == 0:
                self.on_trade(row)
            else:
                self.on_quote(row)
        self.now = max(self.now, until)

    def waiting(self) -> list[NaiveOrder]:
        """Resting orders that were there before this instant, the better price first, then the older."""
        orders = [each for each in self.orders if each.is_open and each.is_triggered and each.place is not None]
        before = [each for each in orders if each.arrived_ns < self.now]
        return sorted(before, key=lambda each: (-each.side * (each.ticks or 0), each.place))

    def on_trade(self, row: int) -> None:
        _, taker, ticks, lots = self.trades[row]
        for order in self.waiting():
            assert order.ticks is not None
            if order.side * ticks < order.side * order.ticks:
                order.ahead = 0
            elif ticks != order.ticks or taker == order.side or order.ahead is None:
                continue
            beyond = lots - order.ahead
            order.ahead = max(0, -beyond)
            got = min(order.left, beyond - self.used.get((row, order.side), 0))
            if order.is_open and got > 0:
                self.used[row, order.side] = self.used.get((row, order.side), 0) + got
                self.fill(order, order.ticks, got, is_maker=True)
        self.trigger(
            lambda order: not order.is_mark and order.stop_side * ticks >= order.stop_side * (order.stop_ticks or 0)
        )

    def on_quote(self, row: int) -> None:
        _, bid, bid_lots, ask, ask_lots = self.quotes[row]
        for order in self.waiting():
            assert order.ticks is not None
            own, own_lots, against, shown = (
                (bid, bid_lots, ask, ask_lots) if order.side == 1 else (ask, ask_lots, bid, bid_lots)
            )
            if order.side * against < order.side * order.ticks:
                order.ahead = 0
                got = min(order.left, shown - self.taken.get((row, order.side), 0))
                if order.is_open and got > 0:
                    self.taken[row, order.side] = self.taken.get((row, order.side), 0) + got
                    self.fill(order, order.ticks, got, is_maker=True)
            elif order.ahead is None and order.side * own <= order.side * order.ticks:
                order.ahead = own_lots if own == order.ticks else 0
        mark = bid + ask
        self.trigger(
            lambda order: order.is_mark and order.stop_side * mark >= order.stop_side * 2 * (order.stop_ticks or 0)
        )

    def trigger(self, is_reached: Callable[[NaiveOrder], bool]) -> None:
        stops = [each for each in self.orders if each.is_open and not each.is_triggered and each.arrived_ns < self.now]
        for order in sorted(stops, key=lambda each: each.place or 0):
            if is_reached(order):
                self.activate(order)

    def activate(self, order: NaiveOrder) -> None:
        order.is_triggered, order.place = True, None
        self.work(order)

    # the present

    def quote_row(self) -> int | None:
        """The last quote up to now, those of this very instant included."""
        rows = [number for number, row in enumerate(self.quotes) if row[0] <= self.now]
        return rows[-1] if rows else None

    def levels(self, side: int, limit: int | None, wanted: int) -> list[tuple[int, int]]:
        row = self.quote_row()
        if row is None:
            return []
        _, bid, bid_lots, ask, ask_lots = self.quotes[row]
        best, shown = (ask, ask_lots) if side == 1 else (bid, bid_lots)
        gone = self.taken.get((row, side), 0)
        levels = []
        for level in range(DEPTH_LEVELS):
            there = max(0, shown - gone)
            gone -= shown - there
            ticks = best + side * level
            got = min(there, wanted)
            if ticks > 0 and (limit is None or side * ticks <= side * limit) and got > 0:
                levels.append((ticks, got))
                wanted -= got
        return levels

    # orders

    def place(self, order: NaiveOrder) -> None:
        self.orders.append(order)
        if order.stop_ticks is None:
            self.work(order)
        else:
            order.is_triggered = False
            self.wait_for_trigger(order)

    def wait_for_trigger(self, order: NaiveOrder) -> None:
        value = self.watched(order)
        level = 2 * (order.stop_ticks or 0) if order.is_mark else order.stop_ticks or 0
        if value is not None and order.stop_side * value >= order.stop_side * level:
            self.activate(order)
        else:
            self.arrive(order)

    def watched(self, order: NaiveOrder) -> int | None:
        if not order.is_mark:
            past = [row[2] for row in self.trades if row[0] <= self.now]
            return past[-1] if past else None
        row = self.quote_row()
        return None if row is None else self.quotes[row][1] + self.quotes[row][3]

    def arrive(self, order: NaiveOrder) -> None:
        self.arrivals += 1
        order.place, order.arrived_ns = self.arrivals, self.now

    def room(self, order: NaiveOrder) -> int:
        return max(0, -order.side * self.position)

    def work(self, order: NaiveOrder) -> None:
        if order.reduce_only:
            if self.room(order) == 0:
                return self.close(order, "Canceled")
            order.lots = min(order.lots, order.filled + self.room(order))
        row = self.quote_row()
        crosses = order.ticks is None
        if row is not None and order.ticks is not None:
            _, bid, _, ask, _ = self.quotes[row]
            crosses = order.ticks >= ask if order.side == 1 else order.ticks <= bid
        if crosses and order.post_only:
            return self.close(order, "Canceled")
        levels = self.levels(order.side, order.ticks, order.left) if crosses else []
        if order.time_in_force == "FOK" and sum(lots for _, lots in levels) < order.left:
            return self.close(order, "Canceled")
        if row is not None and levels:
            self.taken[row, order.side] = self.taken.get((row, order.side), 0) + sum(lots for _, lots in levels)
        for ticks, lots in levels:
            self.fill(order, ticks, lots, is_maker=False)
        if not order.is_open:
            return None
        if order.ticks is None or order.time_in_force != "GTC":
            return self.close(order, "Canceled")
        return self.rest(order)

    def rest(self, order: NaiveOrder) -> None:
        self.arrive(order)
        row = self.quote_row()
        order.ahead = None
        if self.is_front:
            order.ahead = 0
        elif row is not None:
            _, bid, bid_lots, ask, ask_lots = self.quotes[row]
            own, own_lots = (bid, bid_lots) if order.side == 1 else (ask, ask_lots)
            if own == order.ticks:
                order.ahead = own_lots
            elif order.side * (order.ticks or 0) > order.side * own:
                order.ahead = 0

    def fill(self, order: NaiveOrder, ticks: int, lots: int, *, is_maker: bool) -> None:
        order.filled += lots
        self.position += order.side * lots
        self.fills.append((self.now, order.name, ticks, lots, is_maker))
        order.status = "PartiallyFilled"
        if order.left == 0:
            self.close(order, "Filled")
        for other in self.orders:
            if other.is_open and other.reduce_only and other.is_triggered and other.place is not None:
                if self.room(other) == 0:
                    self.close(other, "Canceled")
                else:
                    other.lots = min(other.lots, other.filled + self.room(other))

    def close(self, order: NaiveOrder, status: str) -> None:
        order.status, order.closed_ns, order.place = status, self.now, None

    def cancel(self, order: NaiveOrder) -> None:
        if order.is_open:
            self.close(order, "Canceled")

    def amend(self, order: NaiveOrder, ticks: int | None, lots: int | None) -> None:
        if not order.is_open or order.ticks is None:
            return
        new_ticks = order.ticks if ticks is None else ticks
        new_lots = order.lots if lots is None else lots
        if (new_ticks, new_lots) == (order.ticks, order.lots):
            return
        if new_lots <= order.filled:
            order.lots = order.filled
            self.close(order, "Filled")
        elif new_ticks == order.ticks and new_lots < order.lots:
            order.lots = new_lots
        else:
            order.ticks, order.lots, order.place = new_ticks, new_lots, None
            if order.is_triggered:
                self.work(order)
            else:
                self.wait_for_trigger(order)

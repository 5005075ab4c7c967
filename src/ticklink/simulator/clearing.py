"""Clearing: what the orders of one user come to. Margin is held and released, fills are booked, marks set, everybody is told.

Nothing here knows how orders meet the market; `exchange` does, and comes here with every execution.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, Protocol

import msgspec

from ticklink.model.money import Contract, Ratio
from ticklink.model.positions import Position
from ticklink.simulator.accounts import Account, Liquidated
from ticklink.simulator.markets import Market
from ticklink.simulator.models import Funding
from ticklink.simulator.orders import BUY, SELL, Order, Ticket
from ticklink.simulator.rules import Rejected, Rules
from ticklink.simulator.timeline import Timeline


class Fill(NamedTuple):
    """One execution of ours. `fee` (positive: paid) and `realised` are minor units of `contract.asset`."""

    time_ns: int
    number: int
    order: Order
    ticks: int
    lots: int
    cum_lots: int
    is_maker: bool
    fee: int
    realised: int
    position_lots: int
    contract: Contract
    is_liquidation: bool = False

    @property
    def trade_id(self) -> str:
        """The venue's id of the execution: a UUID in form, the same on every run."""
        return f"{self.number:08x}-0000-4000-9000-{self.number:012x}"


class Listener(Protocol):
    """Told of everything that happens to the account, as it happens. It must not act on the exchange from within a call."""

    def order_changed(self, order: Order, time_ns: int) -> None: ...

    def filled(self, fill: Fill) -> None: ...

    def position_changed(self, position: Position, time_ns: int) -> None: ...


class Seat(msgspec.Struct):
    """What the exchange keeps per instrument."""

    market: Market
    contract: Contract
    maker_rate: Ratio
    taker_rate: Ratio
    funding_ns: int
    open_orders: int = 0
    open_stops: int = 0
    """Those that wait for their trigger."""
    reducers: dict[str, Order] = msgspec.field(default_factory=dict)
    """Open reduce-only orders by their id."""


class Clearing:
    """See the module's docstring. `numbers` gives orders and fills their numbers, in the order in which they come about."""

    def __init__(
        self,
        account: Account,
        rules: Rules,
        listener: Listener,
        seats: dict[str, Seat],
        timeline: Timeline,
        first_number: int,
    ) -> None:
        self.account = account
        self.fills: list[Fill] = []
        self.numbers: Iterator[int] = count(first_number)
        self._rules, self._listener, self._seats, self._time = rules, listener, seats, timeline

    def reducible(self, seat: Seat, side: int) -> int:
        """Lots by which an order of this side can reduce the position."""
        position = self.account.positions.get(seat.contract.sym)
        return max(0, -side * position.lots) if position is not None else 0

    # Marks

    def market(self, seat: Seat) -> Market:
        """The seat's market, brought up to now; its hits up to now are taken already."""
        market = seat.market
        market.move_to(self._time.now_ns)
        return market

    def mark_ticks(self, sym: str) -> int | None:
        """The mark price: the middle of the quote, or the last trade where there is none."""
        market = self.market(self._seats[sym])
        bid, ask = market.best()
        return market.last_ticks() if bid is None or ask is None else (bid + ask) // 2

    def set_marks(self) -> None:
        """Value every position at the present mark."""
        for sym, position in self.account.positions.items():
            if position.lots and (mark := self.mark_ticks(sym)) is not None:
                self.account.set_mark(position.contract, mark)

    # Margin and funds

    def reserve(self, seat: Seat, order: Order) -> None:
        """Hold margin or funds for the order at the price it may trade at. Raises Rejected where there is not enough.

        A market order never waits, so that nothing need be held for one that is backed for certain.
        """
        if order.reduce_only or not order.triggered:
            return
        is_market = order.ticks is None
        price = self._touch(seat, order.side) if order.ticks is None else order.ticks
        if not price:
            return
        self.set_marks()
        contract, lots = seat.contract, order.lots - order.filled
        if is_market and self.account.covers(contract, price, lots):
            return
        shortage = self.account.reserve(contract, order.side, price, lots)
        if shortage is not None:
            raise Rejected(self._rules.shortage(seat.contract, shortage), name="ValidationError")
        order.held_ticks = price

    def release(self, seat: Seat, order: Order, lots: int) -> None:
        """Give back what is held for some of the order's lots."""
        if order.held_ticks:
            self.account.release(seat.contract, order.side, order.held_ticks, lots)

    def _touch(self, seat: Seat, side: int) -> int:
        bid, ask = self.market(seat).best()
        return (ask if side == BUY else bid) or 0

    # What happens to the account

    def fill(self, seat: Seat, order: Order, ticks: int, lots: int, *, is_maker: bool) -> Fill:
        """Book one execution of an order, and return it; whoever called tells of it."""
        account, contract, now_ns = self.account, seat.contract, self._time.now_ns
        if order.held_ticks:
            account.release(contract, order.side, order.held_ticks, lots)
        rate = seat.maker_rate if is_maker else seat.taker_rate
        done = account.apply_fill(contract, order.side, ticks, lots, rate, now_ns)
        order.filled += lots
        order.ticks_times_lots += ticks * lots
        order.fees += done.fee
        order.updated_ns = now_ns
        position = account.positions.get(contract.sym)
        held = position.lots if position is not None else 0
        number = next(self.numbers)
        # positional: one is made per fill
        fill = Fill(now_ns, number, order, ticks, lots, order.filled, is_maker, done.fee, done.realised, held, contract)
        self.fills.append(fill)
        return fill

    def tell(self, fill: Fill) -> None:
        """Tell of a fill, its order and its position, in this order."""
        listener, order, time_ns = self._listener, fill.order, fill.time_ns
        listener.filled(fill)
        listener.order_changed(order, time_ns)
        position = self.account.positions.get(fill.contract.sym)
        if position is not None:
            listener.position_changed(position, time_ns)

    def fund(self, seat: Seat, funding: Funding, due_ns: int) -> bool:
        """Pay funding on a position at its mark; False where there is none."""
        position = self.account.positions.get(seat.contract.sym)
        mark = self.mark_ticks(seat.contract.sym) if position is not None and position.lots else None
        if position is None or mark is None:
            return False
        self.account.apply_funding(seat.contract, funding.against(position.lots), mark, due_ns)
        self._listener.position_changed(position, self._time.now_ns)
        return True

    def take_over(self, asset: str) -> list[Order]:
        """Liquidate: the venue takes every position that settles in an asset, at prices that leave its wallet empty."""
        return [self._record(taken) for taken in self.account.liquidate(asset, self._time.now_ns)]

    def _record(self, taken: Liquidated) -> Order:
        """A taken position as an order of the venue, filled at the bankruptcy price (the nearest tick above zero)."""
        contract, now_ns = taken.contract, self._time.now_ns
        instrument, lots = contract.instrument, abs(taken.lots)
        side = SELL if taken.lots > 0 else BUY
        ticks = 1 if taken.price is None else max(1, instrument.nearest_ticks(taken.price))
        order = Order(
            next(self.numbers), instrument, Ticket(contract.sym, side, "Market", lots, text="Liquidation"), now_ns
        )
        order.filled, order.ticks_times_lots = lots, ticks * lots
        order.status, order.closed_ns = "Filled", now_ns
        number = next(self.numbers)
        fill = Fill(now_ns, number, order, ticks, lots, lots, False, 0, taken.amount, 0, contract, is_liquidation=True)
        self.fills.append(fill)
        self.tell(fill)
        return order

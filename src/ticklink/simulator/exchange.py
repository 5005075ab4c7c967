"""Exchange: one user's account at a simulated venue, and the life of its orders in that venue's markets.

    order = exchange.place(Ticket(...))      accepted; Rejected is raised where the venue would refuse it
    exchange.amend(order, lots=...)          keeps its queue place when only its size shrinks, as BitMEX does
    exchange.cancel(order)
    exchange.advance(until_ns)               let the markets do what they did until then

Time is what it is told: `advance` first, then act. What happened is told to the listener at once, in order. Matching is in
whole ticks and lots; native and unified order calls meet here, so that every rule is kept once.
"""

import msgspec

from ticklink.model.errors import InputError
from ticklink.model.money import Contract, ratio
from ticklink.simulator.accounts import Account
from ticklink.simulator.clearing import Clearing, Fill, Listener, Seat
from ticklink.simulator.liquidation import Guard
from ticklink.simulator.markets import NEVER, Market, is_crossed, watched_value
from ticklink.simulator.models import Fees, Funding
from ticklink.simulator.orders import Order, Status, Ticket, watch_of
from ticklink.simulator.rules import Rejected, Rules
from ticklink.simulator.timeline import Timeline
from ticklink.simulator.watches import Watch

__all__ = ["Exchange", "Fill", "Listener", "Seat", "Ticket"]

NS_PER_DAY = 86_400_000_000_000


class Exchange:
    """See the module's docstring."""

    def __init__(
        self,
        account: Account,
        rules: Rules,
        listener: Listener,
        *,
        fees: Fees,
        funding: Funding,
        start_ns: int = 0,
        first_number: int = 1,
    ) -> None:
        self.account, self.rules, self.fees, self.funding = account, rules, fees, funding
        self.seats: dict[str, Seat] = {}
        self.orders: dict[str, Order] = {}
        """Every order, open or done, by its id."""
        self.open_orders: dict[str, Order] = {}
        self._by_client_id: dict[str, Order] = {}
        self._listener = listener
        self._time = Timeline(start_ns)
        self._clearing = Clearing(account, rules, listener, self.seats, self._time, first_number)
        self._guard = Guard(self._clearing, self.seats, self.liquidate)
        self._dead_man: int | None = None

    @property
    def now_ns(self) -> int:
        return self._time.now_ns

    @property
    def fills(self) -> list[Fill]:
        """Every execution so far, in order."""
        return self._clearing.fills

    def add_market(self, market: Market) -> None:
        """Trade an instrument here, at the fees of this simulation: margin is held for them too."""
        maker, taker = self.fees.rates(market.instrument)
        instrument = msgspec.structs.replace(market.instrument, maker_fee=maker, taker_fee=taker)
        funding_ns = self.funding.next_ns(instrument, self.now_ns) or NEVER
        self.seats[instrument.sym] = Seat(market, Contract.of(instrument), ratio(maker), ratio(taker), funding_ns)

    def seat(self, sym: str) -> Seat:
        try:
            return self.seats[sym]
        except (KeyError, TypeError):
            known = ", ".join(self.seats) or "none"
            raise InputError(
                f"{self.account.venue} has no market {sym!r} in this run; its markets are: {known}"
            ) from None

    # Time

    def next_due_ns(self) -> int:
        """A time no later than the next thing that happens by itself; `advance` there and ask again."""
        due = self._time.due_ns
        for seat in self.seats.values():
            market_ns = seat.market.next_due_ns()
            if market_ns < due:
                due = market_ns
            if seat.funding_ns < due:
                due = seat.funding_ns
        return due

    def advance(self, until_ns: int) -> None:
        """Let everything happen that happens by itself up to and including `until_ns`, in time order."""
        while (due_ns := self.next_due_ns()) <= until_ns:
            self._happen(due_ns)
        self._time.move_to(until_ns)

    def _happen(self, due_ns: int) -> None:
        """Timers first, then what the markets did."""
        self._time.move_to(due_ns)
        self._time.ring(due_ns)
        for seat in self.seats.values():
            if seat.funding_ns <= due_ns:
                self._fund(seat)
            if seat.market.next_due_ns() <= due_ns:
                self._take_hits(seat, due_ns)

    def _take_hits(self, seat: Seat, until_ns: int) -> None:
        while (hit := seat.market.advance(until_ns)) is not None:
            item = hit.item
            if isinstance(item, Watch):
                item.on_reached()
                continue
            self._fill(seat, item, item.ticks or 0, hit.lots, is_maker=True)
            self._guard_after(seat)
            if item.closed_ns is None:
                seat.market.keep(item)

    def _fund(self, seat: Seat) -> None:
        due_ns = seat.funding_ns
        seat.funding_ns = self.funding.next_ns(seat.contract.instrument, due_ns) or NEVER
        if self._clearing.fund(seat, self.funding, due_ns):
            self._guard_after(seat)

    # Orders

    def place(self, ticket: Ticket) -> Order:
        """Take an order in. Raises Rejected where the venue would answer with an error; the order returned may be done."""
        seat = self.seat(ticket.sym)
        self._check(seat, ticket)
        order = Order(next(self._clearing.numbers), seat.contract.instrument, ticket, self._time.now_ns)
        self._clearing.reserve(seat, order)
        self._enter(seat, order)
        if order.triggered:
            self._work(seat, order)
        else:
            self._wait_for_trigger(seat, order)
        return order

    def cancel(self, order: Order, text: str | None = None) -> None:
        """End an open order. Raises Rejected where it is done already."""
        if order.closed_ns is not None:
            raise Rejected(self.rules.done_order)
        self._close(self.seats[order.sym], order, "Canceled", self.rules.cancel_text if text is None else text)

    def amend(
        self, order: Order, *, ticks: int | None = None, lots: int | None = None, stop_ticks: int | None = None
    ) -> Order:
        """Change an open order. `lots` is the new total; at or below what is filled already it ends the order."""
        if order.closed_ns is not None:
            raise Rejected(self.rules.done_order)
        new_ticks = order.ticks if ticks is None else ticks
        new_lots = order.lots if lots is None else lots
        new_stop = order.stop_ticks if stop_ticks is None else stop_ticks
        if (new_ticks, new_lots, new_stop) == (order.ticks, order.lots, order.stop_ticks):
            raise Rejected(self.rules.nothing_amended)
        seat = self.seats[order.sym]
        if new_lots <= order.filled:
            self._shrink_to_filled(seat, order)
        elif (new_ticks, new_stop) == (order.ticks, order.stop_ticks) and new_lots < order.lots:
            self._shrink(seat, order, new_lots)
        else:
            self._rework(seat, order, new_ticks, new_lots, new_stop)
        return order

    def relabel(self, order: Order, client_order_id: str, text: str) -> None:
        """Give an order another client order id (its old one is free again) and text. Raises Rejected for an id in use."""
        if client_order_id != order.client_order_id:
            if client_order_id in self._by_client_id:
                raise Rejected(self.rules.duplicate_id)
            self._by_client_id.pop(order.client_order_id, None)
            if client_order_id:
                self._by_client_id[client_order_id] = order
        order.client_order_id, order.text = client_order_id, text

    def find(self, order_id: str | None = None, client_order_id: str | None = None) -> Order | None:
        """An order of this account, open or done, by either id."""
        if order_id is not None:
            return self.orders.get(order_id)
        return None if client_order_id is None else self._by_client_id.get(client_order_id)

    def cancel_all_after(self, timeout_ns: int) -> int | None:
        """The dead man's switch: cancel everything after this long unless called again; 0 disarms. Returns when."""
        self._dead_man = due_ns = self.now_ns + timeout_ns if timeout_ns else None
        if due_ns is not None:
            self._time.alarm(due_ns, lambda: self._die(due_ns))
        return due_ns

    def mark_ticks(self, sym: str) -> int | None:
        """The mark price: the middle of the quote, or the last trade where there is none."""
        return self._clearing.mark_ticks(sym)

    def set_marks(self) -> None:
        """Value every position at the present mark."""
        self._clearing.set_marks()

    def liquidate(self, asset: str) -> None:
        """The venue takes over every position that settles in an asset, and cancels the orders that it would have to back."""
        for order in [each for each in self.open_orders.values() if self.seats[each.sym].contract.asset == asset]:
            self.cancel(order, self.rules.liquidation_text)
        for order in self._clearing.take_over(asset):
            self.orders[order.order_id] = order

    # From entry to end

    def _check(self, seat: Seat, ticket: Ticket) -> None:
        rules = self.rules
        if ticket.client_order_id and ticket.client_order_id in self._by_client_id:
            raise Rejected(rules.duplicate_id)
        if seat.open_orders >= rules.max_open_orders:
            raise Rejected(rules.too_many_orders)
        if ticket.stop_ticks is not None and seat.open_stops >= rules.max_open_stops:
            raise Rejected(rules.too_many_stops)

    def _enter(self, seat: Seat, order: Order) -> None:
        self.orders[order.order_id] = self.open_orders[order.order_id] = order
        if order.client_order_id:
            self._by_client_id[order.client_order_id] = order
        seat.open_orders += 1
        if not order.triggered:
            seat.open_stops += 1
        if order.reduce_only:
            seat.reducers[order.order_id] = order
        if order.time_in_force == "DAY":
            self._time.alarm((self.now_ns // NS_PER_DAY + 1) * NS_PER_DAY, lambda: self._expire(order))

    def _work(self, seat: Seat, order: Order) -> None:
        """Let an active order meet the market: take what it may, then rest or end."""
        market, rules = self._clearing.market(seat), self.rules
        if order.reduce_only:
            room = self._clearing.reducible(seat, order.side)
            if not room:
                return self._close(seat, order, "Canceled", rules.reduce_only_text)
            order.lots = min(order.lots, order.filled + room)
        crosses = order.ticks is None or is_crossed(market, order.side, order.ticks)
        if crosses and order.post_only:
            status: Status = "Canceled" if rules.post_only_cross == "canceled" else "Rejected"
            return self._close(seat, order, status, rules.post_only_text)
        wanted = order.lots - order.filled
        if order.time_in_force == "FOK" and market.available(order.side, order.ticks, wanted) < wanted:
            return self._close(seat, order, "Canceled", rules.fok_text)
        self._listener.order_changed(order, self._time.now_ns)
        if crosses:
            self._take(seat, order, wanted)
        if order.closed_ns is None:
            self._rest(seat, order)
        return None

    def _take(self, seat: Seat, order: Order, wanted: int) -> None:
        for ticks, lots in seat.market.take(order.side, order.ticks, wanted):
            self._fill(seat, order, ticks, lots, is_maker=False)
        self._guard_after(seat)

    def _rest(self, seat: Seat, order: Order) -> None:
        """What has not been taken waits in the market, unless the order is not one to wait."""
        if order.ticks is None:
            self._close(seat, order, "Canceled", self.rules.market_text)
        elif order.time_in_force == "IOC":
            self._close(seat, order, "Canceled", self.rules.ioc_text)
        else:
            seat.market.rest(order)

    def _fill(self, seat: Seat, order: Order, ticks: int, lots: int, *, is_maker: bool) -> None:
        """One execution: the account, the order, then everybody told."""
        fill = self._clearing.fill(seat, order, ticks, lots, is_maker=is_maker)
        if order.filled == order.lots:
            self._leave(seat, order, "Filled")
        else:
            order.status = "PartiallyFilled"
        self._clearing.tell(fill)
        if seat.reducers:
            self._fit_reducers(seat)

    def _guard_after(self, seat: Seat) -> None:
        """Wallets or positions have changed: liquidate where that is due."""
        if self.account.positions:
            self._guard.check(seat.contract.asset)
            if seat.contract.is_spot:
                self._guard.check(seat.contract.instrument.base)

    def _close(self, seat: Seat, order: Order, status: Status, text: str) -> None:
        """End an order that is not filled, and tell."""
        order.text = f"{text}\n{order.text}" if order.text else text
        self._clearing.release(seat, order, order.lots - order.filled)
        self._withdraw(seat, order)
        self._leave(seat, order, status)
        self._listener.order_changed(order, self._time.now_ns)

    def _withdraw(self, seat: Seat, order: Order) -> None:
        """Take the order, or what waits for its trigger, out of the market."""
        if order.watch is not None:
            seat.market.unwatch(order.watch)
            order.watch = None
        elif order.place is not None:
            seat.market.remove(order)

    def _leave(self, seat: Seat, order: Order, status: Status) -> None:
        order.status, order.held_ticks, order.place = status, 0, None
        order.closed_ns = order.updated_ns = self._time.now_ns
        self.open_orders.pop(order.order_id, None)
        seat.open_orders -= 1
        if not order.triggered:
            seat.open_stops -= 1
        if order.reduce_only:
            del seat.reducers[order.order_id]

    # Stops

    def _wait_for_trigger(self, seat: Seat, order: Order) -> None:
        self._listener.order_changed(order, self._time.now_ns)
        market, watch = self._clearing.market(seat), watch_of(order, lambda: self._trigger(seat, order))
        value = watched_value(market, watch)
        if value is not None and watch.is_reached(value):
            self._trigger(seat, order)
        else:
            order.watch = watch
            market.watch(watch)

    def _trigger(self, seat: Seat, order: Order) -> None:
        order.watch, order.triggered, order.updated_ns = None, True, self.now_ns
        seat.open_stops -= 1
        try:
            self._clearing.reserve(seat, order)
        except Rejected as no:
            self._close(seat, order, "Rejected", no.message)
        else:
            self._work(seat, order)

    # Changes of open orders

    def _shrink(self, seat: Seat, order: Order, lots: int) -> None:
        self._clearing.release(seat, order, order.lots - lots)
        if order.place is not None:
            seat.market.shrink(order, lots)
        order.lots = lots
        self._note_change(order)
        self._listener.order_changed(order, self._time.now_ns)

    def _shrink_to_filled(self, seat: Seat, order: Order) -> None:
        self._clearing.release(seat, order, order.lots - order.filled)
        self._withdraw(seat, order)
        if order.filled:
            order.lots = order.filled
            self._note_change(order)
        self._leave(seat, order, "Filled" if order.filled else "Canceled")
        self._listener.order_changed(order, self._time.now_ns)

    def _rework(self, seat: Seat, order: Order, ticks: int | None, lots: int, stop_ticks: int | None) -> None:
        """A new price or a larger size: the order loses its place and meets the market again."""
        old, held = (order.ticks, order.lots, order.stop_ticks), order.held_ticks
        self._clearing.release(seat, order, order.lots - order.filled)
        order.ticks, order.lots, order.stop_ticks, order.held_ticks = ticks, lots, stop_ticks, 0
        try:
            self._clearing.reserve(seat, order)
        except Rejected:
            order.ticks, order.lots, order.stop_ticks = old
            order.held_ticks = held
            self.account.hold(seat.contract, order.side, held, order.lots - order.filled)
            raise
        self._withdraw(seat, order)
        self._note_change(order)
        if order.triggered:
            self._work(seat, order)
        else:
            self._wait_for_trigger(seat, order)

    def _note_change(self, order: Order) -> None:
        order.changes.append((self.now_ns, order.ticks, order.lots))
        order.updated_ns = self.now_ns

    # Reduce-only

    def _fit_reducers(self, seat: Seat) -> None:
        """After a position changed: each reduce-only order by itself shrinks with it, or is cancelled when it is gone."""
        for order in [each for each in seat.reducers.values() if each.place is not None]:
            room = self._clearing.reducible(seat, order.side)
            if not room:
                self._close(seat, order, "Canceled", self.rules.reduce_only_text)
            elif order.lots - order.filled > room:
                self._shrink(seat, order, order.filled + room)

    # What happens by itself

    def _expire(self, order: Order) -> None:
        if order.closed_ns is None:
            self.cancel(order, self.rules.day_text)

    def _die(self, due_ns: int) -> None:
        if self._dead_man == due_ns:
            self._dead_man = None
            for order in list(self.open_orders.values()):
                self.cancel(order, self.rules.dead_man_text)

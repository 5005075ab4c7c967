"""Exchange: one user's account at a simulated venue, and the life of its orders in that venue's markets.

    order = exchange.place(Ticket(...))      accepted; Rejected is raised where the venue would refuse it
    exchange.amend(order, lots=...)          keeps its queue place when only its size shrinks, as BitMEX does
    exchange.cancel(order)
    exchange.advance(until_ns)               let the markets do what they did until then

Time is what it is told: `advance` first, then act. What happened is told to the listener at once, in order. Matching is in
whole ticks and lots; native and unified order calls meet here, so that every rule is kept once.
"""

import heapq
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.model.money import Contract, Ratio, ratio
from ticklink.model.positions import Position
from ticklink.simulator.accounts import Account
from ticklink.simulator.liquidation import Guard
from ticklink.simulator.markets import NEVER, Market
from ticklink.simulator.models import Fees, Funding
from ticklink.simulator.orders import BUY, SELL, Order, OrderType, Status, TimeInForce, Trigger
from ticklink.simulator.rules import Rejected, Rules
from ticklink.simulator.watches import Watch

NS_PER_DAY = 86_400_000_000_000


class Ticket(msgspec.Struct, frozen=True):
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


class Listener(Protocol):
    """Told of everything that happens to the account, as it happens."""

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
    guard: Guard | None
    open_orders: int = 0
    open_stops: int = 0
    open_reduce_only: int = 0


class Exchange:
    """See the module's docstring."""

    def __init__(
        self, account: Account, rules: Rules, listener: Listener, *, fees: Fees, funding: Funding, start_ns: int = 0
    ) -> None:
        self.account, self.rules, self.fees, self.funding = account, rules, fees, funding
        self.now_ns = start_ns
        self.seats: dict[str, Seat] = {}
        self.orders: dict[str, Order] = {}
        self.open_orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self._by_client_id: dict[str, Order] = {}
        self._listener = listener
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = 0
        self._dead_man: int | None = None

    def add_market(self, market: Market) -> None:
        """Trade an instrument here."""
        instrument = market.instrument
        contract = Contract.of(instrument)
        maker, taker = (ratio(rate) for rate in self.fees.rates(instrument))
        guard = None if instrument.is_spot else Guard(self, contract, market)
        funding_ns = self.funding.next_ns(instrument, self.now_ns) or NEVER
        self.seats[instrument.sym] = Seat(market, contract, maker, taker, funding_ns, guard)

    def seat(self, sym: str) -> Seat:
        try:
            return self.seats[sym]
        except KeyError:
            known = ", ".join(self.seats) or "none"
            raise InputError(
                f"{self.account.venue} has no market {sym!r} in this run; its markets are: {known}"
            ) from None

    # Time

    def next_due_ns(self) -> int:
        """A time no later than the next thing that happens by itself; `advance` there and ask again."""
        due = self._alarms[0][0] if self._alarms else NEVER
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
        if until_ns > self.now_ns:
            self.now_ns = until_ns

    def _happen(self, due_ns: int) -> None:
        self.now_ns = max(self.now_ns, due_ns)
        while self._alarms and self._alarms[0][0] <= due_ns:
            heapq.heappop(self._alarms)[2]()
        for seat in self.seats.values():
            if seat.funding_ns <= due_ns:
                self._fund(seat)
            if seat.market.next_due_ns() <= due_ns:
                self._take_hits(seat, due_ns)

    def _take_hits(self, seat: Seat, until_ns: int) -> None:
        while (hit := seat.market.advance(until_ns)) is not None:
            item = hit.item
            if isinstance(item, Watch):
                item.on_reached(hit.time_ns)
            else:
                self._fill(seat, item, item.ticks or 0, hit.lots, is_maker=True)
                if item.is_open:
                    seat.market.keep(item)

    def _alarm(self, time_ns: int, ring: Callable[[], None]) -> None:
        self._numbers += 1
        heapq.heappush(self._alarms, (time_ns, self._numbers, ring))

    # Orders

    def place(self, ticket: Ticket) -> Order:
        """Take an order in. Raises Rejected where the venue would answer with an error; the order returned may be done."""
        seat = self.seat(ticket.sym)
        self._check(seat, ticket)
        self._numbers += 1
        number = self._numbers
        order = Order(
            number,
            order_id(number),
            seat.contract.instrument,
            ticket.side,
            ticket.type,
            ticket.ticks,
            ticket.lots,
            self.now_ns,
            client_order_id=ticket.client_order_id,
            time_in_force=ticket.time_in_force,
            post_only=ticket.post_only,
            reduce_only=ticket.reduce_only,
            stop_ticks=ticket.stop_ticks,
            trigger=ticket.trigger,
            text=ticket.text,
            note=ticket.note,
        )
        self._reserve(seat, order)
        self._enter(seat, order)
        if order.triggered:
            self._work(seat, order)
        else:
            self._wait_for_trigger(seat, order)
        return order

    def cancel(self, order: Order, text: str | None = None) -> None:
        """End an open order."""
        self._close(self.seats[order.sym], order, "Canceled", self.rules.cancel_text if text is None else text)

    def amend(
        self, order: Order, *, ticks: int | None = None, lots: int | None = None, stop_ticks: int | None = None
    ) -> Order:
        """Change an open order. `lots` is the new total; at or below what is filled already it ends the order."""
        if not order.is_open:
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
        self._dead_man = self.now_ns + timeout_ns if timeout_ns else None
        if self._dead_man is not None:
            due_ns = self._dead_man
            self._alarm(due_ns, lambda: self._die(due_ns))
        return self._dead_man

    def mark_ticks(self, sym: str) -> int | None:
        """The mark price: the middle of the quote, or the last trade where there is none."""
        market = self._present(self.seats[sym])
        bid, ask = market.best()
        return market.last_ticks() if bid is None or ask is None else (bid + ask) // 2

    def set_marks(self) -> None:
        """Value every position at the present mark."""
        for sym, position in self.account.positions.items():
            if position.lots and (mark := self.mark_ticks(sym)) is not None:
                self.account.set_mark(position.contract, mark)

    # From entry to end

    def _check(self, seat: Seat, ticket: Ticket) -> None:
        rules = self.rules
        if ticket.client_order_id and ticket.client_order_id in self._by_client_id:
            raise Rejected(rules.duplicate_id)
        if seat.open_orders >= rules.max_open_orders:
            raise Rejected(rules.too_many_orders)
        if ticket.stop_ticks is not None and seat.open_stops >= rules.max_open_stops:
            raise Rejected(rules.too_many_stops)

    def _reserve(self, seat: Seat, order: Order) -> None:
        """Hold margin or funds for the order at the price it may trade at, or reject it."""
        if order.reduce_only or not order.triggered:
            return
        market = self._present(seat)
        order.held_ticks = order.ticks if order.ticks is not None else self._touch(market, order.side)
        if not order.held_ticks:
            return
        account, contract = self.account, seat.contract
        if not contract.is_spot and account.positions and (mark := self.mark_ticks(order.sym)) is not None:
            account.set_mark(contract, mark)
        shortage = account.reserve(contract, order.side, order.held_ticks, order.lots - order.filled)
        if shortage is not None:
            order.held_ticks = 0
            raise Rejected(self.rules.shortage(contract, shortage), name="ValidationError")

    def _enter(self, seat: Seat, order: Order) -> None:
        self.orders[order.order_id] = self.open_orders[order.order_id] = order
        if order.client_order_id:
            self._by_client_id[order.client_order_id] = order
        seat.open_orders += 1
        seat.open_stops += order.stop_ticks is not None
        seat.open_reduce_only += order.reduce_only
        if order.time_in_force == "DAY":
            self._alarm((self.now_ns // NS_PER_DAY + 1) * NS_PER_DAY, lambda: self._expire(order))

    def _work(self, seat: Seat, order: Order) -> None:
        """Let an active order meet the market: take what it may, then rest or end."""
        market, rules = self._present(seat), self.rules
        if order.reduce_only and not self._fit_to_position(seat, order):
            return self._close(seat, order, "Canceled", rules.reduce_only_text)
        wanted = order.lots - order.filled
        limit = order.ticks
        crosses = limit is None or self._crosses(market, order.side, limit)
        if crosses and order.post_only:
            status: Status = "Canceled" if rules.post_only_cross == "canceled" else "Rejected"
            return self._close(seat, order, status, rules.post_only_text)
        if order.time_in_force == "FOK" and market.available(order.side, limit, wanted) < wanted:
            return self._close(seat, order, "Canceled", rules.fok_text)
        self._listener.order_changed(order, self.now_ns)
        if crosses:
            for ticks, lots in market.take(order.side, limit, wanted):
                self._fill(seat, order, ticks, lots, is_maker=False)
                if not order.is_open:
                    return None
        if limit is None:
            return self._close(seat, order, "Canceled", rules.market_text)
        if order.time_in_force == "IOC":
            return self._close(seat, order, "Canceled", rules.ioc_text)
        return market.rest(order)

    def _fill(self, seat: Seat, order: Order, ticks: int, lots: int, *, is_maker: bool) -> None:
        """One execution: the order, the account, then everybody told."""
        account, contract, now_ns = self.account, seat.contract, self.now_ns
        if order.held_ticks:
            account.release(contract, order.side, order.held_ticks, lots)
        rate = seat.maker_rate if is_maker else seat.taker_rate
        done = account.apply_fill(contract, order.side, ticks, lots, rate, now_ns)
        order.filled += lots
        order.ticks_times_lots += ticks * lots
        order.fees += done.fee
        order.updated_ns = now_ns
        position = account.positions.get(order.sym)
        self._numbers += 1
        fill = Fill(
            now_ns,
            self._numbers,
            order,
            ticks,
            lots,
            order.filled,
            is_maker,
            done.fee,
            done.realised,
            position.lots if position is not None else 0,
            contract,
        )
        self.fills.append(fill)
        if order.filled == order.lots:
            self._leave(seat, order, "Filled")
        else:
            order.status = "PartiallyFilled"
        self._listener.filled(fill)
        self._listener.order_changed(order, now_ns)
        if position is not None:
            self._position_moved(seat, position)

    def _position_moved(self, seat: Seat, position: Position) -> None:
        if seat.guard is not None:
            seat.guard.renew()
        self._listener.position_changed(position, self.now_ns)
        if seat.open_reduce_only:
            self._fit_reduce_only(seat)

    def _close(self, seat: Seat, order: Order, status: Status, text: str) -> None:
        """End an order that is not filled, and tell."""
        order.text = f"{text}\n{order.text}" if order.text else text
        if order.held_ticks:
            self.account.release(seat.contract, order.side, order.held_ticks, order.lots - order.filled)
        seat.market.remove(order)
        self._leave(seat, order, status)
        self._listener.order_changed(order, self.now_ns)

    def _leave(self, seat: Seat, order: Order, status: Status) -> None:
        order.status, order.held_ticks = status, 0
        order.closed_ns = order.updated_ns = self.now_ns
        self.open_orders.pop(order.order_id, None)
        seat.open_orders -= 1
        seat.open_stops -= order.stop_ticks is not None
        seat.open_reduce_only -= order.reduce_only
        if order.watch is not None:
            seat.market.unwatch(order.watch)
            order.watch = None

    # Stops

    def _wait_for_trigger(self, seat: Seat, order: Order) -> None:
        """A buy stop triggers when its price is risen to, a sell stop when it is fallen to; if-touched the other way round."""
        is_stop = order.type in ("Stop", "StopLimit")
        side = order.side if is_stop else -order.side
        is_mark = order.trigger != "LastPrice"
        assert order.stop_ticks is not None
        level = 2 * order.stop_ticks if is_mark else order.stop_ticks
        self._numbers += 1
        order.watch = Watch(
            self._numbers, side, level, is_mark=is_mark, on_reached=lambda _ns: self._trigger(seat, order)
        )
        self._listener.order_changed(order, self.now_ns)
        market = self._present(seat)
        if self._is_reached(market, order.watch):
            self._trigger(seat, order)
        else:
            market.watch(order.watch)

    def _is_reached(self, market: Market, watch: Watch) -> bool:
        if watch.is_mark:
            bid, ask = market.best()
            now = None if bid is None or ask is None else bid + ask
        else:
            now = market.last_ticks()
        return now is not None and watch.side * now >= watch.side * watch.level

    def _trigger(self, seat: Seat, order: Order) -> None:
        if not order.is_open:
            return
        order.watch, order.triggered = None, True
        try:
            self._reserve(seat, order)
        except Rejected as no:
            self._close(seat, order, "Rejected", no.message)
        else:
            self._work(seat, order)

    # Changes of open orders

    def _shrink(self, seat: Seat, order: Order, lots: int) -> None:
        if order.held_ticks:
            self.account.release(seat.contract, order.side, order.held_ticks, order.lots - lots)
        seat.market.shrink(order, lots)
        order.lots = lots
        self._note_change(order)

    def _shrink_to_filled(self, seat: Seat, order: Order) -> None:
        if order.held_ticks:
            self.account.release(seat.contract, order.side, order.held_ticks, order.lots - order.filled)
        seat.market.remove(order)
        order.changes.append((self.now_ns, order.ticks, order.filled))
        was_filled, order.lots = order.filled > 0, order.filled or order.lots
        self._leave(seat, order, "Filled" if was_filled else "Canceled")
        self._listener.order_changed(order, self.now_ns)

    def _rework(self, seat: Seat, order: Order, ticks: int | None, lots: int, stop_ticks: int | None) -> None:
        """A new price or a larger size: the order loses its place and meets the market again."""
        old = (order.ticks, order.lots, order.stop_ticks)
        contract = seat.contract
        held = order.held_ticks
        if held:
            self.account.release(contract, order.side, held, order.lots - order.filled)
        order.ticks, order.lots, order.stop_ticks, order.held_ticks = ticks, lots, stop_ticks, 0
        try:
            self._reserve(seat, order)
        except Rejected:
            order.ticks, order.lots, order.stop_ticks = old
            order.held_ticks = held
            self.account.hold(contract, order.side, held, order.lots - order.filled)
            raise
        seat.market.remove(order)
        order.changes.append((self.now_ns, ticks, lots))
        order.updated_ns = self.now_ns
        if order.watch is not None:
            seat.market.unwatch(order.watch)
        if order.triggered:
            self._work(seat, order)
        else:
            self._wait_for_trigger(seat, order)

    def _note_change(self, order: Order) -> None:
        order.changes.append((self.now_ns, order.ticks, order.lots))
        order.updated_ns = self.now_ns
        self._listener.order_changed(order, self.now_ns)

    # Reduce-only

    def _reducible(self, seat: Seat, side: int) -> int:
        """Lots by which an order of this side can reduce the position."""
        position = self.account.positions.get(seat.contract.sym)
        return max(0, -side * position.lots) if position is not None else 0

    def _fit_to_position(self, seat: Seat, order: Order) -> bool:
        """Cut a reduce-only order to what there is to reduce; False when that is nothing."""
        room = self._reducible(seat, order.side)
        order.lots = min(order.lots, order.filled + room)
        return room > 0

    def _fit_reduce_only(self, seat: Seat) -> None:
        """After a position changed: resting reduce-only orders shrink with it, the newest first, or are cancelled."""
        for side in (BUY, SELL):
            room = self._reducible(seat, side)
            for order in [each for each in self.open_orders.values() if self._is_resting_reducer(seat, each, side)]:
                left = order.lots - order.filled
                if room <= 0:
                    self._close(seat, order, "Canceled", self.rules.reduce_only_text)
                elif left > room:
                    self._shrink(seat, order, order.filled + room)
                room -= left

    def _is_resting_reducer(self, seat: Seat, order: Order, side: int) -> bool:
        return order.reduce_only and order.side == side and order.triggered and order.sym == seat.contract.sym

    # What happens by itself

    def _fund(self, seat: Seat) -> None:
        contract = seat.contract
        due_ns, seat.funding_ns = seat.funding_ns, self.funding.next_ns(contract.instrument, seat.funding_ns) or NEVER
        position = self.account.positions.get(contract.sym)
        mark = self.mark_ticks(contract.sym) if position is not None and position.lots else None
        if position is None or mark is None:
            return
        rate = self.funding.against(position.lots)
        self.account.apply_funding(contract, rate, mark, due_ns)
        self._position_moved(seat, position)

    def _expire(self, order: Order) -> None:
        if order.is_open:
            self._close(self.seats[order.sym], order, "Canceled", self.rules.day_text)

    def _die(self, due_ns: int) -> None:
        if self._dead_man == due_ns:
            self._dead_man = None
            for order in list(self.open_orders.values()):
                self.cancel(order, self.rules.dead_man_text)

    def liquidate(self, asset: str) -> None:
        """The venue takes over every position that settles in an asset, at the prices that leave its wallet empty."""
        for order in [each for each in self.open_orders.values() if self.seats[each.sym].contract.asset == asset]:
            self.cancel(order, self.rules.liquidation_text)
        for taken in self.account.liquidate(asset, self.now_ns):
            self._record_liquidation(taken.contract, taken.lots, taken.price, taken.amount)

    def _record_liquidation(self, contract: Contract, lots: int, price: float | None, amount: int) -> None:
        instrument = contract.instrument
        side = SELL if lots > 0 else BUY
        ticks = max(1, instrument.nearest_ticks(price)) if price is not None else 1
        self._numbers += 1
        order = Order(
            self._numbers,
            order_id(self._numbers),
            instrument,
            side,
            "Market",
            None,
            abs(lots),
            self.now_ns,
            text="Liquidation",
        )
        order.filled, order.ticks_times_lots = order.lots, ticks * order.lots
        order.status, order.closed_ns = "Filled", self.now_ns
        self.orders[order.order_id] = order
        self._numbers += 1
        fill = Fill(
            self.now_ns,
            self._numbers,
            order,
            ticks,
            order.lots,
            order.lots,
            False,
            0,
            amount,
            0,
            contract,
            is_liquidation=True,
        )
        self.fills.append(fill)
        self._listener.filled(fill)
        self._listener.order_changed(order, self.now_ns)
        self._listener.position_changed(self.account.positions[contract.sym], self.now_ns)

    # The present

    def _present(self, seat: Seat) -> Market:
        """The market, brought up to now; its hits up to now are taken already."""
        seat.market.move_to(self.now_ns)
        return seat.market

    def _touch(self, market: Market, side: int) -> int:
        bid, ask = market.best()
        return (ask if side == BUY else bid) or 0

    def _crosses(self, market: Market, side: int, limit: int) -> bool:
        bid, ask = market.best()
        return ask is not None and limit >= ask if side == BUY else bid is not None and limit <= bid


def order_id(number: int) -> str:
    """A venue order id: a UUID in form, the same on every run."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def instrument_of(exchange: Exchange, sym: str) -> Instrument:
    return exchange.seat(sym).contract.instrument

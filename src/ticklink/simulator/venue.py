"""SimulatedVenue: a bot's requests carried out at a simulated exchange, without any delay: paper and backtest add their own.

Replies are in the bot's shapes (bus.frames). Native calls go to the venue's native face, which meets the same exchange.
"""

from collections.abc import Callable
from math import ceil
from typing import Any, Protocol

from ticklink.bus import frames
from ticklink.execution import checks
from ticklink.execution.checks import Refused
from ticklink.model.errors import InputError
from ticklink.model.requests import (
    AmendOrder,
    CallEndpoint,
    CancelOrder,
    CreateOrder,
    Failure,
    FetchBalances,
    FetchCandles,
    FetchOpenOrders,
    FetchPositions,
    RateLimits,
    Reply,
    Request,
)
from ticklink.simulator.candles import CandleSource
from ticklink.simulator.exchange import Exchange, Ticket
from ticklink.simulator.orders import SIDE_NAMES, Order
from ticklink.simulator.rules import Rejected

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
LATEST_CANDLES = 1000


class NativeFace(Protocol):
    """A venue's own REST API over an exchange: (method, path, params) in, (HTTP status, body) out."""

    def handle(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]: ...


class SimulatedVenue:
    """One user's venue. `handle` is called with the exchange advanced to the moment the request arrives."""

    def __init__(self, exchange: Exchange, candles: CandleSource, face: NativeFace | None) -> None:
        self.exchange, self.src, self.name = exchange, exchange.account.src, exchange.account.venue
        self._candles, self._face = candles, face
        self._budget = Budget(exchange.rules.requests_per_minute)
        self._handlers: dict[type, Callable[[Any], Any]] = {
            CreateOrder: self._create,
            CancelOrder: self._cancel,
            AmendOrder: self._amend,
            FetchOpenOrders: self._open_orders,
            FetchPositions: self._positions,
            FetchBalances: self._balances,
            FetchCandles: self._fetch_candles,
            CallEndpoint: self._call_endpoint,
        }

    def book(self, now_ns: int, most_ns: int) -> int:
        """Take a request from the budget before it leaves: how long it has to wait, or (not taken) more than `most_ns`."""
        return self._budget.book(now_ns, most_ns)

    @property
    def over_budget(self) -> int:
        """How many requests the venue's rate limit would not have let through."""
        return self._budget.exceeded

    def handle(self, request: Request) -> Reply:
        """Carry out a request that nobody booked: over the budget it is counted."""
        self._budget.spend(self.exchange.now_ns)
        return self.carry_out(request)

    def carry_out(self, request: Request) -> Reply:
        """Carry out a request that the budget has let through."""
        limits = self._budget.limits(self.exchange.now_ns)
        data, failure = None, None
        try:
            data = self._handlers[type(request)](request)
        except (Refused, InputError) as no:
            failure = Failure("refused", str(no))
        except Rejected as no:
            failure = Failure("rejected", no.message)
        venue_id = self.name if type(request) is CallEndpoint else None
        return Reply(self.src, self.name, data, failure, limits, venue_id)

    def _create(self, request: CreateOrder) -> dict[str, Any]:
        instrument = self.exchange.seat(request.sym).contract.instrument
        side = checks.side_sign(request.side)
        lots = checks.size_lots(instrument, request.size)
        checks.check_flags(request)
        ticks = None
        if not request.is_market:
            ticks = checks.price_ticks(instrument, request.price)
            checks.check_notional(instrument, ticks, lots)
        order = self.exchange.place(
            Ticket(
                request.sym,
                side,
                "Market" if request.is_market else "Limit",
                lots,
                ticks,
                client_order_id=request.client_order_id or "",
                time_in_force=request.time_in_force,  # type: ignore[arg-type]
                post_only=request.post_only,
                reduce_only=request.reduce_only,
            )
        )
        if order.status == "Rejected":
            raise Rejected(order.text)
        return order_row(order)

    def _cancel(self, request: CancelOrder) -> list[dict[str, Any]]:
        exchange = self.exchange
        if request.order_id is not None:
            orders = [self._find(request.order_id)]
            if not orders[0].is_open:
                raise Rejected(f"Unable to cancel order due to existing state: {orders[0].status}")
        else:
            if request.sym is not None:
                exchange.seat(request.sym)
            orders = [order for order in exchange.open_orders.values() if request.sym in (None, order.sym)]
        for order in orders:
            exchange.cancel(order)
        return [order_row(order) for order in orders]

    def _amend(self, request: AmendOrder) -> dict[str, Any]:
        checks.check_amend(request)
        order = self._find(request.order_id)
        instrument = order.instrument
        if request.price is not None and order.is_market:
            raise Refused(f"order {order.order_id} is a market order; it has no price to amend")
        ticks = None if request.price is None else checks.price_ticks(instrument, request.price)
        lots = None if request.size is None else checks.size_lots(instrument, request.size)
        if self.exchange.rules.amend == "replace":
            return order_row(self._replace(order, ticks, lots))
        return order_row(self.exchange.amend(order, ticks=ticks, lots=lots))

    def _replace(self, order: Order, ticks: int | None, lots: int | None) -> Order:
        """Where a venue has no amendment: cancel, then place what is left anew, with an id and a queue place of its own."""
        self.exchange.cancel(order)
        left = (order.lots if lots is None else lots) - order.filled
        if left <= 0:
            return order
        placed = self.exchange.place(
            Ticket(
                order.sym,
                order.side,
                order.type,
                left,
                order.ticks if ticks is None else ticks,
                time_in_force=order.time_in_force,
                post_only=order.post_only,
                reduce_only=order.reduce_only,
            )
        )
        if placed.status == "Rejected":
            raise Rejected(placed.text)
        return placed

    def _find(self, order_id: str) -> Order:
        order = self.exchange.find(order_id)
        if order is None:
            raise Rejected(f"{self.exchange.rules.unknown_order}: no order {order_id!r} at {self.name}", status=404)
        return order

    def _open_orders(self, _request: FetchOpenOrders) -> list[dict[str, Any]]:
        return [order_row(order) for order in self.exchange.open_orders.values()]

    def _positions(self, _request: FetchPositions) -> list[dict[str, Any]]:
        exchange = self.exchange
        exchange.set_marks()
        now_ms = exchange.now_ns // NS_PER_MS
        rows = []
        for sym, held in exchange.account.positions.items():
            if held.lots:
                instrument = held.contract.instrument
                mark = exchange.mark_ticks(sym)
                rows.append(
                    frames.position(
                        sym,
                        "Buy" if held.lots > 0 else "Sell",
                        held.entry_price,
                        exchange.account.liquidation_price(sym),
                        instrument.size(held.lots),
                        None if mark is None else instrument.price(mark),
                        now_ms,
                    )
                )
        return rows

    def _balances(self, _request: FetchBalances) -> list[dict[str, Any]]:
        account = self.exchange.account
        return [frames.balance(asset, amount / 10 ** self.scale(asset)) for asset, amount in account.wallets.items()]

    def _fetch_candles(self, request: FetchCandles) -> list[dict[str, Any]]:
        self.exchange.seat(request.sym)
        since_ms, now_ms = checks.since_ms(request.since), self.exchange.now_ns // NS_PER_MS
        return self._candles.rows(request.sym, request.level, since_ms, now_ms, LATEST_CANDLES)

    def _call_endpoint(self, request: CallEndpoint) -> Any:
        if request.version not in ("public", "private"):
            raise Refused(f"version must be 'public' or 'private', not {request.version!r}")
        if self._face is None:
            raise Refused(f"native calls to {self.src} are not simulated yet; use the unified calls")
        status, body = self._face.handle(request.method.upper(), request.path, request.params or {})
        if status >= 400:
            error = body.get("error", body)
            raise Rejected(error["message"], status, error.get("name", "HTTPError"))
        return body

    def scale(self, asset: str) -> int:
        """Decimals of an asset's ledger."""
        for seat in self.exchange.seats.values():
            instrument = seat.contract.instrument
            if asset == seat.contract.asset:
                return seat.contract.asset_scale
            if instrument.is_spot and asset == instrument.base:
                return instrument.base_scale
        return 8


class Budget:
    """A venue's request budget: a token bucket that refills continuously; booked ahead it goes below zero."""

    def __init__(self, per_minute: int) -> None:
        self._size = self._left = float(per_minute)
        self._per_ns = per_minute / (60 * NS_PER_S)
        self._seen_ns = 0
        self.exceeded = 0

    def book(self, now_ns: int, most_ns: int) -> int:
        """Take one, and say how long until it is there; nothing is taken where that is longer than `most_ns`."""
        self._refill(now_ns)
        self._left -= 1
        if self._left >= 0:
            return 0
        wait_ns = ceil(-self._left / self._per_ns)
        if wait_ns > most_ns:
            self._left += 1
        return wait_ns

    def spend(self, now_ns: int) -> None:
        """Take one whether it is there or not."""
        self._refill(now_ns)
        if self._left < 1:
            self.exceeded += 1
        self._left = max(0.0, self._left - 1)

    def limits(self, now_ns: int) -> RateLimits:
        """What is left, and when all of it will be."""
        left = max(0.0, self._left)
        return RateLimits(int(left), int((now_ns + (self._size - left) / self._per_ns) // NS_PER_S) + 1)

    def _refill(self, now_ns: int) -> None:
        left = self._left + (now_ns - self._seen_ns) * self._per_ns
        self._left = left if left < self._size else self._size
        self._seen_ns = now_ns


def order_row(order: Order) -> dict[str, Any]:
    """An order in the bot's shape. A market order's price is its average, once it has one."""
    instrument, ticks = order.instrument, order.ticks
    return frames.order(
        instrument.sym,
        SIDE_NAMES[order.side],
        order.average_price if ticks is None else instrument.price(ticks),
        instrument.size(order.lots),
        instrument.size(order.lots - order.filled) if order.closed_ns is None else 0.0,
        "MARKET" if ticks is None else "LIMIT",
        order.updated_ns // NS_PER_MS,
        order.order_id,
        order.client_order_id,
        order.status,
    )

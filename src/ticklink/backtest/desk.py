"""Desk: a bot's orders and questions on their way to the simulated venues and back, and what the venues report to it.

A request takes the latency model's time to the venue, meets the market as it is then, and takes the way back before the bot's
thread goes on. Reports of orders, fills and positions take the way back too.
"""

from collections.abc import Callable
from typing import Any, Protocol

from ticklink.backtest.scheduler import Scheduler
from ticklink.bus import frames
from ticklink.model.positions import Position
from ticklink.model.requests import Failure, RateLimits, Reply, Request
from ticklink.simulator.exchange import Fill
from ticklink.simulator.markets import NEVER
from ticklink.simulator.models import MOST_BACK_OFF_NS, NS_PER_MS, Latency, RateLimit
from ticklink.simulator.native import NativeRows
from ticklink.simulator.orders import SIDE_NAMES, Order
from ticklink.simulator.venue import SimulatedVenue, order_row

NS_PER_S = 1_000_000_000

Post = Callable[..., None]


class Desk:
    """ports.Exchange of a backtest. `expect` is told when a venue that was asked something does something next."""

    def __init__(
        self,
        scheduler: Scheduler,
        latency: Latency,
        venues: list[SimulatedVenue],
        expect: Callable[[int], None],
        *,
        limit: RateLimit,
    ) -> None:
        self._scheduler, self._latency, self._expect, self._is_limited = scheduler, latency, expect, limit.is_enforced
        self._venues = {venue.name: venue for venue in venues}
        self._exchanges = [venue.exchange for venue in venues]

    def request(self, request: Request) -> Reply:
        venue = self._venues.get(request.venue)
        if venue is None:
            known = ", ".join(self._venues)
            return Reply(
                "", request.venue, failure=Failure("refused", f"unknown venue {request.venue!r}; known: {known}")
            )
        scheduler, latency, exchange = self._scheduler, self._latency, venue.exchange
        leave_ns = scheduler.current_ns()
        if self._is_limited and (wait_ns := venue.book(leave_ns, MOST_BACK_OFF_NS)):
            leave_ns += wait_ns
            if wait_ns > MOST_BACK_OFF_NS:
                return too_many(venue, leave_ns)
        scheduler.sleep_until(leave_ns + latency.to_venue_ns())
        now_ns = scheduler.now_ns
        exchange.advance(now_ns)
        reply = venue.carry_out(request) if self._is_limited else venue.handle(request)
        self._expect(exchange.next_due_ns())
        scheduler.sleep_until(now_ns + latency.from_venue_ns())
        return reply

    # replay.Venues

    def next_due_ns(self) -> int:
        due_ns = NEVER
        for exchange in self._exchanges:
            exchange_ns = exchange.next_due_ns()
            if exchange_ns < due_ns:
                due_ns = exchange_ns
        return due_ns

    def advance(self, until_ns: int) -> None:
        for exchange in self._exchanges:
            exchange.advance(until_ns)


def too_many(venue: SimulatedVenue, free_ns: int) -> Reply:
    """The answer to a request that the venue's budget would keep back too long."""
    limits = RateLimits(0, free_ns // NS_PER_S + 1)
    message = f"too many requests to {venue.name}: the next is free at {limits.reset}"
    return Reply(venue.src, venue.name, None, Failure("rate_limited", message), limits)


class Bot(Protocol):
    """The callbacks for a venue's reports."""

    def order_update(self, src: str, sym: str, data: dict[str, Any]) -> None: ...

    def fill_update(self, src: str, sym: str, data: dict[str, Any]) -> None: ...

    def position_update(self, src: str, sym: str, data: dict[str, Any]) -> None: ...


class Reports:
    """exchange.Listener: turns what happened into the bot's dicts, for the callbacks it has, and posts them with latency."""

    def __init__(self, rows: NativeRows, latency: Latency, post: Post) -> None:
        self.venue: SimulatedVenue | None = None
        self._rows, self._latency, self._post = rows, latency, post
        self._bot: Bot | None = None
        self._wants: frozenset[str] = frozenset()
        self._latest_ns = 0

    def wire(self, bot: Bot, overridden: set[str]) -> None:
        """From now on the bot is told, through the callbacks it defines."""
        self._bot, self._wants = bot, frozenset(overridden)

    def order_changed(self, order: Order, time_ns: int) -> None:
        if "order_update" in self._wants and self._bot is not None and self.venue is not None:
            data = frames.order_update(self.venue.name, order_row(order), self._rows.order_info(order))
            self._report(time_ns, self._bot.order_update, order.sym, data)

    def filled(self, fill: Fill) -> None:
        if "fill_update" not in self._wants or self._bot is None or self.venue is None:
            return
        order, instrument, contract = fill.order, fill.contract.instrument, fill.contract
        data = frames.fill_update(
            self.venue.name,
            SIDE_NAMES[order.side],
            instrument.price(fill.ticks),
            instrument.size(fill.lots),
            instrument.size(fill.cum_lots),
            "MARKET" if order.ticks is None else "LIMIT",
            fill.time_ns // NS_PER_MS,
            order.order_id,
            order.client_order_id,
            fill.trade_id,
            "maker" if fill.is_maker else "taker",
            fill.fee / 10**contract.asset_scale,
            contract.asset,
            self._rows.fill_info(fill),
        )
        self._report(fill.time_ns, self._bot.fill_update, order.sym, data)

    def position_changed(self, position: Position, time_ns: int) -> None:
        if "position_update" not in self._wants or self._bot is None or self.venue is None:
            return
        instrument, exchange = position.contract.instrument, self.venue.exchange
        mark = exchange.mark_ticks(instrument.sym)
        liq_price = exchange.account.liquidation_price(instrument.sym)
        mark_price = None if mark is None else instrument.price(mark)
        data = frames.position_update(
            self.venue.name,
            instrument.size(position.lots),
            mark_price,
            position.entry_price,
            liq_price,
            time_ns // NS_PER_MS,
            self._rows.position_info(position, mark_price, liq_price, time_ns),
        )
        self._report(time_ns, self._bot.position_update, instrument.sym, data)

    def _report(self, time_ns: int, callback: Callable[..., None], sym: str, data: dict[str, Any]) -> None:
        assert self.venue is not None
        self._latest_ns = max(self._latest_ns, time_ns + self._latency.from_venue_ns())
        self._post(self._latest_ns, callback, self.venue.src, sym, data)

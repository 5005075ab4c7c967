"""Snapshots of a running backtest for the live view."""

from collections import deque
from typing import Any

from ticklink.backtest.session import Session
from ticklink.backtest.terminal import OpenOrder, RecentFill, Snapshot
from ticklink.simulator.models import NS_PER_MS
from ticklink.simulator.orders import SIDE_NAMES

MIDS_KEPT = 400
ROWS_KEPT = 40


class Observer:
    """Looks at a session's first market and the first venue that trades it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._instrument = session.instruments[0]
        self._venue = next(venue for venue in session.venues if venue.src == self._instrument.src)
        self._mids: deque[float] = deque(maxlen=MIDS_KEPT)

    def look(self) -> None:
        """Take note of the price; the more often, the finer the view's chart."""
        quote = self._quote()
        if quote is not None:
            self._mids.append((quote["bid"][0] + quote["ask"][0]) / 2)

    def _quote(self) -> dict[str, Any] | None:
        return self._session.view.last_quote(self._instrument.src, self._instrument.sym)

    def snapshot(self, events_per_second: float) -> Snapshot:
        """What there is to see now."""
        session, instrument, exchange = self._session, self._instrument, self._venue.exchange
        now_ns = session.scheduler.current_ns()
        quote = self._quote()
        bid, ask = (quote["bid"][0], quote["ask"][0]) if quote else (None, None)
        rate = self._mids[-1] if self._mids and instrument.settle == instrument.base else 1.0
        exchange.set_marks()
        position = exchange.account.positions.get(instrument.sym)
        unit = rate / 10**instrument.settle_scale
        fees = position.fees * unit if position else 0.0
        realised = position.realised * unit if position else 0.0
        unrealised = exchange.account.unrealised(instrument.sym) * unit if position else 0.0
        funding = position.funding * unit if position else 0.0
        length = max(1, session.end_ns - session.start_ns)
        return Snapshot(
            time_ms=now_ns // NS_PER_MS,
            src=instrument.src,
            sym=instrument.sym,
            bid=bid,
            ask=ask,
            mids=list(self._mids),
            orders=self._open_orders(),
            position=instrument.size(position.lots) if position else 0.0,
            entry=position.entry_price if position else None,
            unrealised=unrealised,
            realised=realised,
            equity_change=realised + unrealised + funding - fees,
            fees=fees,
            currency=instrument.quote,
            fills=self._recent_fills(unit),
            fill_count=len(exchange.fills),
            log=[line.message for line in session.outbox.log[-ROWS_KEPT:]],
            events=session.replay.events,
            events_per_second=events_per_second,
            share_done=min(1.0, max(0.0, (now_ns - session.start_ns) / length)),
        )

    def _open_orders(self) -> list[OpenOrder]:
        return [
            OpenOrder(
                SIDE_NAMES[order.side],
                order.instrument.price(order.ticks),
                order.instrument.size(order.lots),
                order.instrument.size(order.filled),
            )
            for order in self._venue.exchange.open_orders.values()
            if order.ticks is not None and order.sym == self._instrument.sym
        ]

    def _recent_fills(self, unit: float) -> list[RecentFill]:
        return [
            RecentFill(
                fill.time_ns // NS_PER_MS,
                SIDE_NAMES[fill.order.side],
                fill.contract.instrument.price(fill.ticks),
                fill.contract.instrument.size(fill.lots),
                fill.realised * unit,
            )
            for fill in self._venue.exchange.fills[-ROWS_KEPT:]
        ]

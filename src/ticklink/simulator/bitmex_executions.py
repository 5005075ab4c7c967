"""BitMEX's executions: the fills of an account, and what else became of its orders, each as it was at the time.

Funding is not among them: it is in GET /user/walletHistory.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ticklink.simulator.bitmex_params import Params
from ticklink.simulator.bitmex_queries import Query, Row, Table
from ticklink.simulator.bitmex_rows import SUBMITTED, execution_row, quantity, text, trade_execution_row
from ticklink.simulator.exchange import Exchange, Fill
from ticklink.simulator.orders import Order
from ticklink.venues.bitmex import rows as wire

EXECUTIONS = Table(frozenset(wire.ExecutionRow.__struct_fields__), ("execID", "symbol", "timestamp"), most=500)

NEW, REPLACED, TRADED, ENDED = range(4)
"""What comes first of what happened at the same time."""


class Event(NamedTuple):
    """Something that became of an order; `number` is the fill's or the amendment's, and orders those of one time."""

    time_ns: int
    kind: int
    number: int
    order: Order
    fill: Fill | None = None


class Executions:
    """Answers GET /execution and GET /execution/tradeHistory."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._fills: dict[str, list[Fill]] = {}
        self._indexed = 0

    def trades(self, params: Params) -> list[Row]:
        query = self._query(params)
        fills = self._exchange.fills
        found = reversed(fills) if query.reverse else iter(fills)
        return query.answer(self._trade(fill) for fill in found if query.has_symbol(fill.order.sym))

    def all(self, params: Params) -> list[Row]:
        """Orders' acceptance, amendments, fills and ends, in time order."""
        query = self._query(params)
        orders = [order for order in self._exchange.orders.values() if query.has_symbol(order.sym)]
        events = [event for order in orders for event in self._events(order)]
        events.sort(key=lambda event: event[:3], reverse=query.reverse)
        return query.answer(self._row(event) for event in events)

    # How

    def _query(self, params: Params) -> Query:
        return Query.of(params, EXECUTIONS, [seat.contract.instrument for seat in self._exchange.seats.values()])

    def _events(self, order: Order) -> Iterator[Event]:
        yield Event(order.created_ns, NEW, order.number, order)
        for number, (time_ns, _, _) in enumerate(order.changes):
            yield Event(time_ns, REPLACED, number, order)
        for fill in self._fills_of(order):
            yield Event(fill.time_ns, TRADED, fill.number, order, fill)
        if order.closed_ns is not None and order.status != "Filled":
            yield Event(order.closed_ns, ENDED, order.number, order)

    def _row(self, event: Event) -> Row:
        order = event.order
        if event.fill is not None:
            return self._trade(event.fill)
        if event.kind == ENDED:
            return execution_row(order, _id(order, ENDED), event.time_ns, execType=order.status)
        name, number = ("New", 0) if event.kind == NEW else ("Replaced", 1 + event.number)
        ticks, lots = ([order.placed, *((ticks, lots) for _, ticks, lots in order.changes)])[number]
        return self._as_it_was(event, name, _id(order, event.kind, number), ticks, lots)

    def _as_it_was(self, event: Event, name: str, exec_id: str, ticks: int | None, lots: int) -> Row:
        """An order that was open then."""
        order = event.order
        instrument = order.instrument
        before = [fill for fill in self._fills_of(order) if fill.time_ns < event.time_ns]
        filled = sum(fill.lots for fill in before)
        left = max(0, lots - filled)
        return execution_row(
            order,
            exec_id,
            event.time_ns,
            execType=name,
            orderQty=quantity(instrument, lots),
            price=None if ticks is None else instrument.price(ticks),
            ordStatus="PartiallyFilled" if filled else "New",
            workingIndicator=order.triggered and ticks is not None,
            leavesQty=quantity(instrument, left),
            cumQty=quantity(instrument, filled),
            avgPx=_average(before),
            ordRejReason="",
            text=text(order).rpartition("\n")[2] if name == "New" else _without_end(order),
        )

    def _trade(self, fill: Fill) -> Row:
        order = fill.order
        ticks, lots = _terms_at(order, fill.time_ns)
        before = [each for each in self._fills_of(order) if each.number <= fill.number]
        return trade_execution_row(fill, ticks, lots, _average(before))

    def _fills_of(self, order: Order) -> list[Fill]:
        """An order's fills; each fill is sorted in once."""
        fills = self._exchange.fills
        for fill in fills[self._indexed :]:
            self._fills.setdefault(fill.order.order_id, []).append(fill)
        self._indexed = len(fills)
        return self._fills.get(order.order_id, [])


def _terms_at(order: Order, time_ns: int) -> tuple[int | None, int]:
    """An order's price and size at a time. What it is now, unless it was amended later."""
    if not order.changes or order.changes[-1][0] <= time_ns:
        return order.ticks, order.lots
    earlier = [(ticks, lots) for changed_ns, ticks, lots in order.changes if changed_ns <= time_ns]
    return earlier[-1] if earlier else order.placed


def _average(fills: list[Fill]) -> float | None:
    """Average price of fills of one order."""
    lots = sum(fill.lots for fill in fills)
    if not lots:
        return None
    numerator, denominator = fills[0].contract.instrument.tick_ratio
    return sum(fill.ticks * fill.lots for fill in fills) * numerator / (lots * denominator)


def _without_end(order: Order) -> str:
    """The order's text before it was cancelled."""
    first, _, rest = text(order).partition("\n")
    return (rest or SUBMITTED) if first.startswith("Canceled") else text(order)


def _id(order: Order, kind: int, number: int = 0) -> str:
    """`execID` of what is no fill."""
    return f"{order.number:08x}-{number:04x}-4000-b00{kind}-{order.number:012x}"

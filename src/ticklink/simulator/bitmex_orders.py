"""BitMEX's order calls over a simulated exchange: POST, PUT and DELETE of /order and what belongs to them."""

from ticklink.simulator.bitmex_params import Params, invalid, missing
from ticklink.simulator.bitmex_queries import Query, Row, Table
from ticklink.simulator.bitmex_rows import order_row
from ticklink.simulator.bitmex_tickets import (
    BAD_PEG,
    BAD_PRICE,
    BAD_QTY,
    BAD_STOP,
    BAD_SYMBOL,
    client_id,
    order_lots,
    price_ticks,
    stop_ticks,
    ticket,
    unsimulated,
)
from ticklink.simulator.exchange import Exchange, Seat, Ticket
from ticklink.simulator.orders import Order
from ticklink.simulator.rules import Rejected
from ticklink.venues.bitmex import rows as wire
from ticklink.venues.timestamps import ns_to_iso

NS_PER_MS = 1_000_000
LONGEST_TIMEOUT_MS = 365 * 86_400_000

NO_ID = "orderID or origClOrdID must be sent."
UNKNOWN_ID = "Invalid orderID"
UNKNOWN_CLIENT_ID = "Invalid origClOrdID"
BAD_LEAVES = "Invalid leavesQty"
DONE = "Unable to cancel order due to existing state: {status}"
NOT_OURS = "Unable to cancel order: Not found or not owned by user"
"""Of one order among several; the only one asked for is a 404."""
NO_IDS = "Either an orderID or a clOrdID must be provided."
"""[M] in these words."""
NEW_ID_NEEDS_OLD = "clOrdID requires origClOrdID"
"""[M] in these words."""
ONE_QTY = "Only one qty field can be used to amend"
"""[M] in these words."""
AMENDED = "Amended {fields}: {text}"
AMENDED_VIA_API = "Amended via API."
CANCELED_VIA_API = "Canceled via API."
CLOSED_BY = "Canceled: Canceled by a Close order."
"""[M]"""

ORDERS = Table(frozenset(wire.OrderRow.__struct_fields__) - {"error"}, ("orderID", "account", "symbol"), has_open=True)


class OrderDesk:
    """Each method answers one call with a row or rows, or raises Rejected."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def listed(self, params: Params) -> list[Row]:
        """GET /order: in the order they were placed."""
        exchange = self._exchange
        query = Query.of(params, ORDERS, [seat.contract.instrument for seat in exchange.seats.values()])
        orders = exchange.open_orders if query.wants_open else exchange.orders
        found = reversed(orders.values()) if query.reverse else iter(orders.values())
        return query.answer(order_row(order) for order in found if query.has_symbol(order.sym))

    def place(self, params: Params) -> Row:
        """POST /order."""
        seat = self._seat(params)
        held = self._position_lots(seat)
        wanted = ticket(params, seat.contract.instrument, held)
        rivals = self._rivals(wanted, held) if "Close" in params.words("execInst") else []
        order = self._exchange.place(wanted)
        for rival in rivals:
            if rival.is_open:
                self._exchange.cancel(rival, CLOSED_BY)
        return order_row(order)

    def close_position(self, params: Params) -> Row:
        """POST /order/closePosition, which also ends the symbol's other orders."""
        seat = self._seat(params)
        order = self.place(params.with_values(execInst="Close", orderQty=None, side=None, ordType=None))
        for other in list(self._exchange.open_orders.values()):
            if other.sym == seat.contract.sym and other.order_id != order["orderID"]:
                self._exchange.cancel(other, CLOSED_BY)
        return order

    def amend(self, params: Params) -> Row:
        """PUT /order."""
        order = self._amended(params)
        if not order.is_open:
            raise Rejected(self._exchange.rules.done_order)
        lots, ticks, stop = self._lots(params, order), self._ticks(params, order), self._stop(params, order)
        given = {"orderQty": lots, "price": ticks, "stopPx": stop}
        old = order.client_order_id, order.text
        fields = " ".join(name for name, value in given.items() if value is not None)
        note = AMENDED.format(fields=fields, text=params.text("text", AMENDED_VIA_API))
        self._exchange.relabel(order, client_id(params, "clOrdID") or old[0], f"{note}\n{old[1]}" if old[1] else note)
        try:
            self._exchange.amend(order, ticks=ticks, lots=lots, stop_ticks=stop)
        except Rejected:
            self._exchange.relabel(order, *old)
            raise
        return order_row(order)

    def cancel(self, params: Params) -> list[Row]:
        """DELETE /order: those that are done already are answered with an `error`, and HTTP 200."""
        ids, client_ids = params.names("orderID"), params.names("clOrdID")
        if not ids and not client_ids:
            raise Rejected(NO_IDS)
        find = self._exchange.find
        found = [("orderID", name, find(name)) for name in ids]
        found += [("clOrdID", name, find(client_order_id=name)) for name in client_ids]
        if all(order is None for _, _, order in found):
            raise Rejected(self._exchange.rules.unknown_order, status=404)
        text = _cancel_text(params)
        return [
            {field: name, "error": NOT_OURS} if order is None else self._cancel(order, text)
            for field, name, order in found
        ]

    def cancel_all(self, params: Params) -> list[Row]:
        """DELETE /order/all: what there was to cancel, perhaps nothing."""
        instruments = [seat.contract.instrument for seat in self._exchange.seats.values()]
        every = params.with_values(columns=None, count=None, start=None, reverse=None, startTime=None, endTime=None)
        query = Query.of(every, ORDERS, instruments).unlimited()
        text = _cancel_text(params)
        wanted = query.answer(order_row(order) for order in self._exchange.open_orders.values())
        return [self._cancel(self._exchange.orders[row["orderID"]], text) for row in wanted]

    def cancel_all_after(self, params: Params) -> Row:
        """POST /order/cancelAllAfter: the dead man's switch, in ms; 0 disarms it."""
        timeout = params.number("timeout")
        if timeout is None:
            raise missing("timeout")
        if not 0 <= timeout <= LONGEST_TIMEOUT_MS:
            raise invalid("timeout")
        due_ns = self._exchange.cancel_all_after(int(timeout * NS_PER_MS))
        return {"now": ns_to_iso(self._exchange.now_ns), "cancelTime": 0 if due_ns is None else ns_to_iso(due_ns)}

    # How

    def _seat(self, params: Params) -> Seat:
        given = params.text("symbol")
        if not given:
            raise missing("symbol")
        for sym, seat in self._exchange.seats.items():
            if sym.upper() == given.upper():
                return seat
        raise Rejected(BAD_SYMBOL)

    def _position_lots(self, seat: Seat) -> int:
        position = self._exchange.account.positions.get(seat.contract.sym)
        return 0 if position is None else position.lots

    def _rivals(self, wanted: Ticket, held: int) -> list[Order]:
        """Resting limit orders that a Close order pushes out: those of its side, if together they exceed the position."""
        if wanted.stop_ticks is not None:
            return []
        same = [
            order
            for order in self._exchange.open_orders.values()
            if order.sym == wanted.sym and order.side == wanted.side and order.triggered and not order.is_market
        ]
        return same if sum(order.remaining for order in same) + wanted.lots > abs(held) else []

    def _cancel(self, order: Order, text: str) -> Row:
        if not order.is_open:
            return order_row(order) | {"error": DONE.format(status=order.status)}
        self._exchange.cancel(order, text)
        return order_row(order)

    # Amending

    def _amended(self, params: Params) -> Order:
        if "pegOffsetValue" in params:
            raise unsimulated(BAD_PEG, "pegged and trailing orders are")
        if "orderID" in params:
            order, unknown = self._exchange.find(params.text("orderID")), UNKNOWN_ID
        elif "origClOrdID" in params:
            order, unknown = self._exchange.find(client_order_id=params.text("origClOrdID")), UNKNOWN_CLIENT_ID
        else:
            raise Rejected(NO_ID)
        if order is None:
            raise Rejected(unknown)
        if "clOrdID" in params and "origClOrdID" not in params:
            raise Rejected(NEW_ID_NEEDS_OLD)
        return order

    def _lots(self, params: Params, order: Order) -> int | None:
        """The new total; `leavesQty` is what is to be left open of it, and 0 ends the order."""
        size, leaves = params.whole("orderQty"), params.whole("leavesQty")
        if size is not None and leaves is not None:
            raise Rejected(ONE_QTY)
        if size is not None:
            return order_lots(order.instrument, size, BAD_QTY)
        if leaves is None:
            return None
        return order.filled + (order_lots(order.instrument, leaves, BAD_LEAVES) if leaves else 0)

    def _ticks(self, params: Params, order: Order) -> int | None:
        price = params.number("price")
        if price is None:
            return None
        if order.is_market:
            raise Rejected(BAD_PRICE)
        return price_ticks(order.instrument, price)

    def _stop(self, params: Params, order: Order) -> int | None:
        stop = params.number("stopPx")
        if stop is None:
            return None
        if order.stop_ticks is None or order.triggered:
            raise Rejected(BAD_STOP)
        return stop_ticks(order.instrument, stop)


def _cancel_text(params: Params) -> str:
    return f"Canceled: {params.text('text', CANCELED_VIA_API)}"

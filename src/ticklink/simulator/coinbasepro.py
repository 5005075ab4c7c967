"""Coinbase Exchange's rows of orders and fills, as its REST API lists them and as the `info` of a bot's updates.

Numbers are decimal texts. It has no positions. Rows of GET /orders and GET /fills of the venue's documentation.
"""

from decimal import Decimal
from typing import Any

from ticklink.model.positions import Position
from ticklink.simulator.decimals import plain
from ticklink.simulator.exchange import Fill
from ticklink.simulator.orders import BUY, Order
from ticklink.venues.timestamps import ns_to_iso

Row = dict[str, Any]

PROFILE = "00000000-0000-4000-8000-000000000001"
"""The simulated profile, and its user."""

STATUSES = {
    "New": "open",
    "PartiallyFilled": "open",
    "Filled": "done",
    "Canceled": "done",
    "Expired": "done",
    "Rejected": "rejected",
}
TYPES = {"Market": "market", "Limit": "limit", "Stop": "market", "StopLimit": "limit"}
POST_ONLY_REASON = "post only"
"""[M]"""


class CoinbaseRows:
    """native.NativeRows."""

    def order_info(self, order: Order) -> Row:
        """An order as it is now. Fields that the venue leaves out where they say nothing are left out here too."""
        instrument = order.instrument
        scale = instrument.quote_scale
        filled = instrument.exact_size(order.filled)
        value = instrument.exact_price(order.ticks_times_lots) * instrument.lot * instrument.multiplier
        row = {
            "id": order.order_id,
            "client_oid": order.client_order_id,
            "product_id": order.sym,
            "profile_id": PROFILE,
            "side": "buy" if order.side == BUY else "sell",
            "type": TYPES.get(order.type, "limit"),
            "size": plain(instrument.exact_size(order.lots)),
            "price": None if order.ticks is None else plain(instrument.exact_price(order.ticks)),
            "stop": None if order.stop_ticks is None else _stop(order),
            "stop_price": None if order.stop_ticks is None else plain(instrument.exact_price(order.stop_ticks)),
            "time_in_force": None if order.is_market else order.time_in_force,
            "post_only": order.post_only,
            "created_at": ns_to_iso(order.created_ns, decimals=6),
            "fill_fees": plain(Decimal(order.fees).scaleb(-scale)),
            "filled_size": plain(filled),
            "executed_value": plain(value),
            "status": _status(order),
            "settled": order.status == "Filled",
        }
        return {name: field for name, field in (row | _end(order)).items() if field not in (None, "")}

    def fill_info(self, fill: Fill) -> Row:
        order, contract = fill.order, fill.contract
        instrument = contract.instrument
        price, size = instrument.exact_price(fill.ticks), instrument.exact_size(fill.lots)
        return {
            "trade_id": fill.number,
            "product_id": order.sym,
            "order_id": order.order_id,
            "user_id": PROFILE,
            "profile_id": PROFILE,
            "liquidity": "M" if fill.is_maker else "T",
            "price": plain(price),
            "size": plain(size),
            "fee": plain(Decimal(fill.fee).scaleb(-contract.asset_scale)),
            "created_at": ns_to_iso(fill.time_ns, decimals=6),
            "side": "buy" if order.side == BUY else "sell",
            "settled": True,
            "usd_volume": plain(price * size),
        }

    def position_info(self, position: Position, mark_price: float | None, liq_price: float | None, now_ns: int) -> Row:
        """Spot only: there is nothing to say."""
        return {}


def _status(order: Order) -> str:
    is_waiting = order.stop_ticks is not None and not order.triggered and order.is_open
    return "active" if is_waiting else STATUSES[order.status]


def _stop(order: Order) -> str:
    """`entry` triggers when the price rises to it, `loss` when it falls."""
    is_touched = order.type in ("MarketIfTouched", "LimitIfTouched")
    return "entry" if (order.side == BUY) != is_touched else "loss"


def _end(order: Order) -> Row:
    if order.closed_ns is None:
        return {}
    if order.status == "Rejected":
        return {"reject_reason": POST_ONLY_REASON if order.post_only else order.text.partition("\n")[0]}
    reason = "filled" if order.status == "Filled" else "canceled"
    return {"done_at": ns_to_iso(order.closed_ns, decimals=6), "done_reason": reason}

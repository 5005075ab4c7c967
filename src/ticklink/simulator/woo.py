"""WOO X's rows of orders, fills and positions (REST v3), as the `info` of a bot's updates.

Prices, sizes and fees are decimal texts; ids are integers. A market order has its average price in `averageExecutedPrice`.
"""

from decimal import Decimal
from typing import Any

from ticklink.model.positions import Position
from ticklink.simulator.decimals import plain
from ticklink.simulator.exchange import Fill
from ticklink.simulator.orders import BUY, Order

Row = dict[str, Any]

NS_PER_MS = 1_000_000
STATUSES = {
    "New": "NEW",
    "PartiallyFilled": "PARTIAL_FILLED",
    "Filled": "FILLED",
    "Canceled": "CANCELLED",
    "Rejected": "REJECTED",
    "Expired": "CANCELLED",
}


class WooRows:
    """native.NativeRows."""

    def order_info(self, order: Order) -> Row:
        """A row of GET /v3/trade/orders. `realizedPnl` is not kept per order."""
        instrument = order.instrument
        average = order.average_price
        return {
            "orderId": order.number,
            "clientOrderId": _client_id(order),
            "symbol": order.sym,
            "orderTag": "default",
            "side": _side(order),
            "positionSide": "BOTH",
            "quantity": plain(instrument.exact_size(order.lots)),
            "amount": None,
            "type": _type(order),
            "status": STATUSES[order.status],
            "price": None if order.ticks is None else plain(instrument.exact_price(order.ticks)),
            "executed": plain(instrument.exact_size(order.filled)),
            "visible": plain(instrument.exact_size(order.lots)),
            "averageExecutedPrice": None if average is None else plain(Decimal(repr(average))),
            "totalFee": plain(Decimal(order.fees).scaleb(-_scale(order))),
            "feeAsset": instrument.quote,
            "totalRebate": "0",
            "rebateAsset": "",
            "reduceOnly": order.reduce_only,
            "createdTime": _seconds(order.created_ns),
            "realizedPnl": None,
            "bidAskLevel": None,
        }

    def fill_info(self, fill: Fill) -> Row:
        """A row of GET /v3/trade/transactionHistory."""
        order, contract = fill.order, fill.contract
        instrument = contract.instrument
        return {
            "id": fill.number,
            "symbol": order.sym,
            "orderId": order.number,
            "clientOrderId": _client_id(order),
            "executedPrice": plain(instrument.exact_price(fill.ticks)),
            "executedQuantity": plain(instrument.exact_size(fill.lots)),
            "fee": plain(Decimal(fill.fee).scaleb(-contract.asset_scale)),
            "feeAsset": contract.asset,
            "side": _side(order),
            "executedTimestamp": _seconds(fill.time_ns),
            "isMaker": int(fill.is_maker),
            "orderTag": "default",
            "realizedPnl": plain(Decimal(fill.realised).scaleb(-contract.asset_scale)),
        }

    def position_info(self, position: Position, mark_price: float | None, liq_price: float | None, now_ns: int) -> Row:
        """A row of GET /v3/futures/positions; `holding` is signed."""
        contract = position.contract
        entry = position.entry_price
        return {
            "symbol": contract.sym,
            "holding": plain(contract.instrument.exact_size(position.lots)),
            "positionSide": "BOTH",
            "pendingLongQty": "0",
            "pendingShortQty": "0",
            "settlePrice": _price(entry),
            "averageOpenPrice": _price(entry),
            "pnl24H": "0",
            "fee24H": "0",
            "markPrice": _price(mark_price),
            "estLiqPrice": _price(liq_price),
            "adlQuantile": 0,
            "timestamp": now_ns // NS_PER_MS,
            "marginMode": "CROSS",
            "isolatedMarginToken": "",
            "isolatedMarginAmount": "0",
            "isolatedFrozenLong": "0",
            "isolatedFrozenShort": "0",
            "leverage": contract.initial_margin[1] // contract.initial_margin[0],
        }


def _type(order: Order) -> str:
    """Time in force is the type."""
    if order.is_market:
        return "MARKET"
    if order.post_only:
        return "POST_ONLY"
    return order.time_in_force if order.time_in_force in ("IOC", "FOK") else "LIMIT"


def _side(order: Order) -> str:
    return "BUY" if order.side == BUY else "SELL"


def _client_id(order: Order) -> int | str:
    """The venue's are integers, 0 for none; what a bot gave otherwise is shown as it is."""
    given = order.client_order_id
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 20 else given or 0


def _scale(order: Order) -> int:
    instrument = order.instrument
    return instrument.quote_scale if instrument.is_spot else instrument.settle_scale


def _seconds(time_ns: int) -> str:
    """`1752049062.496`"""
    return f"{time_ns // 1_000_000_000}.{time_ns // NS_PER_MS % 1000:03}"


def _price(price: float | None) -> str:
    return "0" if price is None else plain(Decimal(repr(price)))

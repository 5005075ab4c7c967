"""BitMEX's rows of what is ours: orders, executions and positions, as REST replies and as the `info` of a bot's updates.

Every field of the venue's tables is there; what the simulation does not know is None. Quantities are contracts (on spot the
base asset's smallest unit) and money is whole smallest units of the settle asset, both integers, with BitMEX's signs.
"""

from typing import Any

import msgspec

from ticklink.model.instruments import Instrument
from ticklink.model.money import Contract, Ratio, fee, rounded_up
from ticklink.model.positions import Position
from ticklink.simulator.exchange import Fill
from ticklink.simulator.orders import SIDE_NAMES, Order
from ticklink.venues.bitmex.instruments import ASSETS
from ticklink.venues.timestamps import ns_to_iso

Row = dict[str, Any]

ACCOUNT = 100_001
"""The number of the simulated account."""

SUBMITTED = "Submitted via API."
NOT_TRIGGERED, TRIGGERED = "NotTriggered", "StopOrderTriggered"
"""[M] `triggered` of a stop order before and after; empty on other orders."""

TIMES_IN_FORCE = {
    "GTC": "GoodTillCancel",
    "IOC": "ImmediateOrCancel",
    "FOK": "FillOrKill",
    "DAY": "Day",
}
NO_MATCH = "00000000-0000-0000-0000-000000000000"
"""`trdMatchID` of an execution that is no trade."""


class Note(msgspec.Struct, frozen=True):
    """What a native call asked for beyond what matching looks at."""

    instructions: str = ""
    """`execInst`, as it was given."""
    display_qty: int | None = None
    link_id: str = ""
    is_whole_position: bool = False
    """A stop that closes whatever the position is by then."""


class BitmexRows:
    """native.NativeRows."""

    def order_info(self, order: Order) -> Row:
        return order_row(order)

    def fill_info(self, fill: Fill) -> Row:
        return trade_execution_row(fill, fill.order.ticks, fill.order.lots, fill.order.average_price)

    def position_info(self, position: Position, mark_price: float | None, liq_price: float | None, now_ns: int) -> Row:
        return position_row(position, mark_price, liq_price, now_ns)


def order_row(order: Order) -> Row:
    """An order as it is now; a market order's price is its average once it has one."""
    instrument, note, time = order.instrument, _note(order), ns_to_iso(order.updated_ns)
    is_unsized = note.is_whole_position and not order.triggered
    return {
        "orderID": order.order_id,
        "clOrdID": order.client_order_id,
        "clOrdLinkID": note.link_id,
        "account": ACCOUNT,
        "symbol": instrument.sym,
        "side": SIDE_NAMES[order.side],
        "orderQty": None if is_unsized else quantity(instrument, order.lots),
        "price": order.average_price if order.ticks is None else instrument.price(order.ticks),
        "displayQty": note.display_qty,
        "stopPx": None if order.stop_ticks is None else instrument.price(order.stop_ticks),
        "pegOffsetValue": None,
        "pegPriceType": "",
        "currency": instrument.quote,
        "settlCurrency": currency(_money(instrument)),
        "ordType": order.type,
        "timeInForce": TIMES_IN_FORCE["IOC" if order.is_market else order.time_in_force],
        "execInst": instructions(order),
        "contingencyType": "",
        "ordStatus": order.status,
        "triggered": _triggered(order),
        "workingIndicator": order.is_open and order.triggered and not order.is_market,
        "ordRejReason": order.text.partition("\n")[0] if order.status == "Rejected" else "",
        "leavesQty": None if is_unsized and order.is_open else quantity(instrument, order.remaining),
        "cumQty": quantity(instrument, order.filled),
        "avgPx": order.average_price,
        "text": text(order),
        "transactTime": time,
        "timestamp": time,
    }


def trade_execution_row(fill: Fill, ticks: int | None, lots: int, average_price: float | None) -> Row:
    """A fill, with its order's price, size and average price as they were then."""
    order, contract = fill.order, fill.contract
    instrument, signed = contract.instrument, fill.order.side * fill.lots
    home, foreign = _notionals(contract, fill.ticks, signed)
    last_price = instrument.price(fill.ticks)
    return execution_row(
        order,
        fill.trade_id,
        fill.time_ns,
        execType="Trade",
        lastQty=quantity(instrument, fill.lots),
        lastPx=last_price,
        lastLiquidityInd="AddedLiquidity" if fill.is_maker else "RemovedLiquidity",
        orderQty=quantity(instrument, max(lots, fill.cum_lots)),
        price=average_price if ticks is None else instrument.price(ticks),
        ordStatus="PartiallyFilled" if lots > fill.cum_lots else "Filled",
        workingIndicator=lots > fill.cum_lots and ticks is not None,
        leavesQty=quantity(instrument, max(0, lots - fill.cum_lots)),
        cumQty=quantity(instrument, fill.cum_lots),
        avgPx=average_price,
        commission=commission(fill),
        tradePublishIndicator="PublishTrade",
        text=_own_text(order),
        trdMatchID=match_id(fill.number),
        execCost=contract.cost(fill.ticks, signed),
        execComm=fill.fee,
        homeNotional=home,
        foreignNotional=foreign,
    )


def execution_row(order: Order, exec_id: str, time_ns: int, **changed: Any) -> Row:
    """An execution of an order: the order's fields as `changed` says they were, and no trade unless it says so."""
    row = order_row(order)
    time = ns_to_iso(time_ns)
    row |= {
        "execID": exec_id,
        "lastQty": None,
        "lastPx": None,
        "lastLiquidityInd": "",
        "commission": None,
        "feeType": None,
        "tradePublishIndicator": "",
        "trdMatchID": NO_MATCH,
        "execCost": None,
        "execComm": None,
        "homeNotional": None,
        "foreignNotional": None,
        "transactTime": time,
        "timestamp": time,
    }
    return row | changed


def position_row(
    position: Position,
    mark_price: float | None,
    liq_price: float | None,
    now_ns: int,
    bankrupt_price: float | None = None,
) -> Row:
    """A position at a mark price; cross margined, so its leverage is what its initial margin allows."""
    contract, lots = position.contract, position.lots
    instrument = contract.instrument
    mark_ticks = 0 if mark_price is None else instrument.nearest_ticks(mark_price)
    mark_value = contract.cost(mark_ticks, lots) if mark_ticks and lots else 0
    unrealised = position.unrealised(mark_ticks) if mark_ticks else 0
    home, foreign = _notionals(contract, mark_ticks, lots) if mark_value else (0.0, 0.0)
    posted, maintained, exit_fee = _margins(contract, position.cost)
    share = unrealised / abs(position.cost) if position.cost else 0.0
    return {
        "account": ACCOUNT,
        "symbol": contract.sym,
        "currency": currency(contract.asset),
        "underlying": instrument.base,
        "quoteCurrency": instrument.quote,
        "commission": _float(contract.exit_fee),
        "initMarginReq": _float(contract.initial_margin),
        "maintMarginReq": _float(contract.maintenance_margin),
        "riskLimit": None,
        "leverage": contract.initial_margin[1] / contract.initial_margin[0],
        "crossMargin": True,
        "deleveragePercentile": None,
        "rebalancedPnl": 0,
        "prevRealisedPnl": 0,
        "prevUnrealisedPnl": 0,
        "openingQty": 0,
        "openOrderBuyQty": None,
        "openOrderBuyCost": None,
        "openOrderSellQty": None,
        "openOrderSellCost": None,
        "currentQty": quantity(instrument, lots),
        "currentCost": position.cost - position.realised,
        "currentComm": position.fees - position.funding,
        "realisedCost": -position.realised,
        "unrealisedCost": position.cost,
        "isOpen": lots != 0,
        "markPrice": mark_price,
        "markValue": mark_value,
        "riskValue": abs(mark_value),
        "homeNotional": home,
        "foreignNotional": foreign,
        "posState": "",
        "posCost": position.cost,
        "posCross": 0,
        "posComm": exit_fee,
        "posLoss": 0,
        "posMargin": posted,
        "posMaint": maintained,
        "initMargin": 0,
        "maintMargin": posted,
        "realisedPnl": position.net_realised,
        "unrealisedPnl": unrealised,
        "unrealisedPnlPcnt": round(share, 4),
        "unrealisedRoePcnt": round(share * contract.initial_margin[1] / contract.initial_margin[0], 4),
        "avgCostPrice": position.entry_price,
        "avgEntryPrice": position.entry_price,
        "breakEvenPrice": position.break_even_price,
        "marginCallPrice": liq_price,
        "liquidationPrice": liq_price,
        "bankruptPrice": bankrupt_price,
        "timestamp": ns_to_iso(now_ns),
    }


def quantity(instrument: Instrument, lots: int) -> int | float:
    """Lots in the venue's unit: an integer wherever its lots are."""
    numerator, denominator = instrument.lot_ratio
    return lots * numerator if denominator == 1 else lots * numerator / denominator


def currency(asset: str) -> str:
    """The name of an asset's smallest unit: XBt, USDt."""
    return next((unit for unit, known in ASSETS.items() if known.name == asset), asset)


def instructions(order: Order) -> str:
    """`execInst`: as a native call gave it, else what a unified call comes down to."""
    if isinstance(order.note, Note):
        return order.note.instructions
    named = {"ParticipateDoNotInitiate": order.post_only, "ReduceOnly": order.reduce_only}
    return ",".join(name for name, is_set in named.items() if is_set)


def text(order: Order) -> str:
    """What became of the order, over what it was submitted with."""
    last, break_, _ = order.text.partition("\n")
    if break_ or not last:
        return order.text or SUBMITTED
    return f"{last}\n{SUBMITTED}" if order.status in ("Canceled", "Rejected", "Expired") else last


def match_id(number: int) -> str:
    """`trdMatchID`."""
    return f"{number:08x}-0000-4000-a000-{number:012x}"


def commission(fill: Fill) -> float:
    """The rate a fill paid: the published one where that explains its fee."""
    contract = fill.contract
    value = contract.value(fill.ticks, fill.lots)
    rate = contract.maker_fee if fill.is_maker else contract.taker_fee
    if fee(value, rate) == fill.fee:
        return _float(rate)
    return round(fill.fee / abs(value), 8) if value else 0.0


def _own_text(order: Order) -> str:
    return text(order).rpartition("\n")[2]


def _note(order: Order) -> Note:
    note = order.note
    return note if isinstance(note, Note) else Note()


def _triggered(order: Order) -> str:
    if order.stop_ticks is None:
        return ""
    return TRIGGERED if order.triggered else NOT_TRIGGERED


def _money(instrument: Instrument) -> str:
    return instrument.quote if instrument.is_spot else instrument.settle


def _notionals(contract: Contract, ticks: int, lots: int) -> tuple[float | None, float | None]:
    """A quanto's need the price of its settle asset, which is another market's."""
    return (None, None) if contract.kind == "quanto" else contract.notionals(ticks, lots)


def _margins(contract: Contract, cost: int) -> tuple[int, int, int]:
    """What a position's entry cost holds: initial and maintenance margin, each with the fee of closing, and that fee."""
    owed = abs(cost)
    initial, maintenance, closing = (
        rounded_up(owed * rate[0], rate[1])
        for rate in (contract.initial_margin, contract.maintenance_margin, contract.exit_fee)
    )
    return initial + closing, maintenance + closing, closing


def _float(rate: Ratio) -> float:
    return rate[0] / rate[1]

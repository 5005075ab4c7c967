"""Record: the books of a finished run - orders, fills, positions, ledger - as the types of its result."""

from ticklink.backtest.result import FillRecord, LedgerEntry, OrderRecord, PositionRecord
from ticklink.model.positions import Position
from ticklink.simulator.exchange import Fill
from ticklink.simulator.models import NS_PER_MS
from ticklink.simulator.orders import SIDE_NAMES, Order
from ticklink.simulator.venue import SimulatedVenue


def orders(venues: list[SimulatedVenue]) -> list[OrderRecord]:
    """Every order of the run in the order of creation."""
    records = [
        (order.created_ns, order.number, venue.name, order)
        for venue in venues
        for order in venue.exchange.orders.values()
    ]
    return [order_record(name, order) for _, _, name, order in sorted(records, key=lambda record: record[:3])]


def order_record(venue: str, order: Order) -> OrderRecord:
    instrument = order.instrument
    return OrderRecord(
        venue=venue,
        sym=instrument.sym,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        side=SIDE_NAMES[order.side],
        type=order.type,
        price=None if order.ticks is None else instrument.price(order.ticks),
        stop_price=None if order.stop_ticks is None else instrument.price(order.stop_ticks),
        size=instrument.size(order.lots),
        filled=instrument.size(order.filled),
        average_price=order.average_price,
        status=order.status,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        created=order.created_ns // NS_PER_MS,
        closed=None if order.closed_ns is None else order.closed_ns // NS_PER_MS,
        changes=[
            (time_ns // NS_PER_MS, None if ticks is None else instrument.price(ticks), instrument.size(lots))
            for time_ns, ticks, lots in order.changes
        ],
        text=order.text,
    )


def fills(venues: list[SimulatedVenue]) -> list[FillRecord]:
    """Every fill of the run in time order."""
    records = [(fill.time_ns, fill.number, venue.name, fill) for venue in venues for fill in venue.exchange.fills]
    bought: dict[tuple[str, str], Position] = {}
    return [
        fill_record(name, _with_holding(bought, name, fill))
        for _, _, name, fill in sorted(records, key=lambda record: record[:3])
    ]


def _with_holding(bought: dict[tuple[str, str], Position], venue: str, fill: Fill) -> Fill:
    """An account has no position in a spot market; a record counts what was bought there less what was sold."""
    contract, lots = fill.contract, fill.order.side * fill.lots
    if not contract.is_spot:
        return fill
    held = bought.setdefault((venue, contract.sym), Position(contract))
    realised = held.apply(lots, fill.ticks, contract.cost(fill.ticks, lots))
    return fill._replace(realised=realised, position_lots=held.lots)


def fill_record(venue: str, fill: Fill) -> FillRecord:
    instrument, contract = fill.contract.instrument, fill.contract
    unit = 10**contract.asset_scale
    return FillRecord(
        time=fill.time_ns // NS_PER_MS,
        venue=venue,
        sym=instrument.sym,
        side=SIDE_NAMES[fill.order.side],
        price=instrument.price(fill.ticks),
        size=instrument.size(fill.lots),
        liquidity="maker" if fill.is_maker else "taker",
        fee=fill.fee / unit,
        fee_asset=contract.asset,
        realised_pnl=fill.realised / unit,
        pnl_asset=contract.asset,
        position=instrument.size(fill.position_lots),
        order_id=fill.order.order_id,
        trade_id=fill.trade_id,
    )


def positions(venues: list[SimulatedVenue]) -> list[PositionRecord]:
    """Every derivative position there was, valued at the end."""
    return [record for venue in venues for record in venue_positions(venue)]


def venue_positions(venue: SimulatedVenue) -> list[PositionRecord]:
    exchange = venue.exchange
    exchange.set_marks()
    records = []
    for sym, position in exchange.account.positions.items():
        instrument, unit = position.contract.instrument, 10**position.contract.asset_scale
        mark = exchange.mark_ticks(sym)
        records.append(
            PositionRecord(
                venue=venue.name,
                sym=sym,
                size=instrument.size(position.lots),
                entry_price=position.entry_price,
                mark_price=None if mark is None else instrument.price(mark),
                liq_price=exchange.account.liquidation_price(sym),
                unrealised_pnl=exchange.account.unrealised(sym) / unit,
                realised_pnl=position.realised / unit,
                fees=position.fees / unit,
                funding=position.funding / unit,
                settle=position.contract.asset,
            )
        )
    return records


def ledger(venues: list[SimulatedVenue]) -> list[LedgerEntry]:
    """Every change of a wallet, in time order."""
    entries = [
        LedgerEntry(
            time=entry.time_ns // NS_PER_MS,
            venue=venue.name,
            asset=entry.asset,
            amount=entry.amount / 10 ** venue.scale(entry.asset),
            kind=entry.kind,
            sym=entry.sym,
        )
        for venue in venues
        for entry in venue.exchange.account.ledger
    ]
    return sorted(entries, key=lambda entry: entry.time)

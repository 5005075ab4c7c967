"""What must hold of the books of any backtest."""

from collections import defaultdict
from itertools import pairwise
from math import isclose

from ticklink.backtest.result import FillRecord, OrderRecord, PositionRecord, Result
from ticklink.storage.instruments import catalog

CLOSE = 1e-9


def check_books(result: Result) -> None:
    by_order: dict[str, list[FillRecord]] = defaultdict(list)
    for fill in result.fills:
        by_order[f"{fill.venue} {fill.order_id}"].append(fill)
    for order in result.orders:
        check_order(order, by_order.pop(f"{order.venue} {order.order_id}", []))
    assert not by_order, "fills of no order"
    check_positions(result)
    check_ledger(result)
    assert [order.created for order in result.orders] == sorted(order.created for order in result.orders)
    assert [fill.time for fill in result.fills] == sorted(fill.time for fill in result.fills)


def check_order(order: OrderRecord, fills: list[FillRecord]) -> None:
    filled = sum(fill.size for fill in fills)
    assert isclose(filled, order.filled, abs_tol=CLOSE), order
    assert order.filled <= order.size + CLOSE, order
    assert (order.status == "Filled") == isclose(order.filled, order.size), order
    assert (order.closed is None) == (order.status in ("New", "PartiallyFilled")), order
    for fill in fills:
        assert fill.side == order.side, (order, fill)
        assert order.created <= fill.time <= (order.closed or fill.time), (order, fill)
        assert fill.size > 0
    if order.type == "Limit" and not order.changes and order.price is not None:
        sign = 1 if order.side == "Buy" else -1
        assert all(sign * fill.price <= sign * order.price + CLOSE for fill in fills), order
        assert not order.post_only or all(fill.liquidity == "maker" for fill in fills), order


def check_positions(result: Result) -> None:
    """The running position after each fill is the sum of the fills so far, and the last one is the position."""
    held: dict[tuple[str, str], float] = defaultdict(float)
    for fill in result.fills:
        held[fill.venue, fill.sym] += fill.size if fill.side == "Buy" else -fill.size
        assert isclose(held[fill.venue, fill.sym], fill.position, abs_tol=1e-6), fill
    for position in result.positions:
        assert isclose(held[position.venue, position.sym], position.size, abs_tol=1e-6), position


def check_ledger(result: Result) -> None:
    """Wallets are the sums of their entries; fees and profits in them are those of the fills."""
    wallets: dict[str, float] = defaultdict(float)
    kinds: dict[tuple[str, str, str], float] = defaultdict(float)
    for entry in result.ledger:
        wallets[entry.asset] += entry.amount
        kinds[entry.venue, entry.asset, entry.kind] += entry.amount
    assert all(entry.time <= later.time for entry, later in pairwise(result.ledger))
    unrealised: dict[str, float] = defaultdict(float)
    tolerance: dict[str, float] = defaultdict(lambda: 1e-7)
    for position in result.positions:
        unrealised[position.settle] += position.unrealised_pnl
        tolerance[position.settle] += tolerance_of(result, position)
    for asset, series in result.equity.by_asset.items():
        assert isclose(wallets[asset] + unrealised[asset], series[-1], rel_tol=1e-9, abs_tol=tolerance[asset]), asset
    for venue in result.run.venues:
        for asset in wallets:
            fees = sum(fill.fee for fill in result.fills if (fill.venue, fill.fee_asset) == (venue, asset))
            assert isclose(-fees, kinds[venue, asset, "fee"], abs_tol=CLOSE), (venue, asset)


def tolerance_of(result: Result, position: PositionRecord) -> float:
    """By how much a position's profit may differ from the equity's, which is exact and at the middle, between ticks too.

    BitMEX rounds the value of each lot of an inverse contract, at the entry and at the mark.
    """
    instrument = catalog(None)(result.run.venues[position.venue], position.sym)
    half_tick = abs(position.size) * float(instrument.multiplier) * float(instrument.tick) / 2
    if instrument.kind != "inverse":
        return half_tick
    return half_tick / (position.mark_price or 1) ** 2 + abs(position.size) / float(instrument.lot) * 1e-8

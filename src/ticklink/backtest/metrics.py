"""The figures of a backtest: what the bot made, risked and did. docs/metrics.md defines every one of them.

Amounts are in `currency` unless a name says by_asset; shares are fractions (0.1 is 10 %); what is undefined is None.
"""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from ticklink.backtest.equity import (
    Capital,
    Records,
    Series,
    Valuation,
    capital,
    drawdown,
    equity,
    fills_by_market,
    market_price,
    signed_sizes,
    valuation,
)
from ticklink.backtest.result import Equity, FillRecord, LedgerEntry, OrderRecord
from ticklink.model.instruments import Instrument

__all__ = ["Records", "equity", "metrics"]

DAYS_A_YEAR = 365
"""These markets never close (docs/metrics.md, "Sharpe ratio")."""
DAY_MS = 86_400_000
MIN_RETURNS = 3
"""A standard deviation of fewer says nothing."""


def metrics(records: Records, worth: Equity) -> dict[str, Any]:
    """Every figure of docs/metrics.md, ready for JSON; `worth` is what `equity` made of the same records."""
    values = valuation(records, worth.currency)
    deposits = capital(values, records.ledger)
    pnl = np.array(worth.pnl)
    return {
        "currency": worth.currency,
        **_outcome(worth, values, deposits),
        **_costs(values, records.ledger),
        **_risk(values.times, deposits.at_cost, pnl),
        **_trading(records, values),
        **_activity(records),
        **_exposure(records, values, np.array(worth.total), worth.position),
        **_buy_and_hold(records, deposits.at_cost),
        "pnl_by_day": _pnl_by_day(worth.times, worth.pnl),
    }


def _outcome(worth: Equity, values: Valuation, deposits: Capital) -> dict[str, Any]:
    nothing = np.zeros(len(values.times))
    by_asset = {
        asset: amounts[-1] - float(deposits.by_asset.get(asset, nothing)[-1])
        for asset, amounts in worth.by_asset.items()
    }
    net, invested = worth.pnl[-1], float(deposits.at_cost[-1])
    return {
        "net_pnl": net,
        "net_pnl_by_asset": by_asset,
        "return": _ratio(net, invested),
        "deposits": invested,
        "end_equity": worth.total[-1],
        "holdings_pnl": worth.total[-1] - invested - net,
    }


def _costs(values: Valuation, ledger: list[LedgerEntry]) -> dict[str, Any]:
    fees, fees_by_asset = _flows(values, [entry for entry in ledger if entry.kind == "fee"])
    funding, funding_by_asset = _flows(values, [entry for entry in ledger if entry.kind == "funding"])
    return {
        "fees": 0.0 - fees,
        "fees_by_asset": {asset: 0.0 - amount for asset, amount in fees_by_asset.items()},
        "funding": funding,
        "funding_by_asset": funding_by_asset,
    }


def _flows(values: Valuation, entries: list[LedgerEntry]) -> tuple[float, dict[str, float]]:
    """The sum of ledger entries, each at the price of its time, and their sums by asset."""
    by_asset: dict[str, float] = {}
    for entry in entries:
        by_asset[entry.asset] = by_asset.get(entry.asset, 0.0) + entry.amount
    total = 0.0
    for asset in by_asset:
        rate = values.rate(asset)
        of_asset = [entry for entry in entries if entry.asset == asset]
        if rate is not None:
            amounts = np.array([entry.amount for entry in of_asset])
            total += float(np.dot(amounts, rate[values.bucket(entry.time for entry in of_asset)]))
    return total, by_asset


def _risk(times: np.ndarray[Any, np.dtype[np.int64]], invested: Series, pnl: Series) -> dict[str, Any]:
    worth = invested + pnl
    returns = _returns(worth, pnl)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    a_year = float(np.sqrt(DAYS_A_YEAR * DAY_MS / step)) if step > 0 else 0.0
    return {
        "max_drawdown": _max_drawdown(times, worth),
        "sharpe": _sharpe(returns, a_year),
        "sortino": _sortino(returns, a_year),
        "return_period_ms": step,
    }


def _returns(worth: Series, pnl: Series) -> Series:
    """P&L of each period over the worth at its start; none at all where the worth was ever gone."""
    if np.any(worth[:-1] <= 0):
        return np.zeros(0)
    return np.diff(pnl) / worth[:-1]


def _sharpe(returns: Series, a_year: float) -> float | None:
    if len(returns) < MIN_RETURNS or not _varies(returns):
        return None
    return float(np.mean(returns) / np.std(returns, ddof=1)) * a_year


def _sortino(returns: Series, a_year: float) -> float | None:
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2))) if len(returns) >= MIN_RETURNS else 0.0
    return float(np.mean(returns)) / downside * a_year if downside > 0 else None


def _varies(returns: Series) -> bool:
    """Whether there is variance beyond the noise of floats."""
    return float(np.ptp(returns)) > 1e-12 * max(1.0, float(np.max(np.abs(returns))))


def _max_drawdown(times: np.ndarray[Any, np.dtype[np.int64]], worth: Series) -> dict[str, Any]:
    """The deepest fall as a share of its peak: from the time of the peak to the time of the low."""
    shares = drawdown(worth)
    low = int(np.argmin(shares)) if len(shares) else 0
    if not len(shares) or shares[low] == 0:
        return {"amount": 0.0, "share": 0.0, "from": None, "to": None}
    peak = int(np.argmax(worth[: low + 1]))
    amount = float(worth[peak] - worth[low])
    return {"amount": amount, "share": -float(shares[low]), "from": int(times[peak]), "to": int(times[low])}


def _trading(records: Records, values: Valuation) -> dict[str, Any]:
    traded = 0.0
    trips: list[float] = []
    for (venue, sym), fills in fills_by_market(records.fills).items():
        terms = records.instrument(venue, sym)
        traded += float(np.sum(_notional(values, terms, fills)))
        trips += _closing_pnl(values, fills)
    wins = sum(trip for trip in trips if trip > 0)
    losses = -sum(trip for trip in trips if trip < 0)
    return {
        "turnover": traded,
        "closing_trades": len(trips),
        "hit_rate": _ratio(sum(trip > 0 for trip in trips), len(trips)),
        "profit_factor": _ratio(wins, losses),
        "average_holding_time_ms": _average_holding_time(records),
    }


def _notional(values: Valuation, terms: Instrument, fills: list[FillRecord]) -> Series:
    """What each fill was worth, in the currency; 0 where nothing prices it."""
    size = np.array([fill.size for fill in fills]) * float(terms.multiplier)
    if terms.kind != "inverse":
        size *= np.array([fill.price for fill in fills])
    rate = values.rate(terms.settle if terms.kind == "quanto" else terms.quote)
    return np.zeros(len(fills)) if rate is None else size * rate[values.bucket(fill.time for fill in fills)]


def _closing_pnl(values: Valuation, fills: list[FillRecord]) -> list[float]:
    """Of each fill that reduced the position: what it realised, less its fee and its part of the fees of opening."""
    buckets = values.bucket(fill.time for fill in fills)
    rates = {asset: values.rate(asset) for fill in fills for asset in (fill.fee_asset, fill.pnl_asset)}
    carried, closing = 0.0, []
    for fill, bucket, signed in zip(fills, buckets.tolist(), signed_sizes(fills).tolist(), strict=True):
        fee_rate, pnl_rate = rates[fill.fee_asset], rates[fill.pnl_asset]
        fee = fill.fee * float(fee_rate[bucket]) if fee_rate is not None else 0.0
        before = fill.position - signed
        closed = min(abs(before), fill.size) if before * signed < 0 else 0.0
        if closed > 0:
            opening, own = carried * closed / abs(before), fee * closed / fill.size
            realised = fill.realised_pnl * float(pnl_rate[bucket]) if pnl_rate is not None else 0.0
            closing.append(realised - own - opening)
            carried, fee = carried - opening, fee - own
        carried += fee
    return closing


def _average_holding_time(records: Records) -> float | None:
    """Over all markets the size-weighted time from opening to closing, or to the end, in ms."""
    held, count = 0.0, 0.0
    for fills in fills_by_market(records.fills).values():
        times, positions, signed = _steps(records, fills)
        opened = np.abs(positions) - np.abs(positions - signed)
        crossed = positions * (positions - signed) < 0
        entered = float(np.sum(np.where(crossed, np.abs(positions), np.maximum(opened, 0.0))))
        if entered > 0:
            held += float(np.sum(np.abs(positions) * np.diff(times))) / entered * len(fills)
            count += len(fills)
    return _ratio(held, count)


def _steps(records: Records, fills: list[FillRecord]) -> tuple[Series, Series, Series]:
    """The times of the fills and of the run's end, the position after each fill, and its signed size."""
    end = max(records.times[-1], fills[-1].time)
    times = np.array([*(fill.time for fill in fills), end], np.float64)
    return times, np.array([fill.position for fill in fills]), signed_sizes(fills)


def _activity(records: Records) -> dict[str, Any]:
    orders, fills = records.orders, records.fills
    placed = [order for order in orders if not order.status.lower().startswith("reject")]
    cancels = sum(order.status.lower().startswith("cancel") for order in orders)
    amendments = sum(len(order.changes) for order in orders)
    messages = len(placed) + amendments + cancels
    return {
        "orders": len(orders),
        "fills": len(fills),
        "cancels": cancels,
        "amendments": amendments,
        "rejected": len(orders) - len(placed),
        "maker_share": _ratio(sum(fill.liquidity.lower().startswith("m") for fill in fills), len(fills)),
        "fill_ratio": _ratio(sum(order.filled > 0 for order in placed), len(placed)),
        "fill_ratio_by_size": _fill_ratio_by_size(placed),
        "order_to_trade": _ratio(messages, len(fills)),
    }


def _fill_ratio_by_size(placed: list[OrderRecord]) -> float | None:
    """Sizes of different markets do not add up: each market's own ratio, weighted by its number of orders."""
    markets: dict[tuple[str, str], list[OrderRecord]] = {}
    for order in placed:
        markets.setdefault((order.venue, order.sym), []).append(order)
    sums = [(sum(o.filled for o in orders), sum(o.size for o in orders), len(orders)) for orders in markets.values()]
    shares = [(filled / size, count) for filled, size, count in sums if size > 0]
    return _ratio(sum(share * count for share, count in shares), sum(count for _, count in shares))


def _exposure(records: Records, values: Valuation, worth: Series, position: dict[str, list[float]]) -> dict[str, Any]:
    exposure = np.zeros(len(values.times))
    largest: dict[str, float] = {}
    for (venue, sym), fills in fills_by_market(records.fills).items():
        terms = records.instrument(venue, sym)
        exposure += np.abs(_position_value(records, values, terms, np.array(position[f"{venue} {sym}"])))
        largest[f"{venue} {sym}"] = max((fill.position for fill in fills), key=abs)
    shares = np.divide(exposure, worth, out=np.zeros_like(exposure), where=worth > 0)
    return {
        "time_in_market": _time_in_market(records),
        "max_position": largest,
        "max_exposure": float(np.max(exposure, initial=0.0)),
        "exposure": {"average": float(np.mean(shares)), "max": float(np.max(shares, initial=0.0))},
    }


def _position_value(records: Records, values: Valuation, terms: Instrument, size: Series) -> Series:
    price = market_price(records, terms)
    rate = values.rate(terms.settle if terms.kind == "quanto" else terms.quote)
    if rate is None or (price is None and terms.kind != "inverse"):
        return np.zeros_like(size)
    value = size * float(terms.multiplier) * rate
    return value if terms.kind == "inverse" or price is None else value * price


def _time_in_market(records: Records) -> float | None:
    """Share of the run with a position in any market."""
    since, held = records.times[0], 0
    holding: set[tuple[str, str]] = set()
    for fill in records.fills:
        held += fill.time - since if holding else 0
        since = fill.time
        (holding.add if fill.position else holding.discard)((fill.venue, fill.sym))
    held += records.times[-1] - since if holding else 0
    return _ratio(held, records.times[-1] - records.times[0])


def _buy_and_hold(records: Records, invested: Series) -> dict[str, Any]:
    """What holding each market from start to end returned, and what the first deposits made, spread equally."""
    returns: dict[str, float] = {}
    for market in records.prices:
        known = [price for price in market.mid if price is not None]
        if known:
            returns[f"{market.src} {market.sym}"] = known[-1] / known[0] - 1
    mean = sum(returns.values()) / len(returns) if returns else None
    return {
        "buy_and_hold": returns,
        "buy_and_hold_return": mean,
        "buy_and_hold_pnl": None if mean is None else mean * float(invested[0]),
    }


def _pnl_by_day(times: list[int], pnl: list[float]) -> dict[str, float]:
    """{"2026-01-31": P&L of that day, UTC}; a day's first change is from the last grid time of the day before."""
    last: dict[str, float] = {}
    for time, value in zip(times, pnl, strict=True):
        last[datetime.fromtimestamp(time / 1000, UTC).date().isoformat()] = value
    days = [("", 0.0), *last.items()]
    return {day: value - before for (_, before), (day, value) in pairwise(days)}


def _ratio(amount: float, of: float) -> float | None:
    return amount / of if of > 0 else None

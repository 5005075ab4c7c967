"""The figures of a backtest: what the bot made, risked and did. docs/metrics.md defines every one of them.

Amounts are in `currency` unless a name says by_asset; shares are fractions (0.1 is 10 %); what is undefined is None.
"""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from ticklink.backtest.equity import (
    Capital,
    Records,
    Series,
    Trades,
    Valuation,
    capital,
    drawdown,
    equity,
    market_price,
    valuation,
)
from ticklink.backtest.result import Equity, LedgerEntry, OrderRecord

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
    times = np.array([entry.time for entry in entries], np.int64)
    amounts = np.array([entry.amount for entry in entries])
    return float(np.sum(values.worth_at(times, amounts, [entry.asset for entry in entries]))), by_asset


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
    for trades in records.trades.values():
        traded += float(np.sum(_notional(values, trades)))
        trips += _closing_pnl(values, trades)
    wins = sum(trip for trip in trips if trip > 0)
    losses = -sum(trip for trip in trips if trip < 0)
    return {
        "turnover": traded,
        "closing_trades": len(trips),
        "hit_rate": _ratio(sum(trip > 0 for trip in trips), len(trips)),
        "profit_factor": _ratio(wins, losses),
        "average_holding_time_ms": _average_holding_time(records),
    }


def _notional(values: Valuation, trades: Trades) -> Series:
    """What each fill was worth, in the currency; 0 where nothing prices it."""
    terms, size = trades.terms, np.abs(trades.size)
    value = size if terms.kind == "inverse" else size * trades.price
    asset = terms.settle if terms.kind == "quanto" else terms.quote
    return values.worth_at(trades.times, value * float(terms.multiplier), [asset] * len(value))


def _closing_pnl(values: Valuation, trades: Trades) -> list[float]:
    """Of each fill that reduced the position: what it realised, less its fee and its part of the fees of opening."""
    fee_of = np.array([fill.fee for fill in trades.fills])
    fees = values.worth_at(trades.times, fee_of, [fill.fee_asset for fill in trades.fills])
    gains = values.worth_at(trades.times, trades.realised, [fill.pnl_asset for fill in trades.fills])
    before, closed = _closed(trades)
    carried, closing = 0.0, []
    for fee, gain, held, share, size in zip(
        fees.tolist(), gains.tolist(), before.tolist(), closed.tolist(), trades.size.tolist(), strict=True
    ):
        own = fee * share / abs(size)
        if share > 0:
            opening = carried * share / abs(held)
            closing.append(gain - own - opening)
            carried -= opening
        carried += fee - own
    return closing


def _closed(trades: Trades) -> tuple[Series, Series]:
    """The position before each fill, and how much of it the fill closed."""
    before = trades.position - trades.size
    return before, np.where(before * trades.size < 0, np.minimum(np.abs(before), np.abs(trades.size)), 0.0)


def _average_holding_time(records: Records) -> float | None:
    """The size-weighted time from opening to closing, or to the end, in ms; over markets weighted by their fills."""
    held, count = 0.0, 0
    for trades in records.trades.values():
        opened = float(np.sum(np.abs(trades.size) - _closed(trades)[1]))
        if opened > 0:
            held += float(np.sum(np.abs(trades.position) * _durations(records, trades))) / opened * len(trades.fills)
            count += len(trades.fills)
    return _ratio(held, count)


def _durations(records: Records, trades: Trades) -> Series:
    """How long the position after each fill lasted, in ms."""
    return np.maximum(np.diff(trades.times.astype(np.float64), append=records.times[-1]), 0.0)


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
    for market, trades in records.trades.items():
        exposure += np.abs(_position_value(records, values, trades, np.array(position[market])))
        largest[market] = float(trades.position[np.argmax(np.abs(trades.position))])
    shares = np.divide(exposure, worth, out=np.zeros_like(exposure), where=worth > 0)
    return {
        "time_in_market": _time_in_market(records),
        "max_position": largest,
        "max_exposure": float(np.max(exposure, initial=0.0)),
        "exposure": {"average": float(np.mean(shares)), "max": float(np.max(shares, initial=0.0))},
    }


def _position_value(records: Records, values: Valuation, trades: Trades, size: Series) -> Series:
    terms, price = trades.terms, market_price(records, trades.terms)
    rate = values.rate(terms.settle if terms.kind == "quanto" else terms.quote)
    value = size * float(terms.multiplier) * (np.zeros_like(size) if rate is None else rate)
    return value if terms.kind == "inverse" else value * (trades.price[-1] if price is None else price)


def _time_in_market(records: Records) -> float | None:
    """Share of the run with a position in any market."""
    changes: list[tuple[Series, Series]] = []
    for trades in records.trades.values():
        held = trades.position != 0
        changes.append((trades.times.astype(np.float64), np.diff(held.astype(np.float64), prepend=0.0)))
    if not changes:
        return 0.0
    times = np.concatenate([times for times, _ in changes])
    order = np.argsort(times, kind="stable")
    markets_held = np.cumsum(np.concatenate([steps for _, steps in changes])[order])
    lasted = np.diff(times[order], append=max(records.times[-1], times.max()))
    return _ratio(float(np.sum(lasted[markets_held > 0])), records.times[-1] - records.times[0])


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
    """{"2026-01-31": P&L of that day, UTC}; what is known at midnight belongs to the day that ends."""
    days = np.maximum(np.array(times, np.int64) - 1, times[0]) // DAY_MS
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
    gained = np.diff(np.array(pnl)[last], prepend=0.0).tolist()
    names = [datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat() for day in days[last].tolist()]
    return dict(zip(names, gained, strict=True))


def _ratio(amount: float, of: float) -> float | None:
    return amount / of if of > 0 else None

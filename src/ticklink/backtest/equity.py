"""What a run's accounts were worth over time: wallets and open positions, by asset and in one currency.

Everything is float and vectorised over the run's time grid; the exact amounts stay in the ledger that this reads.
"""

from functools import cached_property

import msgspec
import numpy as np
from numpy.typing import NDArray

from ticklink.backtest.result import Equity, FillRecord, LedgerEntry, OrderRecord, PriceSamples
from ticklink.model.instruments import Instrument

Series = NDArray[np.float64]
"""One value for each time of the grid."""

DOLLARS = ("USD", "USDT", "USDC")
"""Counted one to one where no market prices one in another; Equity.notes says so."""

SAME_ASSET = {"XBT": "BTC"}


class Trades(msgspec.Struct, frozen=True):
    """One market's fills as columns, in time order: sizes are negative for sells."""

    terms: Instrument
    fills: list[FillRecord]
    times: NDArray[np.int64]
    price: Series
    size: Series
    position: Series
    """After each fill."""
    realised: Series


class Records(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a run recorded, in time order. Initial deposits are the ledger's entries of kind deposit."""

    times: list[int]
    """The run's grid: epoch ms, rising; the last one is the end of the run."""
    instruments: list[Instrument]
    venues: dict[str, str]
    """{venue name: src}"""
    prices: list[PriceSamples]
    orders: list[OrderRecord]
    fills: list[FillRecord]
    ledger: list[LedgerEntry]

    @cached_property
    def trades(self) -> dict[str, Trades]:
        """{"venue sym": its fills}"""
        markets: dict[tuple[str, str], list[FillRecord]] = {}
        for fill in self.fills:
            markets.setdefault((fill.venue, fill.sym), []).append(fill)
        return {f"{venue} {sym}": _trades(self._terms(venue, sym), fills) for (venue, sym), fills in markets.items()}

    def _terms(self, venue: str, sym: str) -> Instrument:
        src = self.venues.get(venue, venue)
        return next(terms for terms in self.instruments if terms.sym == sym and terms.src == src)


class Valuation(msgspec.Struct, frozen=True):
    """What one unit of each asset is worth in `currency` at each time; an asset that nothing prices is missing."""

    currency: str
    times: NDArray[np.int64]
    rates: dict[str, Series]
    at_par: frozenset[str]
    """Dollars counted one to one for want of a market."""

    def rate(self, asset: str) -> Series | None:
        return self.rates.get(_plain(asset))

    def worth(self, by_asset: dict[str, Series]) -> Series:
        """Amounts of several assets as one amount of the currency, leaving out what has no price."""
        total = np.zeros(len(self.times))
        for asset, amounts in by_asset.items():
            rate = self.rate(asset)
            if rate is not None:
                total += amounts * rate
        return total

    def bucket(self, times: NDArray[np.int64]) -> NDArray[np.intp]:
        """For each time the index of the first grid time at or after it; what comes after the end counts at the end."""
        return np.minimum(np.searchsorted(self.times, times, side="left"), len(self.times) - 1)

    def worth_at(self, times: NDArray[np.int64], amounts: Series, assets: list[str]) -> Series:
        """What amounts, each of its own time and asset, were worth then; 0 where nothing prices them."""
        worth, buckets = np.zeros(len(amounts)), self.bucket(times)
        for asset in set(assets):
            rate = self.rate(asset)
            if rate is not None:
                mine = np.array([name == asset for name in assets])
                worth += np.where(mine, amounts * rate[buckets], 0.0)
        return worth


class Capital(msgspec.Struct, frozen=True):
    """The deposits: how much of each asset so far, and what they were worth when they were made."""

    by_asset: dict[str, Series]
    at_cost: Series


def equity(records: Records, *, currency: str | None = None) -> Equity:
    """The accounts' worth on the grid, in `currency` (by default that of `default_currency`)."""
    values = valuation(records, currency or default_currency(records))
    by_asset = _wallets(values, records.ledger)
    positions: dict[str, Series] = {}
    for market, trades in records.trades.items():
        positions[market], unrealised = _position(values, trades, market_price(records, trades.terms))
        if not trades.terms.is_spot:
            settle = trades.terms.settle
            by_asset[settle] = by_asset.get(settle, np.zeros(len(values.times))) + unrealised
    deposits = capital(values, records.ledger)
    total = values.worth(by_asset)
    pnl = total - values.worth(deposits.by_asset)
    return Equity(
        currency=values.currency,
        times=list(records.times),
        total=total.tolist(),
        drawdown=drawdown(deposits.at_cost + pnl).tolist(),
        by_asset={asset: amounts.tolist() for asset, amounts in by_asset.items()},
        position={market: sizes.tolist() for market, sizes in positions.items()},
        pnl=pnl.tolist(),
        notes=_notes(values, by_asset),
    )


def default_currency(records: Records) -> str:
    """The first market's quote, unless it is no dollar and another market's is; USD when there is no market."""
    quotes = [terms.quote for terms in records.instruments]
    return next((quote for quote in quotes if quote in DOLLARS), quotes[0] if quotes else DOLLARS[0])


def valuation(records: Records, currency: str) -> Valuation:
    """Prices every asset that a chain of the run's markets leads to, spot markets first, dollars at par."""
    times = np.array(records.times, np.int64)
    rates = {_plain(currency): np.ones(len(times))}
    markets = sorted(records.prices, key=lambda market: market.kind != "spot")
    _spread(rates, [market for market in markets if market.base in DOLLARS and market.quote in DOLLARS])
    at_par = frozenset(asset for asset in DOLLARS if asset not in rates and currency in DOLLARS)
    rates |= {asset: np.ones(len(times)) for asset in at_par}
    _spread(rates, markets)
    return Valuation(currency, times, rates, at_par)


def capital(values: Valuation, ledger: list[LedgerEntry]) -> Capital:
    """The deposits so far at each time, and their worth at the price of the time they were made."""
    by_asset = _wallets(values, [entry for entry in ledger if entry.kind == "deposit"])
    priced = {asset: values.rate(asset) for asset in by_asset}
    made = [np.diff(by_asset[asset], prepend=0.0) * rate for asset, rate in priced.items() if rate is not None]
    return Capital(by_asset, np.cumsum(sum(made, np.zeros(len(values.times)))))


def drawdown(worth: Series) -> Series:
    """Fall from the highest worth so far, as a share of it (0 or negative)."""
    peak = np.maximum.accumulate(worth)
    fall = worth - peak
    return np.divide(fall, peak, out=np.zeros_like(fall), where=peak > 0)


def market_price(records: Records, terms: Instrument) -> Series | None:
    """A market's mid price at each time, None where the run never saw one."""
    found = (market for market in records.prices if market.sym == terms.sym and market.src == terms.src)
    market = next(found, None)
    return None if market is None else _filled(market.mid)


def _trades(terms: Instrument, fills: list[FillRecord]) -> Trades:
    return Trades(
        terms,
        fills,
        np.array([fill.time for fill in fills], np.int64),
        np.array([fill.price for fill in fills]),
        np.array([fill.size if fill.side == "Buy" else -fill.size for fill in fills]),
        np.array([fill.position for fill in fills]),
        np.array([fill.realised_pnl for fill in fills]),
    )


def _position(values: Valuation, trades: Trades, mark: Series | None) -> tuple[Series, Series]:
    """A market's position and its unrealised P&L in the settle asset.

    Needs no entry price: all the position ever made is its value now less what its fills cost, and what of that is
    realised the fills say. Values are taken relative to the first fill's, so that large sums do not cancel.
    """
    terms, so_far = trades.terms, _fills_so_far(values, trades)
    if mark is None:
        mark = trades.price[np.maximum(so_far - 1, 0)]
    origin = _unit_value(terms, trades.price[:1])
    cost = np.cumsum(trades.size * (_unit_value(terms, trades.price) - origin)) + np.cumsum(trades.realised)
    size = _at(trades.position, so_far)
    unrealised = size * (_unit_value(terms, mark) - origin) - _at(cost, so_far)
    return size, np.where(size == 0, 0.0, unrealised)


def _unit_value(terms: Instrument, price: Series) -> Series:
    """What one unit of size gains from a price of 0 to `price`, up to a constant, in the settle asset."""
    multiplier = float(terms.multiplier)
    return -multiplier / price if terms.kind == "inverse" else multiplier * price


def _fills_so_far(values: Valuation, trades: Trades) -> NDArray[np.intp]:
    """How many fills there were up to each time."""
    return np.cumsum(np.bincount(values.bucket(trades.times), minlength=len(values.times)))


def _at(after_each: Series, so_far: NDArray[np.intp]) -> Series:
    """A value that each fill sets, as it stood after so many fills; 0 before the first."""
    return np.concatenate(([0.0], after_each))[so_far]


def _wallets(values: Valuation, ledger: list[LedgerEntry]) -> dict[str, Series]:
    """Each asset's wallet at each time, over all venues."""
    amounts: dict[str, list[float]] = {}
    times: dict[str, list[int]] = {}
    for entry in ledger:
        amounts.setdefault(entry.asset, []).append(entry.amount)
        times.setdefault(entry.asset, []).append(entry.time)
    count = len(values.times)
    return {
        asset: np.cumsum(np.bincount(values.bucket(np.array(times[asset])), amounts[asset], minlength=count))
        for asset in amounts
    }


def _spread(rates: dict[str, Series], markets: list[PriceSamples]) -> None:
    """Adds a rate for every asset that the markets connect to one that has a rate, nearest first."""
    found = True
    while found:
        found = False
        for market in markets:
            base, quote, price = _plain(market.base), _plain(market.quote), _filled(market.mid)
            if price is None or (base in rates) == (quote in rates):
                continue
            known = rates.get(quote)
            rates |= {base: price * known} if known is not None else {quote: rates[base] / price}
            found = True


def _filled(prices: list[float | None]) -> Series | None:
    """Prices without gaps: the last one known, before the first one that. None when there is no price at all."""
    values = np.array(prices, np.float64)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    return values[known[np.maximum(np.searchsorted(known, np.arange(len(values)), side="right") - 1, 0)]]


def _notes(values: Valuation, by_asset: dict[str, Series]) -> list[str]:
    held = sorted(asset for asset, amounts in by_asset.items() if np.any(amounts))
    return [
        f"{asset} has no price in {values.currency} in this run: it is not part of the total"
        for asset in held
        if values.rate(asset) is None
    ] + [f"1 {asset} is counted as 1 {values.currency}" for asset in held if asset in values.at_par]


def _plain(asset: str) -> str:
    return SAME_ASSET.get(asset, asset)

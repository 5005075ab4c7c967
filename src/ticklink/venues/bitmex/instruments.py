"""The terms of BitMEX's contracts, from its instrument rows (GET /instrument)."""

# ruff: noqa: N815  the fields have the venue's names
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from ticklink.model.errors import InputError
from ticklink.model.instruments import Asset, Instrument, Kind
from ticklink.venues.timestamps import iso_to_ns

SRC = "bitmex"
SYMBOL = "symbol"
SPOT = "IFXXXP"

ASSETS: Mapping[str, Asset] = MappingProxyType(
    {
        "XBt": Asset("XBT", 8),
        "USDt": Asset("USDT", 6),
        "Gwei": Asset("ETH", 9),
        "LAMp": Asset("SOL", 9),
        "BMEx": Asset("BMEX", 6),
    }
)
"""BitMEX accounts in an asset's smallest unit and names it so (GET /wallet/assets)."""

NO_MARGIN = Decimal(1)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an instrument row that are terms of the contract."""

    symbol: str
    underlying: str
    quoteCurrency: str
    lotSize: Decimal
    tickSize: Decimal
    settlCurrency: str | None = None
    typ: str | None = None
    multiplier: Decimal | None = None
    underlyingToPositionMultiplier: Decimal | None = None
    isInverse: bool | None = None
    isQuanto: bool | None = None
    maxOrderQty: Decimal | None = None
    maxPrice: Decimal | None = None
    initMargin: Decimal | None = None
    maintMargin: Decimal | None = None
    makerFee: Decimal | None = None
    takerFee: Decimal | None = None
    fundingInterval: str | None = None


def instrument(row: Mapping[str, Any]) -> Instrument:
    """An instrument row as our terms. Raises InputError where the row lacks what a contract needs."""
    try:
        terms = msgspec.convert(_exact(row), Terms, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"BitMEX instrument {row.get('symbol', '?')}: {error}") from None
    settle = asset(terms.settlCurrency or terms.quoteCurrency)
    kind = _kind(terms)
    return Instrument(
        src=SRC,
        sym=terms.symbol,
        kind=kind,
        base=terms.underlying,
        quote=terms.quoteCurrency,
        settle=terms.quoteCurrency if kind == "spot" else settle.name,
        tick=terms.tickSize,
        lot=terms.lotSize,
        multiplier=_multiplier(terms, kind, settle),
        settle_scale=settle.scale,
        base_scale=_scale(terms.underlying),
        quote_scale=_scale(terms.quoteCurrency),
        min_size=terms.lotSize,
        max_size=terms.maxOrderQty,
        max_price=terms.maxPrice,
        maker_fee=terms.makerFee or Decimal(0),
        taker_fee=terms.takerFee or Decimal(0),
        initial_margin=terms.initMargin or NO_MARGIN,
        maintenance_margin=terms.maintMargin or Decimal(0),
        funding_interval_h=_hours(terms.fundingInterval),
        native=dict(row),
    )


def asset(currency: str) -> Asset:
    """`XBt` is the asset XBT with 8 decimals; an unknown name is taken as it is."""
    return ASSETS.get(currency, Asset(currency, 8))


def _scale(name: str) -> int:
    return next((known.scale for known in ASSETS.values() if known.name == name), 8)


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Floats by their shortest decimal form, which is the one BitMEX wrote."""
    return {key: Decimal(repr(value)) if isinstance(value, float) else value for key, value in row.items()}


def _kind(terms: Terms) -> Kind:
    if terms.typ == SPOT:
        return "spot"
    if terms.isInverse:
        return "inverse"
    return "quanto" if terms.isQuanto else "linear"


def _multiplier(terms: Terms, kind: Kind, settle: Asset) -> Decimal:
    """BitMEX's multiplier is in smallest settle units, and negative on inverse contracts; on spot it says nothing."""
    if kind == "spot":
        units = terms.underlyingToPositionMultiplier
        return Decimal(1).scaleb(-_scale(terms.underlying)) if units is None else 1 / units
    if terms.multiplier is None:
        raise InputError(f"BitMEX instrument {terms.symbol} has no multiplier")
    return abs(terms.multiplier).scaleb(-settle.scale).normalize()


def _hours(interval: str | None) -> int | None:
    """BitMEX writes 8 hours as `2000-01-01T08:00:00.000Z`."""
    if interval is None:
        return None
    midnight_ns = iso_to_ns("2000-01-01T00:00:00Z")
    return (iso_to_ns(interval) - midnight_ns) // 3_600_000_000_000 or None

"""The terms of WOO X's markets, from its instrument rows (GET /v3/public/instruments)."""

# ruff: noqa: N815  the fields have the venue's names
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument

SRC = "woo"
SYMBOL = "symbol"

FEES = {"SPOT": (Decimal(0), Decimal("0.0006")), "PERP": (Decimal(0), Decimal("0.0003"))}
"""Maker and taker share of tier 0 in 2026; rows have no fees."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an instrument row that are terms of the market; `baseIMR` and `baseMMR` are a PERP's margins."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    quoteTick: Decimal
    baseTick: Decimal
    baseMin: Decimal | None = None
    baseMax: Decimal | None = None
    quoteMax: Decimal | None = None
    minNotional: Decimal | None = None
    fundingIntervalHours: Decimal | None = None
    baseIMR: Decimal | None = None
    baseMMR: Decimal | None = None


def instrument(row: Mapping[str, Any]) -> Instrument:
    """An instrument row as our terms. Raises InputError where the row lacks what a market needs."""
    try:
        terms = msgspec.convert(_exact(row), Terms, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"WOO instrument {row.get('symbol', '?')}: {error}") from None
    prefix = terms.symbol.partition("_")[0]
    if prefix not in FEES:
        raise InputError(f"WOO instrument {terms.symbol}: it is neither SPOT_... nor PERP_...")
    is_spot = prefix == "SPOT"
    maker_fee, taker_fee = FEES[prefix]
    return Instrument(
        src=SRC,
        sym=terms.symbol,
        kind="spot" if is_spot else "linear",
        base=terms.baseAsset,
        quote=terms.quoteAsset,
        settle=terms.quoteAsset,
        tick=terms.quoteTick,
        lot=terms.baseTick,
        min_size=terms.baseMin,
        max_size=terms.baseMax,
        max_price=terms.quoteMax or None,
        min_notional=terms.minNotional,
        maker_fee=maker_fee,
        taker_fee=taker_fee,
        initial_margin=Decimal(1) if is_spot else terms.baseIMR or Decimal(1),
        maintenance_margin=Decimal(0) if is_spot else terms.baseMMR or Decimal(0),
        funding_interval_h=None if is_spot or not terms.fundingIntervalHours else int(terms.fundingIntervalHours),
        native=dict(row),
    )


def _exact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Decimals come as strings, in some replies as numbers."""
    return {key: Decimal(repr(value)) if isinstance(value, float) else value for key, value in row.items()}

"""The terms of Coinbase Exchange's markets, from its product rows (GET /products)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument

SRC = "coinbasepro"
SYMBOL = "id"

LEDGER_SCALE = 16
"""GET /accounts gives balances to up to 16 decimals."""

MAKER_FEE, TAKER_FEE = Decimal("0.004"), Decimal("0.006")
"""Rows have no fees. General knowledge, unverified: the first tier (GET /fees tells an account's own)."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a product row that are terms of the market. Rows since 2022-06 have no smallest and largest size."""

    id: str
    base_currency: str
    quote_currency: str
    quote_increment: Decimal
    base_increment: Decimal
    base_min_size: Decimal | None = None
    base_max_size: Decimal | None = None
    min_market_funds: Decimal | None = None


def instrument(row: Mapping[str, Any]) -> Instrument:
    """A product row as our terms. Raises InputError where the row lacks what a market needs."""
    try:
        terms = msgspec.convert(row, Terms)
    except msgspec.ValidationError as error:
        raise InputError(f"Coinbase product {row.get('id', '?')}: {error}") from None
    return Instrument(
        src=SRC,
        sym=terms.id,
        kind="spot",
        base=terms.base_currency,
        quote=terms.quote_currency,
        settle=terms.quote_currency,
        tick=terms.quote_increment,
        lot=terms.base_increment,
        settle_scale=LEDGER_SCALE,
        base_scale=LEDGER_SCALE,
        quote_scale=LEDGER_SCALE,
        min_size=terms.base_min_size,
        max_size=terms.base_max_size,
        min_notional=terms.min_market_funds,
        maker_fee=MAKER_FEE,
        taker_fee=TAKER_FEE,
        native=dict(row),
    )

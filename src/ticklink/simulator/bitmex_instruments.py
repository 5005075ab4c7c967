"""BitMEX's instrument rows: the terms of a contract as published, with prices as they are now."""

from decimal import Decimal
from typing import Any

from ticklink.model.instruments import Instrument
from ticklink.simulator.bitmex_rows import currency
from ticklink.simulator.exchange import Exchange, Seat
from ticklink.simulator.markets import NEVER
from ticklink.venues.timestamps import ns_to_iso

Row = dict[str, Any]

STALE = (
    "prevClosePrice",
    "limitDownPrice",
    "limitUpPrice",
    "prevTotalVolume",
    "totalVolume",
    "volume",
    "volume24h",
    "prevTotalTurnover",
    "totalTurnover",
    "turnover",
    "turnover24h",
    "homeNotional24h",
    "foreignNotional24h",
    "prevPrice24h",
    "vwap",
    "highPrice",
    "lowPrice",
    "lastPriceProtected",
    "lastTickDirection",
    "lastChangePcnt",
    "impactBidPrice",
    "impactMidPrice",
    "impactAskPrice",
    "openInterest",
    "openValue",
    "fairBasisRate",
    "fairBasis",
    "settledPrice",
    "openingTimestamp",
    "closingTimestamp",
)
"""What a published row says of the day it was taken on, which is not the simulation's."""


def instrument_row(exchange: Exchange, seat: Seat) -> Row:
    """The venue's own row; `markPrice` is the middle of the quote, and the funding rate the simulation's."""
    instrument = seat.contract.instrument
    row = terms_row(instrument) | instrument.native
    return row | {name: None for name in STALE if name in row} | _live(exchange, seat)


def terms_row(instrument: Instrument) -> Row:
    """The terms of a contract in the venue's fields, for instruments that come without a row of their own."""
    return {
        "symbol": instrument.sym,
        "rootSymbol": instrument.base,
        "state": "Open",
        "typ": "IFXXXP" if instrument.is_spot else "FFWCSX",
        "expiry": None,
        "positionCurrency": instrument.quote if instrument.kind == "inverse" else instrument.base,
        "underlying": instrument.base,
        "quoteCurrency": instrument.quote,
        "maxOrderQty": _number(instrument.max_size),
        "maxPrice": _number(instrument.max_price),
        "lotSize": _number(instrument.lot),
        "tickSize": _number(instrument.tick),
        "multiplier": _multiplier(instrument),
        "settlCurrency": "" if instrument.is_spot else currency(instrument.settle),
        "isQuanto": instrument.kind == "quanto",
        "isInverse": instrument.kind == "inverse",
        "initMargin": _number(instrument.initial_margin),
        "maintMargin": _number(instrument.maintenance_margin),
        "makerFee": _number(instrument.maker_fee),
        "takerFee": _number(instrument.taker_fee),
    }


def _live(exchange: Exchange, seat: Seat) -> Row:
    instrument = seat.contract.instrument
    mark = exchange.mark_ticks(instrument.sym)
    (bid, ask), last = seat.market.best(), seat.market.last_ticks()
    bid_price, ask_price, last_price, mark_price = (_price(instrument, ticks) for ticks in (bid, ask, last, mark))
    funds = seat.funding_ns != NEVER
    return {
        "bidPrice": bid_price,
        "midPrice": None if bid_price is None or ask_price is None else (bid_price + ask_price) / 2,
        "askPrice": ask_price,
        "lastPrice": last_price,
        "fairPrice": mark_price,
        "markPrice": mark_price,
        "indicativeSettlePrice": mark_price,
        "hasLiquidity": bid is not None and ask is not None,
        "fundingRate": float(exchange.funding.rate) if funds else None,
        "indicativeFundingRate": float(exchange.funding.rate) if funds else None,
        "fundingTimestamp": ns_to_iso(seat.funding_ns) if funds else None,
        "timestamp": ns_to_iso(exchange.now_ns),
    }


def _price(instrument: Instrument, ticks: int | None) -> float | None:
    return None if ticks is None else instrument.price(ticks)


def _multiplier(instrument: Instrument) -> int | None:
    """In smallest settle units, negative on inverse contracts; on spot it says nothing."""
    if instrument.is_spot:
        return None
    units = int(instrument.multiplier.scaleb(instrument.settle_scale))
    return -units if instrument.kind == "inverse" else units


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)

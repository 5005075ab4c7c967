"""Instrument rows of each venue as terms: recorded replies by value, what ships, and what cannot be."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.captures import capture, reply
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.storage.instruments import FORMS, catalog
from ticklink.venues.bitmex import instruments as bitmex
from ticklink.venues.coinbasepro import instruments as coinbasepro
from ticklink.venues.woo import instruments as woo

D = Decimal


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(reply(capture(name)))
    return found


def test_bitmex_2021_contracts_have_the_terms_of_their_rows() -> None:
    listed = {row["symbol"]: row for row in rows("bitmex/cryptofeed_BITMEX.0.txt")}
    assert len(listed) == 34
    kinds = {"inverse": 0, "quanto": 0, "linear": 0}
    for symbol, row in listed.items():
        terms = bitmex.instrument(row)
        kinds[terms.kind] += 1
        assert (terms.src, terms.sym, terms.base, terms.quote) == (
            "bitmex",
            symbol,
            row["underlying"],
            row["quoteCurrency"],
        )
        assert (float(terms.tick), float(terms.lot)) == (row["tickSize"], row["lotSize"])
        assert (terms.settle, terms.settle_scale) == ("XBT", 8)
        assert (float(terms.maker_fee), float(terms.taker_fee)) == (row["makerFee"], row["takerFee"])
        assert (float(terms.initial_margin), float(terms.maintenance_margin)) == (row["initMargin"], row["maintMargin"])
        assert float(terms.multiplier) * 1e8 == pytest.approx(abs(row["multiplier"]), rel=1e-15)
        assert terms.funding_interval_h == (8 if row["fundingInterval"] else None)
        assert terms.native == row
    assert kinds == {"inverse": 5, "quanto": 22, "linear": 7}


def test_bitmex_terms_of_one_contract_of_each_kind() -> None:
    listed = {row["symbol"]: bitmex.instrument(row) for row in rows("bitmex/cryptofeed_BITMEX.0.txt")}
    assert listed["XBTUSD"].multiplier == 1  # USD a contract
    assert listed["ETHUSD"].multiplier == D("0.000001")  # XBT a contract and USD of price
    assert listed["ETHU21"].multiplier == 1  # XBT a contract and XBT of price
    assert listed["TRXU21"].tick == D("0.0000000001")


def test_coinbase_2021_products_have_the_terms_of_their_rows() -> None:
    listed = rows("coinbasepro/cryptofeed_COINBASE.0.txt")
    assert len(listed) == 162
    for row in listed:
        terms = coinbasepro.instrument(row)
        assert (terms.sym, terms.base, terms.quote, terms.kind) == (
            row["id"],
            row["base_currency"],
            row["quote_currency"],
            "spot",
        )
        assert (str(terms.tick), str(terms.lot)) == (str(D(row["quote_increment"])), str(D(row["base_increment"])))
        assert (terms.min_size, terms.max_size) == (D(row["base_min_size"]), D(row["base_max_size"]))
        assert (terms.min_notional, terms.multiplier) == (D(row["min_market_funds"]), D(1))
        assert terms.native == row


@pytest.mark.parametrize(
    ("src", "sym", "kind", "tick", "lot", "multiplier", "settle"),
    [
        ("bitmex", "XBTUSD", "inverse", "0.1", "100", "1", "XBT"),
        ("bitmex", "XBTUSDT", "linear", "0.1", "100", "0.000001", "USDT"),
        ("bitmex", "ETHUSD", "quanto", "0.05", "1", "0.000001", "XBT"),
        ("bitmex", "ETHUSDT", "linear", "0.01", "1000", "0.00001", "USDT"),
        ("bitmex", "SOLUSDT", "linear", "0.01", "1000", "0.0001", "USDT"),
        ("bitmex", "XRPUSD", "quanto", "0.0001", "1", "0.0002", "XBT"),
        ("bitmex", "XBT_USDT", "spot", "0.1", "1000", "0.00000001", "USDT"),
        ("coinbasepro", "BTC-USD", "spot", "0.01", "0.00000001", "1", "USD"),
        ("coinbasepro", "ETH-BTC", "spot", "0.00001", "0.00000001", "1", "BTC"),
        ("woo", "SPOT_BTC_USDT", "spot", "0.01", "0.00001", "1", "USDT"),
        ("woo", "PERP_BTC_USDT", "linear", "0.1", "0.0001", "1", "USDT"),
    ],
)
def test_main_symbols_ship(src: str, sym: str, kind: str, tick: str, lot: str, multiplier: str, settle: str) -> None:
    terms = catalog()(src, sym)
    assert (terms.kind, terms.tick, terms.lot, terms.settle) == (kind, D(tick), D(lot), settle)
    assert terms.multiplier == D(multiplier)
    assert terms.native[FORMS[src].symbol] == sym


def test_scales_are_those_of_the_venues_ledgers() -> None:
    lookup = catalog()
    scales = {
        sym: (lookup("bitmex", sym).settle_scale, lookup("bitmex", sym).base_scale)
        for sym in ("XBTUSD", "XBTUSDT", "ETH_USDT")
    }
    assert scales == {"XBTUSD": (8, 8), "XBTUSDT": (6, 8), "ETH_USDT": (6, 9)}
    assert lookup("coinbasepro", "BTC-USD").settle_scale == 16


def shipped() -> list[Instrument]:
    lookup = catalog()
    return [lookup(src, sym) for src in lookup.srcs() for sym in lookup.symbols(src)]


@pytest.mark.parametrize("terms", shipped(), ids=lambda terms: f"{terms.src}-{terms.sym}")
def test_what_ships_makes_sense(terms: Instrument) -> None:
    assert terms.tick > 0
    assert terms.lot > 0
    assert terms.multiplier > 0
    assert terms.maintenance_margin < terms.initial_margin <= 1
    assert terms.is_spot == (terms.initial_margin == 1)
    assert (
        terms.settle == {"spot": terms.quote, "linear": terms.quote, "inverse": terms.base, "quanto": "XBT"}[terms.kind]
    )


@pytest.mark.parametrize("venue", [bitmex, coinbasepro, woo], ids=lambda venue: venue.SRC)
@pytest.mark.parametrize(
    "row", [{}, {"symbol": 1, "id": 1}, {"symbol": "X", "id": "X"}], ids=["empty", "mistyped", "short"]
)
def test_rows_that_lack_terms_are_refused(venue: Any, row: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        venue.instrument(row)

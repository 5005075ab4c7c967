"""The venue's own rows under `info`: which venue has which, and Coinbase's and WOO's by value."""

from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.bitmex_world import T0, XBTUSD, World, market, some, world
from ticklink.model.instruments import Instrument
from ticklink.simulator.accounts import Account
from ticklink.simulator.bitmex import BitmexFace
from ticklink.simulator.coinbasepro import CoinbaseRows
from ticklink.simulator.decimals import plain
from ticklink.simulator.exchange import Exchange, Ticket
from ticklink.simulator.models import Fees, Funding
from ticklink.simulator.native import NoRows, face_of, rows_of
from ticklink.simulator.orders import BUY, SELL
from ticklink.simulator.rules import rules_of
from ticklink.simulator.woo import WooRows

BTC_USD = Instrument(
    src="coinbasepro",
    sym="BTC-USD",
    kind="spot",
    base="BTC",
    quote="USD",
    settle="USD",
    tick=Decimal("0.01"),
    lot=Decimal("0.00000001"),
    taker_fee=Decimal("0.006"),
    maker_fee=Decimal("0.004"),
)
PERP = Instrument(
    src="woo",
    sym="PERP_BTC_USDT",
    kind="linear",
    base="BTC",
    quote="USDT",
    settle="USDT",
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    taker_fee=Decimal("0.0003"),
    initial_margin=Decimal("0.1"),
    maintenance_margin=Decimal("0.05"),
)


class Elsewhere(World):
    """The same, at another venue; only its exchange and its ears are of use."""

    def __init__(self, instrument: Instrument, deposits: dict[str, int]) -> None:
        super().__init__()
        src = instrument.src
        self.account = Account(src, src, deposits, time_ns=T0)
        self.exchange = Exchange(
            self.account, rules_of(src), self.ears, fees=Fees(), funding=Funding(Decimal(0)), start_ns=T0
        )
        self.add(instrument, *market([60_000.0] * 10, size=1.0))
        self.move(1)


@pytest.fixture
def coinbase() -> Elsewhere:
    return Elsewhere(BTC_USD, {"USD": 10**13, "BTC": 10**9})


@pytest.fixture
def woo() -> Elsewhere:
    return Elsewhere(PERP, {"USDT": 10**12})


def test_which_venue_has_which() -> None:
    there = world()
    assert {src: type(rows_of(src)).__name__ for src in ("bitmex", "coinbasepro", "woo", "kraken")} == {
        "bitmex": "BitmexRows",
        "coinbasepro": "CoinbaseRows",
        "woo": "WooRows",
        "kraken": "NoRows",
    }
    assert isinstance(face_of("bitmex", there.exchange, there.candles), BitmexFace)
    assert face_of("woo", there.exchange, there.candles) is None


def test_bitmex_info_is_what_its_rest_calls_answer() -> None:
    there = world()
    there.move(1)
    there.call("POST", "/order", symbol="XBTUSD", orderQty=300, clOrdID="a")
    rows, (fill,) = rows_of("bitmex"), there.exchange.fills
    assert rows.order_info(fill.order) == there.call("GET", "/order")[0]
    assert rows.fill_info(fill) == there.call("GET", "/execution/tradeHistory")[0]
    position = there.account.positions["XBTUSD"]
    native = there.call("GET", "/position")[0]
    info = rows.position_info(position, native["markPrice"], native["liquidationPrice"], there.exchange.now_ns)
    only_in_table = {"openOrderBuyQty", "openOrderBuyCost", "openOrderSellQty", "openOrderSellCost", "bankruptPrice"}
    assert {name for name in info if info[name] != native[name]} <= only_in_table


def test_a_venue_without_rows_says_nothing() -> None:
    there = world()
    there.move(1)
    there.call("POST", "/order", symbol="XBTUSD", orderQty=300)
    (fill,) = there.exchange.fills
    rows = NoRows()
    assert rows.order_info(fill.order) == rows.fill_info(fill) == {}
    assert rows.position_info(there.account.positions["XBTUSD"], None, None, 0) == {}
    assert XBTUSD.native


def test_a_coinbase_order_and_fill(coinbase: Elsewhere) -> None:
    order = coinbase.exchange.place(Ticket("BTC-USD", BUY, "Market", 50_000_000, client_order_id="a"))
    row = CoinbaseRows().order_info(order)
    assert row == {
        "id": order.order_id,
        "client_oid": "a",
        "product_id": "BTC-USD",
        "profile_id": row["profile_id"],
        "side": "buy",
        "type": "market",
        "size": "0.5",
        "post_only": False,
        "created_at": "2024-03-04T10:00:01.000000Z",
        "fill_fees": "180.0015",
        "filled_size": "0.5",
        "executed_value": "30000.25",
        "status": "done",
        "settled": True,
        "done_at": "2024-03-04T10:00:01.000000Z",
        "done_reason": "filled",
    }
    fill = CoinbaseRows().fill_info(coinbase.exchange.fills[0])
    assert some(fill, "trade_id", "liquidity", "price", "size", "fee", "side", "created_at") == {
        "trade_id": coinbase.exchange.fills[0].number,
        "liquidity": "T",
        "price": "60000.5",
        "size": "0.5",
        "fee": "180.0015",
        "side": "buy",
        "created_at": "2024-03-04T10:00:01.000000Z",
    }


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        (
            Ticket("BTC-USD", BUY, "Limit", 1000, 5_900_000),
            {"status": "open", "price": "59000", "time_in_force": "GTC"},
        ),
        (
            Ticket("BTC-USD", BUY, "Limit", 1000, 6_100_000, post_only=True),
            {"status": "rejected", "reject_reason": "post only", "post_only": True},
        ),
        (
            Ticket("BTC-USD", SELL, "Stop", 1000, stop_ticks=5_900_000),
            {"status": "active", "stop": "loss", "stop_price": "59000", "type": "market"},
        ),
        (
            Ticket("BTC-USD", BUY, "Limit", 1000, 5_900_000, time_in_force="IOC"),
            {"status": "done", "done_reason": "canceled", "time_in_force": "IOC", "settled": False},
        ),
    ],
)
def test_the_states_of_a_coinbase_order(coinbase: Elsewhere, ticket: Ticket, expected: dict[str, Any]) -> None:
    row = CoinbaseRows().order_info(coinbase.exchange.place(ticket))
    assert some(row, *expected) == expected
    assert "message" not in row


def test_a_woo_order_fill_and_position(woo: Elsewhere) -> None:
    order = woo.exchange.place(Ticket("PERP_BTC_USDT", SELL, "Market", 500, client_order_id="77"))
    assert some(
        WooRows().order_info(order), "orderId", "clientOrderId", "symbol", "side", "quantity", "type", "status"
    ) == {
        "orderId": order.number,
        "clientOrderId": 77,
        "symbol": "PERP_BTC_USDT",
        "side": "SELL",
        "quantity": "0.5",
        "type": "MARKET",
        "status": "FILLED",
    }
    assert some(
        WooRows().order_info(order), "price", "executed", "averageExecutedPrice", "totalFee", "createdTime"
    ) == {
        "price": None,
        "executed": "0.5",
        "averageExecutedPrice": "59999.5",
        "totalFee": "8.999925",
        "createdTime": "1709546401.000",
    }
    fill = WooRows().fill_info(woo.exchange.fills[0])
    assert some(fill, "executedPrice", "executedQuantity", "fee", "feeAsset", "isMaker", "executedTimestamp") == {
        "executedPrice": "59999.5",
        "executedQuantity": "0.5",
        "fee": "8.999925",
        "feeAsset": "USDT",
        "isMaker": 0,
        "executedTimestamp": "1709546401.000",
    }
    position = WooRows().position_info(woo.account.positions["PERP_BTC_USDT"], 60_000.0, None, T0)
    assert some(position, "holding", "averageOpenPrice", "markPrice", "estLiqPrice", "leverage", "timestamp") == {
        "holding": "-0.5",
        "averageOpenPrice": "59999.5",
        "markPrice": "60000",
        "estLiqPrice": "0",
        "leverage": 10,
        "timestamp": T0 // 1_000_000,
    }


@pytest.mark.parametrize(
    ("ticket", "type_", "status", "client_id"),
    [
        (Ticket("PERP_BTC_USDT", BUY, "Limit", 1, 590_000), "LIMIT", "NEW", 0),
        (Ticket("PERP_BTC_USDT", BUY, "Limit", 1, 590_000, post_only=True), "POST_ONLY", "NEW", 0),
        (Ticket("PERP_BTC_USDT", BUY, "Limit", 1, 590_000, time_in_force="IOC"), "IOC", "CANCELLED", 0),
        (Ticket("PERP_BTC_USDT", BUY, "Limit", 1, 590_000, client_order_id="mine"), "LIMIT", "NEW", "mine"),
        (Ticket("PERP_BTC_USDT", BUY, "Limit", 1, 610_000, post_only=True), "POST_ONLY", "REJECTED", 0),
    ],
)
def test_the_types_of_a_woo_order(
    woo: Elsewhere, ticket: Ticket, type_: str, status: str, client_id: int | str
) -> None:
    row = WooRows().order_info(woo.exchange.place(ticket))
    assert (row["type"], row["status"], row["clientOrderId"]) == (type_, status, client_id)


@pytest.mark.parametrize(
    ("number", "text"), [("1E+3", "1000"), ("0.500", "0.5"), ("-0.10", "-0.1"), ("0E-8", "0"), ("100", "100")]
)
def test_decimals_are_written_plainly(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text

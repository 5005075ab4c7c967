"""BitMEX's tables by value: what the account holds and paid, and what the market showed."""

from typing import Any

import pytest

from tests.simulator.bitmex_world import World, some, world
from ticklink.model.requests import CreateOrder, FetchBalances

WALK = [60_000.0, 60_000.5, 60_000.5, 60_000.0, 60_000.0, 60_010.0]


@pytest.fixture
def quiet() -> World:
    made = world()
    made.move(3)
    return made


# What is ours


def test_a_fill_by_value(quiet: World) -> None:
    """Selling 300 at 59999.5: a lot of 100 is worth round(1e10 / 59999.5) = 166668 XBt, the fee 0.075 % of 500004 is 375."""
    order = quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-300, clOrdID="out")
    (fill,) = quiet.call("GET", "/execution/tradeHistory")
    assert some(fill, "orderID", "clOrdID", "execType", "side", "lastQty", "lastPx", "lastLiquidityInd") == {
        "orderID": order["orderID"],
        "clOrdID": "out",
        "execType": "Trade",
        "side": "Sell",
        "lastQty": 300,
        "lastPx": 59_999.5,
        "lastLiquidityInd": "RemovedLiquidity",
    }
    assert some(fill, "execCost", "execComm", "commission", "homeNotional", "foreignNotional", "settlCurrency") == {
        "execCost": 500_004,
        "execComm": 375,
        "commission": 0.00075,
        "homeNotional": -0.00500004,
        "foreignNotional": 300.0,
        "settlCurrency": "XBt",
    }
    assert some(fill, "ordStatus", "cumQty", "leavesQty", "avgPx") == {
        "ordStatus": "Filled",
        "cumQty": 300,
        "leavesQty": 0,
        "avgPx": 59_999.5,
    }


def test_the_captured_execution_of_100_contracts() -> None:
    """A real row: 100 XBTUSD bought at 33613 as taker had execCost -297504."""
    there = world([33_612.5] * 10)
    there.move(1)
    there.call("POST", "/order", symbol="XBTUSD", orderQty=100)
    assert there.call("GET", "/execution/tradeHistory")[0]["execCost"] == -297_504


def test_a_maker_is_paid_its_rebate() -> None:
    falling = world([60_000.0] * 3 + [59_000.0] * 10)
    falling.move(1)
    falling.call("POST", "/order", symbol="XBTUSD", orderQty=100, price=59_500, side="Buy")
    falling.move(8)
    (fill,) = falling.call("GET", "/execution/tradeHistory")
    assert some(fill, "lastLiquidityInd", "commission", "execComm", "lastPx") == {
        "lastLiquidityInd": "AddedLiquidity",
        "commission": -0.00025,
        "execComm": -42,
        "lastPx": 59_500.0,
    }


def test_a_position_and_the_margin_behind_it_by_value(quiet: World) -> None:
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-300)
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=100, price=59_000, side="Buy")
    (row,) = quiet.call("GET", "/position")
    assert some(
        row, "currentQty", "isOpen", "avgEntryPrice", "markPrice", "currentComm", "realisedPnl", "unrealisedPnl"
    ) == {
        "currentQty": -300,
        "isOpen": True,
        "avgEntryPrice": 59_999.5,
        "markPrice": 60_000.0,
        "currentComm": 375,
        "realisedPnl": -375,
        "unrealisedPnl": -3,
    }
    assert some(row, "currency", "crossMargin", "leverage", "openOrderBuyQty", "openOrderSellQty", "markValue") == {
        "currency": "XBt",
        "crossMargin": True,
        "leverage": 100.0,
        "openOrderBuyQty": 100,
        "openOrderSellQty": 0,
        "markValue": 500_001,
    }
    margin = quiet.call("GET", "/user/margin")
    assert some(
        margin, "currency", "walletBalance", "marginBalance", "realisedPnl", "unrealisedPnl", "maintMargin"
    ) == {
        "currency": "XBt",
        "walletBalance": 100_000_000 - 375,
        "marginBalance": 100_000_000 - 378,
        "realisedPnl": -375,
        "unrealisedPnl": -3,
        "maintMargin": row["posMargin"],
    }
    assert margin["availableMargin"] == margin["marginBalance"] - margin["maintMargin"] - margin["initMargin"]


def test_margin_and_wallet_by_currency(quiet: World) -> None:
    assert [row["currency"] for row in quiet.call("GET", "/user/margin", currency="all")] == ["XBt", "USDt"]
    assert quiet.call("GET", "/user/margin", currency="USDt")["walletBalance"] == 10_000_000_000
    assert [row["amount"] for row in quiet.call("GET", "/user/wallet", currency="all")] == [100_000_000, 10_000_000_000]
    assert quiet.call("GET", "/user/wallet")["deposited"] == 100_000_000
    for path in ("/user/margin", "/user/wallet", "/user/walletHistory"):
        assert quiet.refusal("GET", path, currency="XDG") == (400, "currency is invalid", "HTTPError")


def test_the_unified_balances_are_the_wallets(quiet: World) -> None:
    quiet.ask(CreateOrder("BitMEX", "XBTUSD", "Buy", 1000, is_market=True))
    scales = {row["asset"]: row["scale"] for row in quiet.call("GET", "/wallet/assets")}
    native = {row["currency"]: row["amount"] for row in quiet.call("GET", "/user/wallet", currency="all")}
    unified = {row["asset"]: row["amount"] for row in quiet.ask(FetchBalances("BitMEX")).data}
    assert scales == {"XBT": 8, "USDT": 6}
    assert native == {"XBt": round(unified["XBT"] * 10**8), "USDt": round(unified["USDT"] * 10**6)}


def test_wallet_history_sums_a_day(quiet: World) -> None:
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-300)
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=300)
    pnl, deposit = quiet.call("GET", "/user/walletHistory")
    wallet = quiet.call("GET", "/user/wallet")["amount"]
    assert some(deposit, "transactType", "amount", "walletBalance") == {
        "transactType": "Deposit",
        "amount": 100_000_000,
        "walletBalance": 100_000_000,
    }
    assert some(pnl, "transactType", "address", "transactStatus", "walletBalance", "amount") == {
        "transactType": "RealisedPNL",
        "address": "XBTUSD",
        "transactStatus": "Pending",
        "walletBalance": wallet,
        "amount": wallet - 100_000_000,
    }
    quiet.move(3 * 60 * 60)
    booked = quiet.call("GET", "/user/walletHistory", count=1)[0]
    assert (booked["transactStatus"], booked["transactTime"]) == ("Completed", "2024-03-04T12:00:00.000Z")
    assert quiet.call("GET", "/user/walletHistory", reverse=False)[0]["transactType"] == "Deposit"
    assert quiet.call("GET", "/user/walletHistory", start=1) == [deposit]


def test_leverage_is_cross(quiet: World) -> None:
    assert quiet.call("POST", "/position/leverage", symbol="XBTUSD", leverage=0)["crossMargin"] is True
    assert quiet.call("POST", "/position/isolate", symbol="xbtusd", enabled="false")["currentQty"] == 0
    for path, params, message in (
        (
            "leverage",
            {"leverage": 10},
            "leverage is invalid: isolated margin is not simulated; send 0 for cross margin",
        ),
        ("leverage", {"leverage": 101}, "leverage is invalid"),
        ("leverage", {}, "'leverage' is a required arg."),
        ("leverage", {"symbol": "NOPE", "leverage": 0}, "Invalid symbol"),
        ("isolate", {}, "enabled is invalid: isolated margin is not simulated; send false for cross margin"),
        ("isolate", {"symbol": None}, "'symbol' is a required arg."),
    ):
        asked: dict[str, Any] = {"symbol": "XBTUSD"} | params
        assert quiet.refusal("POST", f"/position/{path}", **asked)[:2] == (400, message)


def test_who_is_asking_and_what_it_pays(quiet: World) -> None:
    assert some(quiet.call("GET", "/user"), "username", "isUser") == {"username": "BitMEX", "isUser": True}
    assert quiet.call("GET", "/user/commission")["XBTUSD"] == {
        "makerFee": -0.00025,
        "takerFee": 0.00075,
        "settlementFee": 0,
        "maxFee": 0.00075,
    }


# What the market showed


def test_trades_by_value() -> None:
    walking = world(WALK)
    walking.move(10)
    rows = walking.call("GET", "/trade", symbol="XBTUSD")
    assert [row["tickDirection"] for row in rows] == [
        "PlusTick",
        "PlusTick",
        "ZeroPlusTick",
        "MinusTick",
        "ZeroMinusTick",
        "PlusTick",
    ]
    assert [row["side"] for row in rows[:2]] == ["Buy", "Sell"]
    assert some(rows[1], "timestamp", "price", "size", "grossValue", "homeNotional", "foreignNotional") == {
        "timestamp": "2024-03-04T10:00:01.000Z",
        "price": 60_000.5,
        "size": 300,
        "grossValue": 499_995,
        "homeNotional": 0.00499995,
        "foreignNotional": 300.0,
    }


def test_quotes_by_value() -> None:
    walking = world(WALK)
    walking.move(1)
    assert walking.call("GET", "/quote", symbol="XBTUSD", reverse=True, count=1) == [
        {
            "timestamp": "2024-03-04T10:00:01.000Z",
            "symbol": "XBTUSD",
            "bidSize": 2000,
            "bidPrice": 60_000.0,
            "askPrice": 60_001.0,
            "askSize": 2000,
        }
    ]


def test_instruments_have_their_terms_and_present_prices_but_nothing_of_another_day(quiet: World) -> None:
    (row,) = quiet.call("GET", "/instrument", symbol="XBT:perpetual")
    assert some(row, "bidPrice", "askPrice", "lastPrice", "markPrice", "lotSize", "multiplier", "volume24h") == {
        "bidPrice": 59_999.5,
        "askPrice": 60_000.5,
        "lastPrice": 60_000.0,
        "markPrice": 60_000.0,
        "lotSize": 100,
        "multiplier": -100_000_000,
        "volume24h": None,
    }
    assert row["fundingTimestamp"] == "2024-03-04T12:00:00.000Z"
    assert quiet.call("GET", "/instrument/active") == quiet.call("GET", "/instrument")
    assert quiet.call("GET", "/instrument/activeAndIndices") == quiet.call("GET", "/instrument")
    unborn = world(starts_s=60).call("GET", "/instrument", symbol="XBTUSD")[0]
    assert some(unborn, "bidPrice", "lastPrice", "markPrice") == {
        "bidPrice": None,
        "lastPrice": None,
        "markPrice": None,
    }


def test_the_book_is_the_depth_that_orders_meet(quiet: World) -> None:
    levels = [
        (row["side"], row["price"], row["size"]) for row in quiet.call("GET", "/orderBook/L2", symbol="XBTUSD", depth=2)
    ]
    assert levels == [
        ("Sell", 60_001.0, 2000),
        ("Sell", 60_000.5, 2000),
        ("Buy", 59_999.5, 2000),
        ("Buy", 59_999.0, 2000),
    ]
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=2100)
    left = quiet.call("GET", "/orderBook/L2", symbol="XBTUSD", depth=1)
    assert [(row["price"], row["size"]) for row in left] == [(60_001.0, 1900), (59_999.5, 2000)]
    whole = quiet.call("GET", "/orderBook/L2", symbol="XBTUSD", depth=0)
    assert sorted({row["id"] for row in whole}) == [row["id"] for row in whole]
    assert len(quiet.call("GET", "/orderBook/L2", symbol="XBTUSD")) == 50
    assert quiet.refusal("GET", "/orderBook/L2")[1] == "'symbol' is a required arg."
    assert quiet.refusal("GET", "/orderBook/L2", symbol="XBTUSD", depth=-1)[1] == "depth is invalid"

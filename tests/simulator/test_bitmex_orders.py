"""BitMEX's order calls in-process: what is accepted and how, what is refused and in which words, and an order's whole life."""

from typing import Any

import pytest

from tests.simulator.bitmex_world import World, world
from ticklink.model.requests import AmendOrder, CancelOrder, CreateOrder, FetchOpenOrders, FetchPositions

BUY_AT_59900 = {"symbol": "XBTUSD", "orderQty": 100, "price": 59_900, "side": "Buy"}
VALIDATION, HTTP = "ValidationError", "HTTPError"


@pytest.fixture
def quiet() -> World:
    """A market that stands still at 60000, three seconds in."""
    made = world()
    made.move(3)
    return made


def test_a_resting_limit_order_as_a_row(quiet: World) -> None:
    row = quiet.call("POST", "/order", **BUY_AT_59900, clOrdID="mine")
    assert {
        name: row[name] for name in ("clOrdID", "symbol", "side", "orderQty", "price", "ordType", "timeInForce")
    } == {
        "clOrdID": "mine",
        "symbol": "XBTUSD",
        "side": "Buy",
        "orderQty": 100,
        "price": 59_900.0,
        "ordType": "Limit",
        "timeInForce": "GoodTillCancel",
    }
    assert (row["ordStatus"], row["workingIndicator"], row["leavesQty"], row["cumQty"]) == ("New", True, 100, 0)
    assert (row["text"], row["transactTime"]) == ("Submitted via API.", "2024-03-04T10:00:03.000Z")


@pytest.mark.parametrize(
    ("params", "ord_type", "side", "quantity"),
    [
        ({"orderQty": 100, "price": 59_900}, "Limit", "Buy", 100),
        ({"orderQty": -100, "price": 60_100}, "Limit", "Sell", 100),
        ({"orderQty": "100", "price": "59900.5", "side": "Buy"}, "Limit", "Buy", 100),
        ({"orderQty": 200}, "Market", "Buy", 200),
        ({"orderQty": -100, "side": "Sell", "stopPx": 59_000}, "Stop", "Sell", 100),
        ({"orderQty": 100, "stopPx": 61_000, "price": 61_010}, "StopLimit", "Buy", 100),
        ({"orderQty": 100, "stopPx": 59_000, "ordType": "MarketIfTouched"}, "MarketIfTouched", "Buy", 100),
    ],
)
def test_what_is_left_out_has_the_venues_defaults(
    quiet: World, params: dict[str, Any], ord_type: str, side: str, quantity: int
) -> None:
    row = quiet.call("POST", "/order", symbol="XBTUSD", **params)
    assert (row["ordType"], row["side"], row["orderQty"]) == (ord_type, side, quantity)


REFUSED = [
    ({}, 400, "'symbol' is a required arg.", HTTP),
    ({"symbol": "NOPE", "orderQty": 100}, 400, "Invalid symbol", HTTP),
    ({"symbol": 5.5, "orderQty": 100}, 400, "symbol is invalid", HTTP),
    ({"side": "buy"}, 400, "Invalid side", HTTP),
    ({"side": "Buy", "orderQty": -100}, 400, "Invalid side", HTTP),
    ({"orderQty": None}, 400, "Invalid orderQty", VALIDATION),
    ({"orderQty": 0}, 400, "Invalid orderQty", VALIDATION),
    ({"orderQty": 150}, 400, "Invalid orderQty", VALIDATION),
    ({"orderQty": 10_000_100}, 400, "Invalid orderQty", VALIDATION),
    ({"orderQty": 0.003}, 400, "orderQty is invalid", HTTP),
    ({"orderQty": "many"}, 400, "orderQty is invalid", HTTP),
    ({"orderQty": True}, 400, "orderQty is invalid", HTTP),
    ({"price": 59_900.3}, 400, "Invalid price tickSize", HTTP),
    ({"price": -1}, 400, "Invalid price", HTTP),
    ({"price": 2_000_000}, 400, "Invalid price", HTTP),
    ({"price": "nan"}, 400, "price is invalid", HTTP),
    ({"price": None, "ordType": "Limit"}, 400, "Invalid price", HTTP),
    ({"stopPx": 59_000.2}, 400, "Invalid stopPx tickSize", HTTP),
    ({"stopPx": 0}, 400, "Invalid stopPx for ordType", HTTP),
    ({"stopPx": 59_000, "ordType": "Limit"}, 400, "Invalid stopPx for ordType", HTTP),
    ({"ordType": "Stop"}, 400, "Invalid stopPx for ordType", HTTP),
    ({"ordType": "Iceberg"}, 400, "Unsupported ordType", HTTP),
    ({"ordType": "Pegged"}, 400, "Unsupported ordType: pegged orders are not simulated", HTTP),
    (
        {"pegPriceType": "TrailingStopPeg", "pegOffsetValue": -10},
        400,
        "Unsupported pegPriceType: pegged and trailing orders are not simulated",
        HTTP,
    ),
    (
        {"contingencyType": "OneCancelsTheOther"},
        400,
        "Unsupported contingencyType: linked orders are not simulated",
        HTTP,
    ),
    ({"simpleOrderQty": 1}, 400, "Invalid simpleOrderQty", HTTP),
    ({"timeInForce": "IOC"}, 400, "Unsupported timeInForce", HTTP),
    ({"execInst": "AllOrNone"}, 400, "Unsupported execInst", HTTP),
    ({"execInst": "LastWithinMark"}, 400, "Unsupported execInst: LastWithinMark is not simulated", HTTP),
    ({"execInst": "MarkPrice,LastPrice", "stopPx": 59_000}, 400, "Invalid execInst", HTTP),
    ({"execInst": "MarkPrice"}, 400, "Invalid ordType for execInst", HTTP),
    (
        {"execInst": "ParticipateDoNotInitiate", "ordType": "Market"},
        400,
        "Invalid ordType or timeInForce for execInst",
        HTTP,
    ),
    (
        {"execInst": "ParticipateDoNotInitiate", "timeInForce": "FillOrKill"},
        400,
        "Invalid ordType or timeInForce for execInst",
        HTTP,
    ),
    ({"execInst": "Close", "orderQty": None, "stopPx": 59_000, "side": None}, 400, "Invalid side", HTTP),
    ({"symbol": "XBT_USDT", "orderQty": 1000, "execInst": "ReduceOnly"}, 400, "Invalid execInst", HTTP),
    ({"displayQty": 50}, 400, "Invalid displayQty", VALIDATION),
    ({"displayQty": "all"}, 400, "displayQty is invalid", HTTP),
    ({"clOrdID": "x" * 37}, 400, "clOrdID is invalid", HTTP),
    ({"clOrdID": "taken"}, 400, "Duplicate clOrdID", HTTP),
    (
        {"orderQty": 10_000_000},
        400,
        "Account has insufficient Available Balance, 191986750 XBt required",
        VALIDATION,
    ),
]


@pytest.mark.parametrize(("params", "status", "message", "name"), REFUSED, ids=[str(case[0]) for case in REFUSED])
def test_an_order_that_is_refused(quiet: World, params: dict[str, Any], status: int, message: str, name: str) -> None:
    quiet.call("POST", "/order", **BUY_AT_59900, clOrdID="taken")
    asked = (BUY_AT_59900 | params) if params else {}
    assert quiet.refusal("POST", "/order", **asked) == (status, message, name)
    assert len(quiet.exchange.orders) == 1


def test_a_post_only_order_that_would_take_is_accepted_and_cancelled(quiet: World) -> None:
    row = quiet.call(
        "POST", "/order", symbol="XBTUSD", orderQty=100, price=60_500, execInst="ParticipateDoNotInitiate", text="maker"
    )
    assert (row["ordStatus"], row["leavesQty"]) == ("Canceled", 0)
    assert row["text"] == "Canceled: Order had execInst of ParticipateDoNotInitiate\nmaker"


def test_a_market_order_takes_what_there_is_and_cancels_the_rest(quiet: World) -> None:
    row = quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-300_000, text="all of it")
    assert (row["ordStatus"], row["cumQty"], row["leavesQty"]) == ("Canceled", 200_000, 0)
    assert row["text"] == "Canceled: Order had ordType of Market\nall of it"
    assert row["avgPx"] == pytest.approx(59_999.5 - 99 * 0.5 / 2)


def test_without_a_market_there_is_no_liquidity() -> None:
    early = world(starts_s=60)
    row = early.call("POST", "/order", symbol="XBTUSD", orderQty=100)
    assert (row["ordStatus"], row["text"]) == ("Canceled", "Canceled: Order had ordType of Market\nSubmitted via API.")


@pytest.mark.parametrize(
    ("force", "status", "text"),
    [
        ("ImmediateOrCancel", "Canceled", "Canceled: Order had timeInForce of ImmediateOrCancel\nSubmitted via API."),
        ("FillOrKill", "Canceled", "Canceled: Order had timeInForce of FillOrKill\nSubmitted via API."),
        ("Day", "New", "Submitted via API."),
    ],
)
def test_time_in_force(quiet: World, force: str, status: str, text: str) -> None:
    row = quiet.call("POST", "/order", **BUY_AT_59900, timeInForce=force)
    assert (row["ordStatus"], row["timeInForce"], row["text"]) == (status, force, text)


def test_a_day_order_ends_at_midnight(quiet: World) -> None:
    quiet.call("POST", "/order", **BUY_AT_59900, timeInForce="Day")
    quiet.move(14 * 60 * 60)
    row = quiet.call("GET", "/order")[0]
    assert (row["ordStatus"], row["timestamp"]) == ("Canceled", "2024-03-05T00:00:00.000Z")


def test_the_life_of_an_order_through_native_calls() -> None:
    """Placed, amended, filled in part by trades at its price, cancelled; each step a row, an execution, and a unified view."""
    moving = world([60_000.0] * 5 + [59_999.5] * 20)
    moving.move(1)
    placed = moving.call("POST", "order", symbol="XBTUSD", orderQty=2000, price=59_998, side="Buy", clOrdID="a")
    moving.move(1)
    amended = moving.call("PUT", "order", origClOrdID="a", clOrdID="b", price=59_999.5, text="nearer")
    assert (amended["orderID"], amended["clOrdID"], amended["price"]) == (placed["orderID"], "b", 59_999.5)
    assert amended["text"] == "Amended price: nearer\nSubmitted via API."
    moving.move(20)
    (partly,) = moving.call("GET", "order", filter='{"open": true}')
    fills = moving.call("GET", "execution/tradeHistory")
    assert partly["ordStatus"] == "PartiallyFilled"
    assert partly["cumQty"] == sum(fill["lastQty"] for fill in fills) == 2000 - partly["leavesQty"]
    assert {fill["lastLiquidityInd"] for fill in fills} == {"AddedLiquidity"}
    (gone,) = moving.call("DELETE", "order", clOrdID="b", text="enough")
    assert (gone["ordStatus"], gone["leavesQty"]) == ("Canceled", 0)
    assert gone["text"] == "Canceled: enough\nAmended price: nearer\nSubmitted via API."
    kinds = [row["execType"] for row in moving.call("GET", "execution")]
    assert kinds == ["New", "Replaced", *["Trade"] * len(fills), "Canceled"]
    first, second = moving.call("GET", "execution", count=2)
    assert [(row["price"], row["text"]) for row in (first, second)] == [
        (59_998.0, "Submitted via API."),
        (59_999.5, "Amended price: nearer\nSubmitted via API."),
    ]
    assert moving.call("GET", "position")[0]["currentQty"] == partly["cumQty"]


# Amending


def test_amending_the_size_or_what_is_left_of_it(quiet: World) -> None:
    order_id = quiet.call("POST", "/order", **BUY_AT_59900)["orderID"]
    assert quiet.call("PUT", "/order", orderID=order_id, orderQty=500)["leavesQty"] == 500
    assert quiet.call("PUT", "/order", orderID=order_id, leavesQty="200")["orderQty"] == 200
    ended = quiet.call("PUT", "/order", orderID=order_id, leavesQty=0)
    assert (ended["ordStatus"], ended["leavesQty"]) == ("Canceled", 0)


def test_amending_a_stop_price(quiet: World) -> None:
    stop = quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-100, stopPx=59_000, execInst="LastPrice")
    assert (stop["triggered"], stop["workingIndicator"], stop["execInst"]) == ("NotTriggered", False, "LastPrice")
    assert quiet.call("PUT", "/order", orderID=stop["orderID"], stopPx=58_000)["stopPx"] == 58_000.0


AMEND_REFUSED = [
    ({}, "orderID or origClOrdID must be sent."),
    ({"clOrdID": "a"}, "orderID or origClOrdID must be sent."),
    ({"orderID": "nobody", "price": 1}, "Invalid orderID"),
    ({"origClOrdID": "nobody", "price": 1}, "Invalid origClOrdID"),
    ({"origClOrdID": "done", "price": 59_000}, "Invalid ordStatus"),
    ({"origClOrdID": "a"}, "Invalid amend: orderQty, leavesQty, price, stopPx unchanged"),
    (
        {"origClOrdID": "a", "price": 59_900, "orderQty": 100},
        "Invalid amend: orderQty, leavesQty, price, stopPx unchanged",
    ),
    ({"origClOrdID": "a", "clOrdID": "done", "price": 59_000}, "Duplicate clOrdID"),
    ({"origClOrdID": "a", "price": 59_000.1}, "Invalid price tickSize"),
    ({"origClOrdID": "a", "stopPx": 59_000}, "Invalid stopPx for ordType"),
    ({"origClOrdID": "a", "orderQty": 150}, "Invalid orderQty"),
    ({"origClOrdID": "a", "leavesQty": 50}, "Invalid leavesQty"),
    ({"origClOrdID": "a", "orderQty": 200, "leavesQty": 200}, "Only one qty field can be used to amend"),
    (
        {"origClOrdID": "a", "pegOffsetValue": 1},
        "Unsupported pegPriceType: pegged and trailing orders are not simulated",
    ),
    ({"origClOrdID": "stop", "price": 59_000}, "Invalid price"),
]


@pytest.mark.parametrize(("params", "message"), AMEND_REFUSED, ids=[str(case[0]) for case in AMEND_REFUSED])
def test_an_amendment_that_is_refused_changes_nothing(quiet: World, params: dict[str, Any], message: str) -> None:
    quiet.call("POST", "/order", **BUY_AT_59900, clOrdID="a")
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=100, clOrdID="done")
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-100, stopPx=59_000, clOrdID="stop")
    before = quiet.call("GET", "/order")
    assert quiet.refusal("PUT", "/order", **params)[:2] == (400, message)
    assert quiet.call("GET", "/order") == before


def test_an_amendment_without_the_margin_for_it_changes_nothing(quiet: World) -> None:
    before = quiet.call("POST", "/order", **BUY_AT_59900, clOrdID="a")
    status, message, name = quiet.refusal("PUT", "/order", origClOrdID="a", clOrdID="b", orderQty=10_000_000)
    assert (status, name) == (400, "ValidationError")
    assert message.startswith("Account has insufficient Available Balance, ")
    assert quiet.call("GET", "/order") == [before]
    assert quiet.call("DELETE", "/order", clOrdID="a")[0]["ordStatus"] == "Canceled"


# Cancelling


def test_cancelling_several_at_once(quiet: World) -> None:
    first, second = (quiet.call("POST", "/order", **BUY_AT_59900)["orderID"] for _ in range(2))
    rows = quiet.call("DELETE", "/order", orderID=f'["{first}","{second}"]')
    assert [(row["orderID"], row["ordStatus"]) for row in rows] == [(first, "Canceled"), (second, "Canceled")]
    assert rows[0]["text"] == "Canceled: Canceled via API.\nSubmitted via API."


def test_cancelling_a_done_order_is_answered_with_the_order_and_an_error(quiet: World) -> None:
    filled = quiet.call("POST", "/order", symbol="XBTUSD", orderQty=100)
    (row,) = quiet.call("DELETE", "/order", orderID=filled["orderID"])
    assert row == filled | {"error": "Unable to cancel order due to existing state: Filled"}


def test_cancelling_what_nobody_knows(quiet: World) -> None:
    assert quiet.refusal("DELETE", "/order", orderID="nobody") == (404, "Not Found", "HTTPError")
    assert quiet.refusal("DELETE", "/order") == (400, "Either an orderID or a clOrdID must be provided.", "HTTPError")
    known = quiet.call("POST", "/order", **BUY_AT_59900)["orderID"]
    rows = quiet.call("DELETE", "/order", orderID=[known, "nobody"])
    assert rows[0]["ordStatus"] == "Canceled"
    assert rows[1] == {"orderID": "nobody", "error": "Unable to cancel order: Not found or not owned by user"}


def test_cancelling_all_of_a_symbol_side_or_everything(quiet: World) -> None:
    quiet.call("POST", "/order", **BUY_AT_59900)
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-100, price=60_100)
    quiet.call("POST", "/order", symbol="ETHUSD", orderQty=-1, price=3100)
    sells = quiet.call("DELETE", "/order/all", symbol="xbtusd", filter={"side": "Sell"})
    assert [(row["symbol"], row["side"], row["ordStatus"]) for row in sells] == [("XBTUSD", "Sell", "Canceled")]
    assert len(quiet.call("DELETE", "/order/all")) == 2
    assert quiet.call("DELETE", "/order/all") == []


def test_the_dead_mans_switch(quiet: World) -> None:
    quiet.call("POST", "/order", **BUY_AT_59900)
    answer = quiet.call("POST", "/order/cancelAllAfter", timeout=60_000)
    assert answer == {"now": "2024-03-04T10:00:03.000Z", "cancelTime": "2024-03-04T10:01:03.000Z"}
    quiet.move(59)
    assert quiet.call("GET", "/order")[0]["ordStatus"] == "New"
    assert quiet.call("POST", "/order/cancelAllAfter", timeout="60000")["cancelTime"] == "2024-03-04T10:02:02.000Z"
    quiet.move(59)
    assert quiet.call("GET", "/order")[0]["ordStatus"] == "New"
    quiet.move(2)
    assert quiet.call("GET", "/order")[0]["ordStatus"] == "Canceled"
    assert quiet.call("POST", "/order/cancelAllAfter", timeout=0)["cancelTime"] == 0
    assert quiet.refusal("POST", "/order/cancelAllAfter")[1] == "'timeout' is a required arg."
    assert quiet.refusal("POST", "/order/cancelAllAfter", timeout=-1)[1] == "timeout is invalid"


# Closing


def test_close_without_a_size_ends_the_position_and_pushes_out_orders_of_its_side(quiet: World) -> None:
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=300)
    resting = quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-200, price=60_100)
    closing = quiet.call("POST", "/order", symbol="XBTUSD", execInst="Close")
    assert (closing["side"], closing["orderQty"], closing["ordStatus"]) == ("Sell", 300, "Filled")
    assert quiet.call("GET", "/position")[0]["isOpen"] is False
    assert quiet.call("GET", "/order", filter={"orderID": resting["orderID"]})[0]["ordStatus"] == "Canceled"


def test_close_of_no_position_is_cancelled(quiet: World) -> None:
    row = quiet.call("POST", "/order", symbol="XBTUSD", execInst="Close")
    assert (row["ordStatus"], row["cumQty"]) == ("Canceled", 0)
    assert row["text"].startswith("Canceled: Order had execInst of ")


def test_a_stop_that_closes_the_whole_position_takes_its_size_when_it_triggers() -> None:
    falling = world([60_000.0] * 5 + [59_000.0] * 20)
    falling.move(1)
    falling.call("POST", "/order", symbol="XBTUSD", orderQty=200)
    stop = falling.call("POST", "/order", symbol="XBTUSD", stopPx=59_500, side="Sell", execInst="Close,LastPrice")
    assert (stop["orderQty"], stop["leavesQty"], stop["ordStatus"]) == (None, None, "New")
    falling.call("POST", "/order", symbol="XBTUSD", orderQty=300)
    falling.move(10)
    done = falling.call("GET", "/order", filter={"orderID": stop["orderID"]})[0]
    assert (done["ordStatus"], done["triggered"], done["orderQty"]) == ("Filled", "StopOrderTriggered", 500)
    assert falling.call("GET", "/position")[0]["currentQty"] == 0


def test_close_position_ends_the_symbols_other_orders_too(quiet: World) -> None:
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=300)
    quiet.call("POST", "/order", **BUY_AT_59900)
    kept = quiet.call("POST", "/order", symbol="ETHUSD", orderQty=-1, price=3100)
    closing = quiet.call("POST", "/order/closePosition", symbol="XBTUSD", price=60_100)
    still_open = [row["orderID"] for row in quiet.call("GET", "/order", filter={"open": True})]
    assert (closing["ordType"], closing["orderQty"], closing["price"]) == ("Limit", 300, 60_100.0)
    assert still_open == [kept["orderID"], closing["orderID"]]


# The same account through both doors


def test_native_and_unified_calls_see_the_same_orders(quiet: World) -> None:
    native = quiet.call("POST", "/order", **BUY_AT_59900, clOrdID="native")
    unified = quiet.ask(CreateOrder("BitMEX", "XBTUSD", "Sell", 200, 60_100.0, post_only=True)).data
    (first, second) = quiet.call("GET", "/order")
    assert [first["orderID"], second["orderID"]] == [native["orderID"], unified["order_id"]]
    assert (second["execInst"], second["text"]) == ("ParticipateDoNotInitiate", "Submitted via API.")
    for row, order in zip((first, second), quiet.ask(FetchOpenOrders("BitMEX")).data, strict=True):
        assert (row["symbol"], row["side"], row["price"]) == (order["sym"], order["side"], order["order_price"])
        assert (row["orderQty"], row["leavesQty"]) == (order["order_size"], order["remain_size"])
        assert (row["clOrdID"], row["ordStatus"]) == (order["client_order_id"], order["status"])
    quiet.ask(AmendOrder("BitMEX", native["orderID"], size=300.0))
    assert quiet.call("GET", "/order")[0]["orderQty"] == 300
    quiet.ask(CancelOrder("BitMEX", sym="XBTUSD"))
    assert [row["ordStatus"] for row in quiet.call("GET", "/order")] == ["Canceled", "Canceled"]
    assert quiet.call("GET", "/order")[1]["text"] == "Canceled: Canceled via API.\nSubmitted via API."


def test_native_and_unified_calls_see_the_same_position(quiet: World) -> None:
    quiet.ask(CreateOrder("BitMEX", "XBTUSD", "Buy", 1000, is_market=True))
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=-400)
    (unified,) = quiet.ask(FetchPositions("BitMEX")).data
    (native,) = quiet.call("GET", "/position", filter={"isOpen": True})
    assert (
        (native["currentQty"], native["avgEntryPrice"])
        == (unified["pos_size"], unified["entry_price"])
        == (600, 60_000.5)
    )
    assert (native["markPrice"], native["liquidationPrice"]) == (unified["mark_price"], unified["liq_price"])


def test_the_listener_hears_native_orders_as_it_hears_others(quiet: World) -> None:
    quiet.call("POST", "/order", symbol="XBTUSD", orderQty=100)
    assert quiet.ears.heard == [("order", "New"), ("fill", 1), ("order", "Filled"), ("position", 1)]

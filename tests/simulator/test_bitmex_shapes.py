"""BitMEX's rows against its API description and our own wire types, every endpoint we use, and calls that make no sense."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.bitmex_world import World, world
from tests.venues.captures import capture
from ticklink.model.requests import CallEndpoint
from ticklink.venues.bitmex import rows as wire

DESCRIPTION = "bitmex/bitmex_swagger_1.2.0.json"
NOT_DESCRIBED = {"error"}
"""In rows of the venue, but not in its description."""

DEFINITIONS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "order": ("Order", wire.OrderRow),
    "execution": ("Execution", wire.ExecutionRow),
    "execution/tradeHistory": ("Execution", wire.ExecutionRow),
    "position": ("Position", wire.PositionRow),
    "user/margin": ("Margin", wire.MarginRow),
    "user/wallet": ("Wallet", wire.WalletRow),
    "instrument": ("Instrument", wire.InstrumentRow),
    "quote": ("Quote", wire.QuoteRow),
    "trade": ("Trade", wire.TradeRow),
    "trade/bucketed": ("TradeBin", wire.CandleRow),
    "quote/bucketed": ("Quote", wire.QuoteRow),
    "orderBook/L2": ("OrderBookL2", wire.BookRow),
    "wallet/assets": ("AssetsConfig", wire.AssetRow),
}
ALL = {"currency": "all", "symbol": "XBTUSD"}


@pytest.fixture(scope="module")
def busy() -> World:
    """Orders of every kind and state, a position, a stop, two minutes of market."""
    made = world()
    made.move(1)
    made.call("POST", "/order", symbol="XBTUSD", orderQty=-300, clOrdID="a", text="hello")
    made.call("POST", "/order", symbol="XBTUSD", orderQty=200, price=59_000, side="Buy", clOrdID="b", displayQty=0)
    made.call("PUT", "/order", origClOrdID="b", price=59_500)
    made.call("POST", "/order", symbol="XBTUSD", orderQty=100, stopPx=61_000, execInst="Close,LastPrice")
    made.call("POST", "/order", symbol="XBTUSD", orderQty=100, price=60_100, execInst="ParticipateDoNotInitiate")
    made.call("POST", "/order", symbol="XBTUSD", orderQty=100, price=59_000)
    made.call("DELETE", "/order", clOrdID="b")
    made.call("POST", "/order", symbol="ETHUSD", orderQty=10)
    made.call("POST", "/order", symbol="XBT_USDT", orderQty=1000)
    made.move(120)
    return made


def rows_of(there: World, path: str) -> list[dict[str, Any]]:
    params = {} if path in ("position", "execution", "execution/tradeHistory", "order") else ALL
    body = there.call("GET", path, **params)
    assert body, path
    return body if isinstance(body, list) else [body]


@pytest.mark.parametrize("path", DEFINITIONS)
def test_rows_are_what_the_adapter_reads(busy: World, path: str) -> None:
    """Through JSON and our wire types; no field is lost but an instrument's terms."""
    _, row_type = DEFINITIONS[path]
    for row in rows_of(busy, path):
        decoded = msgspec.json.decode(msgspec.json.encode(row), type=row_type)
        read = json.loads(msgspec.json.encode(decoded))
        if path == "instrument":
            assert read == {name: row[name] for name in read}
        else:
            assert read == {name: value for name, value in row.items() if name != "networks"}


@pytest.mark.parametrize("path", DEFINITIONS)
def test_rows_are_what_the_venue_describes(busy: World, path: str) -> None:
    description = json.loads(capture(DESCRIPTION).read_text())["definitions"]
    definition = description[DEFINITIONS[path][0]]
    for row in rows_of(busy, path):
        assert set(row) - NOT_DESCRIBED <= set(definition["properties"])
        assert set(definition.get("required", ())) <= set(row)
        for name, value in row.items():
            assert value is None or fits(value, definition["properties"].get(name, {})), (name, value)


def fits(value: Any, described: dict[str, Any]) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
    }
    kind = described.get("type")
    return kind is None or (isinstance(value, kinds[kind]) and isinstance(value, bool) == (kind == "boolean"))


def test_every_endpoint_and_parameter_is_one_that_the_venue_describes(busy: World) -> None:
    paths = json.loads(capture(DESCRIPTION).read_text())["paths"]
    for method, path in busy.face.endpoints:
        assert method.lower() in paths[f"/{path}"], (method, path)


# (method, path, params, is the answer a list)
USED: list[tuple[str, str, dict[str, Any], bool]] = [
    ("GET", "/instrument/active", {}, True),
    ("GET", "/instrument", {"symbol": "XBTUSD"}, True),
    ("GET", "/instrument/activeAndIndices", {}, True),
    ("GET", "/wallet/assets", {}, True),
    (
        "GET",
        "/trade/bucketed",
        {"binSize": "1m", "symbol": "XBTUSD", "count": 2, "partial": True, "reverse": True},
        True,
    ),
    ("GET", "/user/margin", {"currency": "all"}, True),
    ("GET", "/user/margin", {}, False),
    ("GET", "/user/wallet", {"currency": "all"}, True),
    ("GET", "/order", {"filter": '{"open":true}', "symbol": "XBTUSD", "count": 500}, True),
    ("GET", "/position", {"filter": '{"isOpen":true}'}, True),
    ("POST", "/order", {"symbol": "XBTUSD", "side": "Buy", "orderQty": 100, "price": 59_000, "clOrdID": "x"}, False),
    ("PUT", "/order", {"origClOrdID": "x", "price": 59_001}, False),
    ("DELETE", "/order", {"clOrdID": "x"}, True),
    ("DELETE", "/order/all", {"symbol": "XBTUSD"}, True),
    ("POST", "/order/cancelAllAfter", {"timeout": 60_000}, False),
    ("POST", "/order", {"symbol": "XBTUSD", "side": "Buy", "execInst": "Close"}, False),
    ("GET", "/execution/tradeHistory", {}, True),
    ("GET", "/execution", {"filter": {"execType": ["Trade", "New"]}}, True),
    ("POST", "/position/leverage", {"symbol": "XBTUSD", "leverage": 0}, False),
    ("POST", "/position/isolate", {"symbol": "XBTUSD", "enabled": False}, False),
    ("GET", "/quote", {"symbol": "XBTUSD", "count": 1, "reverse": True}, True),
    ("GET", "/trade", {"symbol": "XBTUSD", "count": 1, "reverse": True}, True),
    ("GET", "/orderBook/L2", {"symbol": "XBTUSD", "depth": 25}, True),
    ("GET", "/user", {}, False),
]


def test_every_call_that_adapters_make_is_answered() -> None:
    there = world()
    there.move(90)
    there.call("POST", "/order", symbol="XBTUSD", orderQty=-100)
    for method, path, params, is_list in USED:
        body = there.call(method, path, **params)
        assert isinstance(body, list) == is_list, path
        assert body or path == "/order/all" or (path == "/order" and method == "GET"), path


@pytest.mark.parametrize(
    "path", ["/order", "order", "order/", "/api/v1/order", "api/v1/order", "/api/v1/order?count=1"]
)
def test_paths_as_bots_write_them(busy: World, path: str) -> None:
    assert busy.call("GET", path)[0] == busy.call("GET", "/order")[0]


def test_a_query_string_is_read_and_params_go_over_it(busy: World) -> None:
    assert len(busy.call("GET", "/order?count=3&reverse=true")) == 3
    assert len(busy.call("GET", "/order?count=3", count=2)) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orders"),
        ("GET", ""),
        ("PATCH", "/order"),
        ("POST", "/order/bulk"),
        ("get", "/order"),
        ("GET", "/Order"),
    ],
)
def test_what_does_not_exist_is_not_found(busy: World, method: str, path: str) -> None:
    assert busy.face.handle(method, path, {}) == (404, {"error": {"message": "Not Found", "name": "HTTPError"}})


def test_a_bot_gets_the_body_or_the_venues_message(busy: World) -> None:
    """Through call_endpoint, where a refusal is an error of the envelope."""
    reply = busy.ask(CallEndpoint("BitMEX", "order", "private", "get", {"count": 1}))
    assert (reply.data[0]["symbol"], reply.failure, reply.venue_id) == ("XBTUSD", None, "BitMEX")
    refused = busy.ask(CallEndpoint("BitMEX", "order", "private", "POST", {"symbol": "XBTUSD"}))
    assert refused.data is None
    assert refused.failure is not None
    assert (refused.failure.kind, refused.failure.message) == ("rejected", "Invalid orderQty")


# Calls that make no sense

NAMES = [
    *("symbol", "side", "orderQty", "price", "stopPx", "displayQty", "clOrdID", "origClOrdID", "orderID", "ordType"),
    *(
        "timeInForce",
        "execInst",
        "text",
        "leavesQty",
        "timeout",
        "leverage",
        "enabled",
        "currency",
        "filter",
        "columns",
    ),
    *(
        "count",
        "start",
        "reverse",
        "startTime",
        "endTime",
        "binSize",
        "partial",
        "depth",
        "clOrdLinkID",
        "pegPriceType",
    ),
]
SENSIBLE = [
    *(
        "XBTUSD",
        "ETHUSD",
        "XBT_USDT",
        "xbt",
        "XBT:perpetual",
        "Buy",
        "Sell",
        "Limit",
        "Market",
        "Stop",
        "LimitIfTouched",
    ),
    *("GoodTillCancel", "ImmediateOrCancel", "FillOrKill", "Day", "Close", "ReduceOnly", "ParticipateDoNotInitiate"),
    *(
        "MarkPrice",
        "a",
        "b",
        "all",
        "XBt",
        "1m",
        "1d",
        '{"open": true}',
        '["symbol"]',
        "2024-03-04",
        "true",
        "100",
        "59000",
    ),
    *("00000001-0000-4000-8000-000000000001", '["a", "b"]'),
]
values = st.one_of(
    st.sampled_from(SENSIBLE),
    st.sampled_from([0, 1, -100, 100, 1000, 59_000, 59_000.5, 60_500, 10**18, True, False, None]),
    st.integers() | st.floats() | st.booleans() | st.none(),
    st.text(max_size=40),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["symbol", "side", "open", "?"]), inner)
        ),
        max_leaves=5,
    ),
)
calls = st.tuples(
    st.sampled_from(world().face.endpoints),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=8),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(calls, min_size=1, max_size=12))
def test_no_call_raises_and_every_refusal_has_the_venues_shape(made: list[Any]) -> None:
    there = world()
    for (method, path), params in made:
        there.move(1)
        status, body = there.face.handle(method, path, params)
        msgspec.json.encode(body)
        if status != 200:
            assert status in (400, 404)
            assert set(body) == {"error"}
            assert {type(part) for part in body["error"].values()} == {str}
            assert set(body["error"]) == {"message", "name"}
    summary = there.account.margin("XBT")
    there.call("DELETE", "/order/all")
    assert there.exchange.open_orders == {}
    assert there.account.margin("XBT").init_margin == 0
    assert summary.wallet_balance == sum(entry.amount for entry in there.account.ledger if entry.asset == "XBT")


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=30), st.none() | st.integers() | st.lists(st.integers(), max_size=2))
def test_no_method_path_or_params_raise(method: str, path: str, params: Any) -> None:
    status, body = world().face.handle(method, path, params)
    assert (status, set(body)) == (404, {"error"})
    status, body = world().face.handle("GET", "/order", params)
    assert (status, body["error"]["message"]) == (400, "params are not valid")

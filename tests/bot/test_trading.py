from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.bot.host import MemoryHost
from ticklink.model.errors import ApiError
from ticklink.model.requests import (
    AmendOrder,
    CallEndpoint,
    CancelOrder,
    CreateOrder,
    Failure,
    FetchBalances,
    FetchCandles,
    FetchOpenOrders,
    FetchPositions,
)

V, S = "BitMEX", "XBTUSD"


@pytest.mark.parametrize(
    ("call", "args", "kwargs", "request_made"),
    [
        ("fetch_candles", (V, S), {}, FetchCandles(V, S, "1m", None)),
        ("fetch_candles", (V, S, "1h", 1_696_015_800_000), {}, FetchCandles(V, S, "1h", 1_696_015_800_000)),
        ("fetch_candles", (V,), {"sym": S, "level": "1d", "since": 5.5}, FetchCandles(V, S, "1d", 5)),
        ("fetch_balances", (V,), {}, FetchBalances(V)),
        ("fetch_open_orders", (), {"venue": V}, FetchOpenOrders(V)),
        ("fetch_positions", (V,), {}, FetchPositions(V)),
        ("create_limit_order", (V, S, "Buy", 100.0, 26900.5), {}, CreateOrder(V, S, "Buy", 100.0, 26900.5)),
        (
            "create_limit_order",
            (V,),
            {"sym": S, "side": "Sell", "size": 100, "price": np.float32(2.5)},
            CreateOrder(V, S, "Sell", 100.0, 2.5),
        ),
        (
            "create_limit_order",
            (V, S, "Buy", Decimal("0.5"), np.int64(9)),
            {"post_only": True, "reduce_only": True, "time_in_force": "IOC", "client_order_id": "mine"},
            CreateOrder(V, S, "Buy", 0.5, 9.0, False, True, True, "IOC", "mine"),
        ),
        ("create_market_order", (V, S, "Sell", 100), {}, CreateOrder(V, S, "Sell", 100.0, None, True)),
        (
            "create_market_order",
            (V, S),
            {"side": "Sell", "size": 1.5, "reduce_only": True, "client_order_id": "mine"},
            CreateOrder(V, S, "Sell", 1.5, None, True, False, True, "GTC", "mine"),
        ),
        ("cancel_order", (V,), {}, CancelOrder(V)),
        ("cancel_order", (V, "id"), {}, CancelOrder(V, "id")),
        ("cancel_order", (V,), {"sym": S}, CancelOrder(V, None, S)),
        ("amend_order", (V, "id", 5), {}, AmendOrder(V, "id", 5.0, None)),
        ("amend_order", (V,), {"order_id": "id", "price": 7}, AmendOrder(V, "id", None, 7.0)),
        ("call_endpoint", (V, "order", "private"), {}, CallEndpoint(V, "order", "private", "GET", None)),
        (
            "call_endpoint",
            (V, "order", "private", "POST", {"a": 1}),
            {},
            CallEndpoint(V, "order", "private", "POST", {"a": 1}),
        ),
        (
            "call_endpoint",
            (V,),
            {"path": "trade", "version": "public", "params": {}},
            CallEndpoint(V, "trade", "public", "GET", {}),
        ),
    ],
)
def test_a_call_makes_its_request(
    bot: Any, host: MemoryHost, call: str, args: tuple[Any, ...], kwargs: dict[str, Any], request_made: Any
) -> None:
    host.exchange.data = [{"x": 1}]
    reply = getattr(bot, call)(*args, **kwargs)
    assert host.exchange.requests == [request_made]
    for name in request_made.__struct_fields__:
        assert type(getattr(host.exchange.requests[0], name)) is type(getattr(request_made, name))
    assert reply == {
        "src": "bitmex",
        "venue": "BitMEX",
        "data": [{"x": 1}],
        "error": None,
        "rate_limits": {"remaining": 118, "reset": 1_696_016_600},
    }


def test_a_native_call_tells_the_venue_id(bot: Any, host: MemoryHost) -> None:
    host.exchange.venue_id = "7"
    assert bot.call_endpoint(V, "order", "private")["venue_id"] == "7"


@pytest.mark.parametrize("kind", ["refused", "rejected"])
def test_an_api_error_is_raised_with_the_whole_reply(bot: Any, host: MemoryHost, kind: Any) -> None:
    host.exchange.failure = Failure(kind, "price 26900.3 is off tick 0.5; nearest is 26900.5")
    with pytest.raises(ApiError, match=r"BitMEX: price 26900.3 is off tick") as caught:
        bot.create_limit_order(V, S, "Buy", 100.0, 26900.3)
    assert caught.value.reply == {
        "src": "bitmex",
        "venue": "BitMEX",
        "data": None,
        "error": {"type": "api_error", "message": "price 26900.3 is off tick 0.5; nearest is 26900.5"},
        "rate_limits": {"remaining": 118, "reset": 1_696_016_600},
    }


def test_rate_limits_are_returned_not_raised(bot: Any, host: MemoryHost) -> None:
    host.exchange.failure = Failure("rate_limited", "too many requests")
    assert bot.fetch_positions(V)["error"] == {"type": "rate_limits", "message": "too many requests"}


@pytest.mark.parametrize(
    ("call", "args", "kwargs", "message"),
    [
        ("create_limit_order", (V, S, "Buy", "100", 5.0), {}, "size is a number, not '100' (str)"),
        ("create_limit_order", (V, S, "Buy", 100, None), {}, "price is a number, not None (NoneType)"),
        ("create_limit_order", (V, S, "Buy", True, 5.0), {}, "size is a number, not True (bool)"),
        ("create_limit_order", (V, 5, "Buy", 1.0, 5.0), {}, "sym is a text, not 5 (int)"),
        ("create_limit_order", (V, S, 1, 1.0, 5.0), {}, "side is a text, not 1 (int)"),
        ("create_limit_order", (V, S, "Buy", 1.0, 5.0), {"post_only": 1}, "post_only is True or False, not 1"),
        ("create_limit_order", (V, S, "Buy", 1.0, 5.0), {"reduce_only": 0}, "reduce_only is True or False, not 0"),
        ("create_limit_order", (V, S, "Buy", 1.0, 5.0), {"time_in_force": None}, "time_in_force is a text, not None"),
        ("create_limit_order", (V, S, "Buy", 1.0, 5.0), {"client_order_id": 5}, "client_order_id is a text, not 5"),
        ("create_market_order", (V, S, "Buy", [1]), {}, "size is a number, not [1] (list)"),
        ("amend_order", (V, "id"), {}, "an amendment needs a size or a price; give size=..., price=... or both"),
        ("amend_order", (V, None, 5), {}, "order_id is a text, not None (NoneType)"),
        ("amend_order", (V, "id", "5"), {}, "size is a number, not '5' (str)"),
        ("amend_order", (V, "id"), {"price": "5"}, "price is a number, not '5' (str)"),
        ("cancel_order", (V, 5), {}, "order_id is a text, not 5 (int)"),
        ("cancel_order", (V,), {"sym": [S]}, "sym is a text, not ['XBTUSD'] (list)"),
        ("fetch_candles", (V, S, "7m"), {}, "unknown candle level '7m'; use one of 1m, 3m, 5m"),
        ("fetch_candles", (V, S, "1m", "now"), {}, "since is a number, not 'now' (str)"),
        ("fetch_candles", (V, S, "1m", float("nan")), {}, "since is epoch ms, not nan"),
        ("call_endpoint", (V, "order", "v1"), {}, "version is one of public, private, not 'v1'"),
        ("call_endpoint", (V, "order", "public", "FETCH"), {}, "method is one of GET, POST, PUT, DELETE, not 'FETCH'"),
        ("call_endpoint", (V, 5, "public"), {}, "path is a text, not 5 (int)"),
        ("call_endpoint", (V, "order", "public", "GET", "a=1"), {}, "params is a dict, not 'a=1'"),
    ],
)
def test_a_wrong_argument_is_an_api_error_that_says_what_it_is(
    bot: Any, host: MemoryHost, call: str, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        getattr(bot, call)(*args, **kwargs)
    assert message in caught.value.reply["error"]["message"]
    assert caught.value.reply["error"]["type"] == "api_error"
    assert (caught.value.reply["src"], caught.value.reply["venue"]) == ("bitmex", "BitMEX")
    assert host.exchange.requests == []


@pytest.mark.parametrize("venue", [None, 5, ["BitMEX"]])
def test_a_venue_that_is_no_text_is_an_api_error(bot: Any, host: MemoryHost, venue: Any) -> None:
    with pytest.raises(ApiError, match="venue is a text, not") as caught:
        bot.fetch_balances(venue)
    assert caught.value.reply["src"] == ""
    assert host.exchange.requests == []

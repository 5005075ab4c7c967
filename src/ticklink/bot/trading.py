"""The Exchange API: a bot's calls as requests, the replies as envelopes, `api_error` as an exception."""

import math
from typing import Any

from ticklink.bot.arguments import is_number
from ticklink.bus import frames
from ticklink.model import candles
from ticklink.model.errors import ApiError, InputError
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
    Reply,
    Request,
)
from ticklink.ports import Host

ACCESS = ("public", "private")
METHODS = ("GET", "POST", "PUT", "DELETE")
PLAIN = (float, int)


class ExchangeCalls:
    """The calls. Each returns {src, venue, data, error, rate_limits}, raises ApiError for `api_error`, and blocks.

    A wrong type is told here; what takes an instrument to know (tick, lot, symbol) the exchange behind `Host` tells.
    """

    _ticklink_host: Host | None = None

    def fetch_candles(self, venue: str, sym: str, level: str = "1m", since: float | None = None) -> dict[str, Any]:
        """[{open, high, low, close, volume, time}], oldest first; the latest 1000, or from `since` (epoch ms) on."""
        problem = _text(sym, "sym") or _level(level) or (since is not None and _time(since))
        start = None if since is None or problem else int(since)
        return self._ask(FetchCandles(venue, sym, level, start), problem)

    def fetch_balances(self, venue: str) -> dict[str, Any]:
        """[{asset, amount}]"""
        return self._ask(FetchBalances(venue), None)

    def fetch_open_orders(self, venue: str) -> dict[str, Any]:
        """[{sym, side, order_price, order_size, remain_size, order_type, time, order_id, ...}]"""
        return self._ask(FetchOpenOrders(venue), None)

    def fetch_positions(self, venue: str) -> dict[str, Any]:
        """[{sym, side, entry_price, liq_price, pos_size, mark_price, time}]"""
        return self._ask(FetchPositions(venue), None)

    def create_limit_order(
        self,
        venue: str,
        sym: str,
        side: str,
        size: float,
        price: float,
        *,
        post_only: bool = False,
        reduce_only: bool = False,
        time_in_force: str = "GTC",
        client_order_id: str | None = None,
    ) -> dict[str, Any]:
        """The order."""
        # backtests spend their time here: the checks of a well-formed order are a few type comparisons
        problem: str | None = None
        if type(size) in PLAIN and type(price) in PLAIN:
            size, price = float(size), float(price)
        else:
            problem = _number(size, "size") or _number(price, "price")
            if problem is None:
                size, price = float(size), float(price)
        request = CreateOrder(
            venue, sym, side, size, price, False, post_only, reduce_only, time_in_force, client_order_id
        )
        return self._ask(request, problem or _order_words(request))

    def create_market_order(
        self,
        venue: str,
        sym: str,
        side: str,
        size: float,
        *,
        post_only: bool = False,
        reduce_only: bool = False,
        time_in_force: str = "GTC",
        client_order_id: str | None = None,
    ) -> dict[str, Any]:
        """The order; `remain_size` is 0 once it is filled."""
        problem = None if type(size) in PLAIN else _number(size, "size")
        if problem is None:
            size = float(size)
        request = CreateOrder(
            venue, sym, side, size, None, True, post_only, reduce_only, time_in_force, client_order_id
        )
        return self._ask(request, problem or _order_words(request))

    def cancel_order(self, venue: str, order_id: str | None = None, sym: str | None = None) -> dict[str, Any]:
        """The cancelled orders: one, all of a symbol, or (neither given) all of the venue."""
        problem = (order_id is not None and _text(order_id, "order_id")) or (sym is not None and _text(sym, "sym"))
        return self._ask(CancelOrder(venue, order_id, sym), problem)

    def amend_order(
        self, venue: str, order_id: str, size: float | None = None, price: float | None = None
    ) -> dict[str, Any]:
        """The order, with another size or price."""
        problem = _text(order_id, "order_id") or _amendment(size, price)
        if problem is None:
            size, price = None if size is None else float(size), None if price is None else float(price)
        return self._ask(AmendOrder(venue, order_id, size, price), problem)

    def call_endpoint(
        self, venue: str, path: str, version: str, method: str = "GET", params: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Whatever the venue's own REST API answers; `version` is 'public' or 'private'."""
        problem = _text(path, "path") or _choice(version, "version", ACCESS) or _choice(method, "method", METHODS)
        problem = problem or _params(params)
        return self._ask(CallEndpoint(venue, path, version, method, params), problem)

    def _ask(self, request: Request, problem: str | bool | None) -> dict[str, Any]:
        host = self._ticklink_host
        assert host is not None  # Link.__new__ saw to it
        if problem or type(request.venue) is not str:
            raise ApiError(_refusal(host, request.venue, problem or _not_text(request.venue, "venue")))
        reply = host.exchange.request(request)
        envelope = frames.reply(reply)
        if reply.failure is not None and envelope["error"]["type"] == "api_error":
            raise ApiError(envelope)
        return envelope


def _refusal(host: Host, venue: Any, problem: Any) -> dict[str, Any]:
    known = host.market.venues().get(venue) if isinstance(venue, str) else None
    return frames.reply(Reply(known["src"] if known else "", str(venue), failure=Failure("refused", str(problem))))


def _order_words(order: CreateOrder) -> str | None:
    """What is wrong with the parts of an order that are not numbers."""
    own_id = order.client_order_id
    texts_are_plain = type(order.sym) is type(order.side) is type(order.time_in_force) is str
    if texts_are_plain and order.post_only is order.reduce_only is False and own_id is None:
        return None
    return (
        _text(order.sym, "sym")
        or _text(order.side, "side")
        or _text(order.time_in_force, "time_in_force")
        or (None if own_id is None else _text(own_id, "client_order_id"))
        or _flag(order.post_only, "post_only")
        or _flag(order.reduce_only, "reduce_only")
    )


def _text(value: Any, name: str) -> str | None:
    return None if isinstance(value, str) else _not_text(value, name)


def _not_text(value: Any, name: str) -> str:
    return f"{name} is a text, not {value!r} ({type(value).__name__})"


def _flag(value: Any, name: str) -> str | None:
    return None if value is True or value is False else f"{name} is True or False, not {value!r}"


def _time(value: Any) -> str | None:
    problem = _number(value, "since")
    return problem or (None if math.isfinite(value) else f"since is epoch ms, not {value!r}")


def _number(value: Any, name: str) -> str | None:
    return None if is_number(value) else f"{name} is a number, not {value!r} ({type(value).__name__})"


def _amendment(size: Any, price: Any) -> str | None:
    if size is None and price is None:
        return "an amendment needs a size or a price; give size=..., price=... or both"
    return (None if size is None else _number(size, "size")) or (None if price is None else _number(price, "price"))


def _params(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict) else f"params is a dict, not {value!r}"


def _choice(value: Any, name: str, choices: tuple[str, ...]) -> str | None:
    return None if value in choices else f"{name} is one of {', '.join(choices)}, not {value!r}"


def _level(level: str) -> str | None:
    try:
        candles.level_ms(level)
    except InputError as error:
        return str(error)
    return None

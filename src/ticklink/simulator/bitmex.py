"""BitMEX's own REST API over a simulated exchange, in this process.

    face = BitmexFace(exchange, candles)
    status, body = face.handle("POST", "/order", {"symbol": "XBTUSD", "orderQty": 100, "price": 64000})

A path may be written with or without `/api/v1`, slashes at its ends or a query string. Parameters may be native values, JSON,
or the texts of a form. What is answered, and what is not simulated, is in docs/native-calls.md.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ticklink.model.errors import InputError
from ticklink.simulator.bitmex_account import AccountDesk
from ticklink.simulator.bitmex_executions import Executions
from ticklink.simulator.bitmex_market import Buckets, PublicTables
from ticklink.simulator.bitmex_orders import OrderDesk
from ticklink.simulator.bitmex_params import Params
from ticklink.simulator.exchange import Exchange
from ticklink.simulator.rules import Rejected

PREFIX = "api/v1/"
NOT_FOUND = "Not Found"
BAD_PARAMS = "params are not valid"
"""[M] in these words."""

Handler = Callable[[Params], Any]


class BitmexFace:
    """venue.NativeFace. Nothing that a bot sends makes it raise: every refusal is an HTTP status and the venue's error body."""

    def __init__(self, exchange: Exchange, candles: Buckets) -> None:
        orders, account = OrderDesk(exchange), AccountDesk(exchange)
        executions, public = Executions(exchange), PublicTables(exchange, candles)
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "order"): orders.listed,
            ("POST", "order"): orders.place,
            ("PUT", "order"): orders.amend,
            ("DELETE", "order"): orders.cancel,
            ("DELETE", "order/all"): orders.cancel_all,
            ("POST", "order/cancelAllAfter"): orders.cancel_all_after,
            ("POST", "order/closePosition"): orders.close_position,
            ("GET", "execution"): executions.all,
            ("GET", "execution/tradeHistory"): executions.trades,
            ("GET", "position"): account.positions,
            ("POST", "position/leverage"): account.set_leverage,
            ("POST", "position/isolate"): account.isolate,
            ("GET", "user"): account.user,
            ("GET", "user/commission"): account.commission,
            ("GET", "user/margin"): account.margin,
            ("GET", "user/wallet"): account.wallet,
            ("GET", "user/walletHistory"): account.wallet_history,
            ("GET", "wallet/assets"): account.assets,
            ("GET", "instrument"): public.instruments,
            ("GET", "instrument/active"): public.active_instruments,
            ("GET", "instrument/activeAndIndices"): public.active_instruments,
            ("GET", "instrument/indices"): public.indices,
            ("GET", "orderBook/L2"): public.book,
            ("GET", "quote"): public.quotes,
            ("GET", "quote/bucketed"): public.quote_buckets,
            ("GET", "trade"): public.trades,
            ("GET", "trade/bucketed"): public.trade_buckets,
        }

    @property
    def endpoints(self) -> list[tuple[str, str]]:
        """(method, path) of everything that is answered."""
        return list(self._routes)

    def handle(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        """(HTTP status, body)."""
        try:
            where, queried = _path(path)
            handler = self._routes.get((method, where))
            if handler is None:
                raise Rejected(NOT_FOUND, status=404)
            if not isinstance(params, Mapping):
                raise Rejected(BAD_PARAMS)
            return 200, handler(Params({**queried, **params}))
        except Rejected as no:
            return no.status, {"error": {"message": no.message, "name": no.name}}
        except InputError as no:
            return 400, {"error": {"message": str(no), "name": "HTTPError"}}


def _path(path: str) -> tuple[str, dict[str, str]]:
    """`/api/v1/order?count=5` is ("order", {"count": "5"})."""
    where, _, query = str(path).partition("?")
    return where.strip("/").removeprefix(PREFIX), dict(parse_qsl(query, keep_blank_values=True, separator="&"))

"""Request and Reply: what a bot asks of a venue, and the envelope it gets."""

from typing import Any, Literal

import msgspec

Side = Literal["Buy", "Sell"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
SIDES: tuple[Side, ...] = ("Buy", "Sell")
TIMES_IN_FORCE: tuple[TimeInForce, ...] = ("GTC", "IOC", "FOK")


class FetchCandles(msgspec.Struct, frozen=True, tag=True):
    venue: str
    sym: str
    level: str = "1m"
    since: int | None = None
    """Epoch ms; None asks for the latest 1000."""


class FetchBalances(msgspec.Struct, frozen=True, tag=True):
    venue: str


class FetchOpenOrders(msgspec.Struct, frozen=True, tag=True):
    venue: str


class FetchPositions(msgspec.Struct, frozen=True, tag=True):
    venue: str


class CreateOrder(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A limit order, or a market order where `price` is None. Values are as the bot gave them, unchecked."""

    venue: str
    sym: str
    side: str
    size: float
    price: float | None = None
    is_market: bool = False
    post_only: bool = False
    reduce_only: bool = False
    time_in_force: str = "GTC"
    client_order_id: str | None = None


class CancelOrder(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Cancels one order, all of a symbol, or (neither given) every open order of the venue."""

    venue: str
    order_id: str | None = None
    sym: str | None = None


class AmendOrder(msgspec.Struct, frozen=True, tag=True):
    venue: str
    order_id: str
    size: float | None = None
    price: float | None = None


class CallEndpoint(msgspec.Struct, frozen=True, tag=True):
    """A call of the venue's native REST API."""

    venue: str
    path: str
    version: str
    method: str = "GET"
    params: dict[str, Any] | None = None


Request = (
    FetchCandles
    | FetchBalances
    | FetchOpenOrders
    | FetchPositions
    | CreateOrder
    | CancelOrder
    | AmendOrder
    | CallEndpoint
)

FailureKind = Literal["refused", "rejected", "rate_limited"]


class Failure(msgspec.Struct, frozen=True):
    """Why a request was not carried out. A bot sees `rate_limited` as type `rate_limits`, the others as `api_error`."""

    kind: FailureKind
    message: str

    @property
    def error_type(self) -> str:
        return "rate_limits" if self.kind == "rate_limited" else "api_error"


class RateLimits(msgspec.Struct, frozen=True, gc=False):
    """What is left of the venue's request budget, and the unix second at which it is full again."""

    remaining: int
    reset: int


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What came of a request: `data` in the bot's shapes (docs/bot-api.md), or why there is none."""

    src: str
    venue: str
    data: Any = None
    failure: Failure | None = None
    rate_limits: RateLimits | None = None
    venue_id: str | None = None

"""Coinbase Exchange's websocket messages as types: what the bytes mean, and nothing of how they travel.

Prices and sizes are decimal strings, as the venue writes them; `float(text)` is the nearest float. Fields not listed are
ignored, and so are messages of unknown type. Sources: the venue's Exchange API documentation.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ticklink.model.errors import WireError

SRC = "coinbasepro"

Text = str | None | UnsetType
Whole = int | None | UnsetType


class Message(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", kw_only=True):
    """Any message; its `type` is the class's tag."""


class Subscriptions(Message, frozen=True, tag="subscriptions"):
    """All that this connection is subscribed to, after a change."""

    channels: list[dict[str, Any]]


class Failure(Message, frozen=True, tag="error"):
    message: str
    reason: Text = UNSET


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """Once a second and product."""

    product_id: str
    sequence: int
    last_trade_id: int
    time: str


class Snapshot(Message, frozen=True, tag="snapshot"):
    """The whole book, [price, size] best first, without a time."""

    product_id: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class L2Update(Message, frozen=True, tag="l2update"):
    """New sizes, [buy or sell, price, size]; a size of 0 removes the level."""

    product_id: str
    changes: list[tuple[str, str, str]]
    time: str


class Ticker(Message, frozen=True, tag="ticker"):
    """The last match, with the best prices after it; `side` is the TAKER's. The first after subscribing may lack some."""

    product_id: str
    price: str
    sequence: Whole = UNSET
    open_24h: Text = UNSET
    volume_24h: Text = UNSET
    low_24h: Text = UNSET
    high_24h: Text = UNSET
    volume_30d: Text = UNSET
    best_bid: Text = UNSET
    best_bid_size: Text = UNSET
    best_ask: Text = UNSET
    best_ask_size: Text = UNSET
    side: Text = UNSET
    time: Text = UNSET
    trade_id: Whole = UNSET
    last_size: Text = UNSET


class Matched(Message, frozen=True):
    """`side` is the MAKER's. The user and profile fields come on the user channel, of our side of the match alone."""

    product_id: str
    trade_id: int
    maker_order_id: str
    taker_order_id: str
    side: str
    size: str
    price: str
    time: str
    sequence: Whole = UNSET
    user_id: Text = UNSET
    profile_id: Text = UNSET
    taker_user_id: Text = UNSET
    taker_profile_id: Text = UNSET
    taker_fee_rate: Text = UNSET
    maker_user_id: Text = UNSET
    maker_profile_id: Text = UNSET
    maker_fee_rate: Text = UNSET


class Match(Matched, frozen=True, tag="match"):
    """A trade."""


class LastMatch(Matched, frozen=True, tag="last_match"):
    """The trade before the subscription; the first message of the matches channel."""


class Own(Message, frozen=True):
    """A message about one of our orders, on the user channel."""

    product_id: str
    order_id: str
    side: Text = UNSET
    time: Text = UNSET
    sequence: Whole = UNSET
    user_id: Text = UNSET
    profile_id: Text = UNSET


class Received(Own, frozen=True, tag="received"):
    """Accepted, and the only message with the client's id. A market order has `size` or `funds` and no price."""

    order_type: Text = UNSET
    size: Text = UNSET
    funds: Text = UNSET
    price: Text = UNSET
    client_oid: Text = UNSET


class Open(Own, frozen=True, tag="open"):
    """Resting on the book."""

    price: Text = UNSET
    remaining_size: Text = UNSET


class Done(Own, frozen=True, kw_only=True, tag="done"):
    """Off the book: `reason` is filled or canceled. A market order has neither price nor remaining size."""

    reason: str
    price: Text = UNSET
    remaining_size: Text = UNSET
    cancel_reason: Text = UNSET


class Change(Own, frozen=True, tag="change"):
    """Amended, by self-trade prevention (reason STP) or by request (modify_order)."""

    reason: Text = UNSET
    price: Text = UNSET
    old_size: Text = UNSET
    new_size: Text = UNSET
    old_price: Text = UNSET
    new_price: Text = UNSET


class Activate(Own, frozen=True, tag="activate"):
    """A stop was accepted. `timestamp` is unix seconds as text."""

    timestamp: Text = UNSET
    stop_type: Text = UNSET
    stop_price: Text = UNSET
    size: Text = UNSET
    funds: Text = UNSET
    private: bool | UnsetType = UNSET


AnyMessage = (
    Subscriptions
    | Failure
    | Heartbeat
    | Snapshot
    | L2Update
    | Ticker
    | Match
    | LastMatch
    | Received
    | Open
    | Done
    | Change
    | Activate
)


def decode(frame: bytes | str) -> AnyMessage | None:
    """What a frame says; None where its type is unknown. Raises WireError for what Coinbase cannot mean."""
    try:
        return _MESSAGE.decode(frame)
    except msgspec.ValidationError as error:
        if not str(error).endswith("at `$.type`"):
            raise WireError(f"Coinbase sent what we cannot read: {error}") from None
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"Coinbase sent what we cannot read: {error}") from None


def encode(message: AnyMessage) -> bytes:
    """A message as Coinbase sends it."""
    return msgspec.json.encode(message)


_MESSAGE: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)

"""BitMEX's websocket frames as types: what the bytes mean, and nothing of how they travel.

decode(frame) -> Welcome | Ack | Refusal | Pong | TableFrame | None       None: a frame of no use to us
"""

from typing import Any, Literal

import msgspec

from ticklink.model.errors import WireError
from ticklink.venues.bitmex.rows import TABLES, AnyRow

SRC = "bitmex"

Action = Literal["partial", "insert", "update", "delete"]


class Welcome(msgspec.Struct, frozen=True):
    """The first frame. `connections_left` is how many more this address may open this hour, where told."""

    info: str
    connections_left: int | None = None


class Ack(msgspec.Struct, frozen=True):
    """A request was carried out: a topic subscribed to or left, or (neither) the login accepted."""

    subscribe: str | None = None
    unsubscribe: str | None = None
    operation: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A request was not carried out."""

    status: int
    error: str
    operation: str | None = None
    retry_after_s: float | None = None

    @property
    def is_harmless(self) -> bool:
        """We had subscribed to this topic before."""
        return "already subscribed" in self.error


class Pong(msgspec.Struct, frozen=True):
    """The answer to our `ping`."""


class TableFrame(msgspec.Struct, frozen=True):
    """Rows of a table. `symbol` is what a partial is filtered by; `keys` come with partials only."""

    table: str
    action: Action
    rows: list[AnyRow]
    keys: list[str] = []
    symbol: str | None = None


Frame = Welcome | Ack | Refusal | Pong | TableFrame


def decode(frame: bytes | str) -> Frame | None:
    """What a frame says; None for tables and messages that we do not use. Raises WireError for what BitMEX cannot mean."""
    if frame in (b"pong", "pong"):
        return Pong()
    try:
        message = _MESSAGE.decode(frame)
        return _frame(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"BitMEX sent what we cannot read: {error}") from None


def encode(frame: TableFrame) -> bytes:
    """A table frame as BitMEX sends it."""
    message: dict[str, Any] = {"table": frame.table, "action": frame.action}
    if frame.action == "partial":
        message |= {"keys": frame.keys, "filter": {} if frame.symbol is None else {"symbol": frame.symbol}}
    return msgspec.json.encode(message | {"data": frame.rows})


class _Limit(msgspec.Struct):
    remaining: int | None = None


class _Filter(msgspec.Struct):
    symbol: str | None = None


class _Request(msgspec.Struct):
    op: str | None = None


class _Meta(msgspec.Struct):
    retryAfter: float | None = None  # noqa: N815  the venue's spelling


class _Message(msgspec.Struct):
    """Every frame at once; which fields are there tells what it is."""

    table: str | None = None
    action: Action | None = None
    data: msgspec.Raw = msgspec.Raw()
    keys: list[str] | None = None
    filter: _Filter | None = None
    info: str | None = None
    limit: _Limit | None = None
    success: bool | None = None
    subscribe: str | None = None
    unsubscribe: str | None = None
    request: _Request | None = None
    status: int | None = None
    error: str | None = None
    meta: _Meta | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_ROWS = {table: msgspec.json.Decoder(list[row]) for table, row in TABLES.items()}  # type: ignore[valid-type]


def _frame(message: _Message) -> Frame | None:
    if message.table is not None:
        return _table_frame(message)
    operation = message.request.op if message.request else None
    if message.error is not None:
        retry_after_s = message.meta.retryAfter if message.meta else None
        return Refusal(message.status or 400, message.error, operation, retry_after_s)
    if message.success:
        return Ack(message.subscribe, message.unsubscribe, operation)
    if message.info is not None:
        return Welcome(message.info, message.limit.remaining if message.limit else None)
    return None


def _table_frame(message: _Message) -> TableFrame | None:
    if message.action is None or message.table not in _ROWS:
        return None
    rows = _ROWS[message.table].decode(message.data)
    symbol = message.filter.symbol if message.filter else None
    return TableFrame(message.table, message.action, rows, message.keys or [], symbol)

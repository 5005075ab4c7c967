"""What a market reports: quotes and trades, as types."""

import msgspec

from ticklink.model.requests import Side


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask of a market. `time` is the venue's clock, `received` ours; both ns since 1970 UTC."""

    src: str
    sym: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    time: int
    received: int


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A public trade; `side` is the taker's."""

    src: str
    sym: str
    side: Side
    price: float
    size: float
    time: int
    received: int


MarketEvent = Quote | Trade

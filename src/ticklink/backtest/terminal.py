"""What a backtest shows in a terminal: a progress bar, the demo's live view, and the summary after a run."""

import msgspec


class OpenOrder(msgspec.Struct, frozen=True):
    side: str
    price: float
    size: float
    filled: float


class RecentFill(msgspec.Struct, frozen=True):
    time_ms: int
    side: str
    price: float
    size: float
    pnl: float
    """Realised by this fill, in the snapshot's currency."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the live view shows at one moment; amounts in `currency`, the latest of each list last."""

    time_ms: int
    src: str
    sym: str
    bid: float | None
    ask: float | None
    mids: list[float]
    """Recent mid prices at even distances, oldest first; as many as there are (a few hundred fill any terminal)."""
    orders: list[OpenOrder]
    position: float
    entry: float | None
    unrealised: float
    realised: float
    equity_change: float
    """P&L so far after fees and funding."""
    fees: float
    currency: str
    fills: list[RecentFill]
    fill_count: int
    log: list[str]
    events: int
    events_per_second: float
    share_done: float

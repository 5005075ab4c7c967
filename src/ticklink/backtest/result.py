"""What a backtest leaves behind: the record of a run as types, and the JSON of `ticklink backtest --json`.

Times are epoch ms, prices and sizes floats as the bot saw them, amounts of money floats in whole units of their asset
(they come from integer ledgers, so they are the nearest float to an exact number).
"""

from typing import Any, Literal

import msgspec

Status = Literal["completed", "stopped", "failed", "interrupted"]
"""Ran to the end of the data; stopped by the bot itself; ended by an error; ended by Ctrl-C."""


class Run(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What was run, on what, and how it ended. `data` maps each archive file read to its SHA-256."""

    status: Status
    reason: str
    bot: dict[str, str]
    """{file, class, sha256}"""
    events: int
    """Market events replayed."""
    from_: int
    to: int
    seed: int
    venues: dict[str, str]
    """{venue name: src}"""
    markets: list[str]
    versions: dict[str, str]
    data: dict[str, str]
    traceback: str = ""
    """The bot's own, where it failed."""


class OrderRecord(msgspec.Struct, frozen=True):
    """One order's life. `closed` is None while it rests; `changes` are its amendments as [time, price, size]."""

    venue: str
    sym: str
    order_id: str
    client_order_id: str
    side: str
    type: str
    price: float | None
    stop_price: float | None
    size: float
    filled: float
    average_price: float | None
    status: str
    time_in_force: str
    post_only: bool
    reduce_only: bool
    created: int
    closed: int | None
    changes: list[tuple[int, float | None, float]]
    text: str


class FillRecord(msgspec.Struct, frozen=True):
    """One fill: `position` is the signed one after it, `realised_pnl` what it realised, before `fee` (positive: paid).

    A spot market's position is what was bought less what was sold so far; sales realise against the mean price.
    """

    time: int
    venue: str
    sym: str
    side: str
    price: float
    size: float
    liquidity: str
    fee: float
    fee_asset: str
    realised_pnl: float
    pnl_asset: str
    position: float
    order_id: str
    trade_id: str


class PositionRecord(msgspec.Struct, frozen=True):
    """A position at the end of the run, amounts in the settle asset."""

    venue: str
    sym: str
    size: float
    entry_price: float | None
    mark_price: float | None
    liq_price: float | None
    unrealised_pnl: float
    realised_pnl: float
    fees: float
    funding: float
    settle: str


class LedgerEntry(msgspec.Struct, frozen=True):
    """One change of a wallet: kind is deposit, pnl, fee, funding, trade (spot: bought or sold), liquidation."""

    time: int
    venue: str
    asset: str
    amount: float
    kind: str
    sym: str


class PriceSamples(msgspec.Struct, frozen=True):
    """A market on the run's time grid: mid price at each grid time, and the range covered since the one before."""

    src: str
    sym: str
    kind: str
    base: str
    quote: str
    settle: str
    mid: list[float | None]
    high: list[float | None]
    low: list[float | None]


class LogLine(msgspec.Struct, frozen=True):
    time: int
    level: str
    message: str


class Signal(msgspec.Struct, frozen=True):
    time: int
    src: str
    sym: str
    intents: dict[str, Any]


class Published(msgspec.Struct, frozen=True):
    time: int
    topic: str
    data: Any


class Equity(msgspec.Struct, frozen=True):
    """Worth of all accounts on the run's time grid: per asset (wallet and unrealised P&L) and in one quote currency."""

    currency: str
    times: list[int]
    total: list[float]
    drawdown: list[float]
    """Fall of deposits and P&L from their highest so far, as a share (0 or negative)."""
    by_asset: dict[str, list[float]]
    position: dict[str, list[float]]
    """"venue sym" -> signed size at each time."""
    pnl: list[float] = []
    """What the bot made so far: the total less what the deposits alone would be worth at that time."""
    notes: list[str] = []
    """What the total leaves out or takes for granted."""


class Timing(msgspec.Struct, frozen=True):
    """Real time; the only part of the JSON that differs from run to run.

    `seconds` is the replay alone: callbacks, matching, accounts, clock. Reading, merging and unpacking the archive, which
    goes on in between, is `reading_seconds`.
    """

    seconds: float
    events_per_second: float
    reading_seconds: float = 0.0


class Result(msgspec.Struct, frozen=True):
    """The whole JSON of a backtest."""

    run: Run
    assumptions: dict[str, str]
    orders: list[OrderRecord]
    fills: list[FillRecord]
    positions: list[PositionRecord]
    ledger: list[LedgerEntry]
    prices: list[PriceSamples]
    equity: Equity
    metrics: dict[str, Any]
    signals: list[Signal]
    published: list[Published]
    log: list[LogLine]
    timing: Timing

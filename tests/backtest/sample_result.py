"""A run to look at: a grid bot on a random walk of one day, with the orders, fills, ledger and log it would leave."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import numpy as np

from ticklink.backtest.metrics import Records, equity, metrics
from ticklink.backtest.result import (
    FillRecord,
    LedgerEntry,
    LogLine,
    OrderRecord,
    PositionRecord,
    PriceSamples,
    Published,
    Result,
    Run,
    Signal,
    Timing,
)
from ticklink.model.instruments import Instrument

START_MS = 1_709_251_200_000
DAY_MS = 86_400_000
VENUE, SRC, SYM = "Sandbox", "bitmex", "XBTUSD"
MAKER_FEE = -0.0001
SIZE = 1000.0

XBTUSD = Instrument(
    src=SRC,
    sym=SYM,
    kind="inverse",
    base="XBT",
    quote="USD",
    settle="XBT",
    tick=Decimal("0.5"),
    lot=Decimal(100),
)


class GridBot:
    """Rests an order at each level near the price; a fill moves the opposite order one level away."""

    def __init__(self, spacing: float, levels: int) -> None:
        self.spacing, self.levels = spacing, levels
        self.orders: list[OrderRecord] = []
        self.open: dict[int, OrderRecord] = {}
        self.fills: list[FillRecord] = []
        self.ledger = [LedgerEntry(START_MS, VENUE, "XBT", 1.0, "deposit", "")]
        self.position, self.entry = 0.0, 0.0
        self.last_level: int | None = None

    def tick(self, time: int, price: float) -> None:
        for level in [level for level, order in self.open.items() if self._is_crossed(order, price)]:
            self._fill(time, level)
        center = round(price / self.spacing)
        for level in [level for level in self.open if abs(level - center) > self.levels + 2]:
            self._close(level, time, "Canceled", 0.0)
        for level in self._wanted(center, price):
            self._place(time, level, "Buy" if level * self.spacing < price else "Sell")

    def _wanted(self, center: int, price: float) -> Iterator[int]:
        for level in range(center - self.levels, center + self.levels + 1):
            far_enough = abs(level * self.spacing - price) > self.spacing / 4
            if level not in self.open and level != self.last_level and far_enough:
                yield level

    @staticmethod
    def _is_crossed(order: OrderRecord, price: float) -> bool:
        assert order.price is not None
        return price < order.price if order.side == "Buy" else price > order.price

    def _place(self, time: int, level: int, side: str) -> None:
        count = len(self.orders) + len(self.open)
        self.open[level] = OrderRecord(
            venue=VENUE,
            sym=SYM,
            order_id=f"{count:08x}-5a1e",
            client_order_id=f"grid-{count}",
            side=side,
            type="Limit",
            price=level * self.spacing,
            stop_price=None,
            size=SIZE,
            filled=0.0,
            average_price=None,
            status="New",
            time_in_force="GTC",
            post_only=True,
            reduce_only=False,
            created=time,
            closed=None,
            changes=[],
            text="",
        )

    def _close(self, level: int, time: int, status: str, filled: float) -> OrderRecord:
        order = self.open.pop(level)
        average = order.price if filled else None
        self.orders.append(
            msgspec.structs.replace(order, status=status, closed=time, filled=filled, average_price=average)
        )
        return order

    def _fill(self, time: int, level: int) -> None:
        order = self._close(level, time, "Filled", SIZE)
        assert order.price is not None
        signed = SIZE if order.side == "Buy" else -SIZE
        realised = self._book(signed, order.price)
        fee = round(SIZE / order.price * MAKER_FEE, 8)
        self.last_level = level
        self.fills.append(
            FillRecord(
                time=time,
                venue=VENUE,
                sym=SYM,
                side=order.side,
                price=order.price,
                size=SIZE,
                liquidity="maker",
                fee=fee,
                fee_asset="XBT",
                realised_pnl=realised,
                pnl_asset="XBT",
                position=self.position,
                order_id=order.order_id,
                trade_id=f"t{len(self.fills)}",
            )
        )
        self.ledger.append(LedgerEntry(time, VENUE, "XBT", -fee, "fee", SYM))
        if realised:
            self.ledger.append(LedgerEntry(time, VENUE, "XBT", realised, "pnl", SYM))

    def _book(self, signed: float, price: float) -> float:
        """The P&L that a fill realises, at the mean entry price."""
        before, self.position = self.position, self.position + signed
        if before * signed >= 0:
            cost = (before / self.entry if before else 0.0) + signed / price
            self.entry = self.position / cost
            return 0.0
        realised = round(-signed * (1 / self.entry - 1 / price), 8)
        self.entry = self.entry if self.position else 0.0
        return realised


def sample_result(*, spacing: float = 40.0, step_ms: int = 1000, seed: int = 7, failed: bool = False) -> Result:
    """A day of the grid bot; a smaller `spacing` makes more fills."""
    random = np.random.default_rng(seed)
    count = DAY_MS // step_ms
    drift = 500 * np.sin(np.linspace(0, 9, count))
    walk = (62_000 + drift + np.cumsum(random.normal(0, 5.0 * (step_ms / 1000) ** 0.5, count))).round(1)
    bot = GridBot(spacing, 4)
    for index, price in enumerate(walk.tolist()):
        bot.tick(START_MS + index * step_ms, price)
    orders = sorted([*bot.orders, *bot.open.values()], key=lambda order: order.created)
    return _result(bot, orders, walk, step_ms, failed)


def _samples(walk: np.ndarray, step_ms: int) -> PriceSamples:
    by_grid = walk.reshape(-1, 30_000 // step_ms)
    mid, high, low = by_grid[:, -1].tolist(), by_grid.max(axis=1).tolist(), by_grid.min(axis=1).tolist()
    return PriceSamples(SRC, SYM, "inverse", "XBT", "USD", "XBT", mid, high, low)


def _result(bot: GridBot, orders: list[OrderRecord], walk: np.ndarray, step_ms: int, failed: bool) -> Result:
    samples = _samples(walk, step_ms)
    times = [START_MS + 30_000 * (index + 1) for index in range(len(samples.mid))]
    records = Records(
        times=times,
        instruments=[XBTUSD],
        venues={VENUE: SRC},
        prices=[samples],
        orders=orders,
        fills=bot.fills,
        ledger=bot.ledger,
    )
    worth = equity(records)
    return Result(
        run=_run(len(walk), failed),
        assumptions={
            "latency to the venue": "50 ms for orders, 50 ms for answers",
            "queue": "an order rests behind all size quoted at its price; trades at the price shorten the queue",
            "fees": "maker -0.01 %, taker 0.05 % (BitMEX XBTUSD)",
            "funding": "none in the data",
            "our own orders' effect on the market": "none",
        },
        orders=orders,
        fills=bot.fills,
        positions=[
            PositionRecord(VENUE, SYM, bot.position, bot.entry or None, walk[-1], None, 0.0, 0.0, 0.0, 0.0, "XBT")
        ],
        ledger=bot.ledger,
        prices=[samples],
        equity=worth,
        metrics=metrics(records, worth),
        signals=[Signal(START_MS + 1000, SRC, SYM, {"quote": {"size": 1000}})],
        published=[Published(START_MS + hour * 3_600_000, "status", {"hour": hour}) for hour in range(24)],
        log=_log(bot.fills),
        timing=Timing(seconds=0.41, events_per_second=1_912_345.6),
    )


def _run(events: int, failed: bool) -> Run:
    trace = 'Traceback (most recent call last):\n  File "grid.py", line 12\nZeroDivisionError: division by zero'
    return Run(
        status="failed" if failed else "completed",
        reason="ZeroDivisionError: division by zero" if failed else "",
        bot={"file": "bots/grid.py", "class": "Grid", "sha256": "9f" * 32},
        events=events * 3,
        from_=START_MS,
        to=START_MS + DAY_MS,
        seed=0,
        venues={VENUE: SRC},
        markets=[f"{SRC}/{SYM}"],
        versions={"ticklink": "0.1.0", "python": "3.11.9"},
        data={"bitmex/XBTUSD/quotes/2024-03-01.parquet": "c0" * 32},
        traceback=trace if failed else "",
    )


def _log(fills: list[FillRecord]) -> list[LogLine]:
    lines = [LogLine(START_MS, "INFO", "grid of 9 levels"), LogLine(START_MS + 50, "WARNING", "no position yet")]
    lines += [LogLine(fill.time, "INFO", f"{fill.side} {fill.size:g} at {fill.price:g}") for fill in fills]
    return [*lines, LogLine(START_MS + DAY_MS - 1, "ERROR", "quote is 12 s old")]

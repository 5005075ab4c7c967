"""The benchmark's bots in basana: on_basana.py BOT ROOT FAST SLOW AWAY

Its simulated exchange fills orders from bars, so a quote is a bar from the ask down to the bid; its trades are events of our
own, which reach the bot and not the exchange. It trades a spot pair, in Decimal, with liquidity without end and no fees.
"""

import asyncio
import contextlib
import gc
import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import basana as bs
import pyarrow.parquet as pq
from basana.backtesting import exchange as simulated
from basana.backtesting import liquidity

PAIR = bs.Pair("BTC", "USD")
SIZE = Decimal("0.01")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TradeEvent(bs.Event):
    def __init__(self, when: datetime, price: float, size: float, side: int) -> None:
        super().__init__(when)
        self.price, self.size, self.side = price, size, side


class Counting:
    """Counts what it is called with."""

    def __init__(self, exchange: simulated.Exchange) -> None:
        self.exchange = exchange
        self.quotes = self.trades = self.orders = 0

    async def on_trade(self, _event: TradeEvent) -> None:
        self.trades += 1


class EmaCross(Counting):
    def __init__(self, exchange: simulated.Exchange, fast_weight: float, slow_weight: float, _away: float) -> None:
        super().__init__(exchange)
        self.fast_weight, self.slow_weight = fast_weight, slow_weight
        self.fast = self.slow = 0.0
        self.side: bs.OrderOperation | None = None

    async def on_quote(self, event: bs.BarEvent) -> None:
        self.quotes += 1
        mid = (float(event.bar.low) + float(event.bar.high)) / 2
        if not self.fast:
            self.fast = self.slow = mid
        self.fast += self.fast_weight * (mid - self.fast)
        self.slow += self.slow_weight * (mid - self.slow)
        side = bs.OrderOperation.BUY if self.fast > self.slow else bs.OrderOperation.SELL
        if side != self.side:
            self.side = side
            self.orders += 1
            await self.exchange.create_market_order(side, PAIR, SIZE)


class Requote(Counting):
    def __init__(self, exchange: simulated.Exchange, _fast_weight: float, _slow_weight: float, away: float) -> None:
        super().__init__(exchange)
        self.away = away
        self.price = 0.0
        self.order_id = ""

    async def on_quote(self, event: bs.BarEvent) -> None:
        self.quotes += 1
        bid = float(event.bar.low)
        if abs(bid - self.price) > self.away:
            self.price = bid
            if self.order_id:
                with contextlib.suppress(simulated.Error):  # it was filled
                    await self.exchange.cancel_order(self.order_id)
            self.orders += 1
            created = await self.exchange.create_limit_order(bs.OrderOperation.BUY, PAIR, SIZE, event.bar.low)
            self.order_id = created.id


BOTS = {"ema_cross": EmaCross, "requote": Requote}


async def main(bot: str, folder: Path, *constants: float) -> None:
    dispatcher = bs.backtesting_dispatcher()
    exchange = simulated.Exchange(
        dispatcher,
        {"BTC": Decimal(10_000), "USD": Decimal(10**9)},
        liquidity_strategy_factory=liquidity.InfiniteLiquidity,
        default_pair_info=bs.PairInfo(8, 2),
    )
    strategy = BOTS[bot](exchange, *constants)
    exchange.add_bar_source(bs.FifoQueueEventSource(events=quotes_of(folder)))
    exchange.subscribe_to_bar_events(PAIR, strategy.on_quote)
    dispatcher.subscribe(bs.FifoQueueEventSource(events=trades_of(folder)), strategy.on_trade)
    gc.collect()
    gc.freeze()
    wall, cpu = perf_counter(), process_time()
    await dispatcher.run()
    cpu, wall = process_time() - cpu, perf_counter() - wall
    fills = sum(len(order.fills) for order in await exchange.get_orders())
    counts = {name: getattr(strategy, name) for name in ("quotes", "trades", "orders")}
    print(json.dumps({"wall": wall, "cpu": cpu, "fills": fills} | counts))


def quotes_of(folder: Path) -> list[bs.BarEvent]:
    events = []
    for time, bid, bid_size, ask, ask_size in rows(folder / "quotes"):
        when, low, high = moment(time), Decimal(str(bid)), Decimal(str(ask))
        volume = Decimal(int(bid_size + ask_size))
        bar = bs.Bar(when, PAIR, high, high, low, low, volume, timedelta(milliseconds=1))
        events.append(bs.BarEvent(when, bar))
    return events


def trades_of(folder: Path) -> list[TradeEvent]:
    return [TradeEvent(moment(time), price, size, side) for time, price, size, side in rows(folder / "trades")]


def rows(folder: Path) -> Any:
    columns = pq.read_table(next(folder.glob("*.parquet"))).columns
    return zip(*(column.to_pylist() for column in columns), strict=True)


def moment(time_ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_ns // 1000)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:])))

"""The benchmark's bots in nautilus_trader, through its low-level API: on_nautilus.py BOT ROOT FAST SLOW AWAY

No latency model and no logging: what makes it slower is left out.
"""

import gc
import json
import sys
from decimal import Decimal
from pathlib import Path
from time import perf_counter, process_time

import pandas as pd
import pyarrow.parquet as pq
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import BTC, USD
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler, TradeTickDataWrangler
from nautilus_trader.trading.strategy import Strategy

BITMEX = Venue("BITMEX")
XBTUSD = CryptoPerpetual(
    instrument_id=InstrumentId(Symbol("XBTUSD"), BITMEX),
    raw_symbol=Symbol("XBTUSD"),
    base_currency=BTC,
    quote_currency=USD,
    settlement_currency=BTC,
    is_inverse=True,
    price_precision=1,
    size_precision=0,
    price_increment=Price.from_str("0.1"),
    size_increment=Quantity.from_int(100),
    margin_init=Decimal("0.01"),
    margin_maint=Decimal("0.005"),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    ts_event=0,
    ts_init=0,
)


class Counting(Strategy):
    """Counts what it is called with."""

    def __init__(self) -> None:
        super().__init__()
        self.quotes = self.trades = self.orders = self.fills = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(XBTUSD.id)
        self.subscribe_trade_ticks(XBTUSD.id)

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.trades += 1

    def on_order_filled(self, event: OrderFilled) -> None:
        self.fills += 1


class EmaCross(Counting):
    def __init__(self, fast_weight: float, slow_weight: float, _away: float) -> None:
        super().__init__()
        self.fast_weight, self.slow_weight = fast_weight, slow_weight
        self.fast = self.slow = 0.0
        self.side: OrderSide | None = None
        self.size = Quantity.from_int(1000)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.quotes += 1
        mid = (tick.bid_price.as_double() + tick.ask_price.as_double()) / 2
        if not self.fast:
            self.fast = self.slow = mid
        self.fast += self.fast_weight * (mid - self.fast)
        self.slow += self.slow_weight * (mid - self.slow)
        side = OrderSide.BUY if self.fast > self.slow else OrderSide.SELL
        if side != self.side:
            self.side = side
            self.orders += 1
            self.submit_order(self.order_factory.market(XBTUSD.id, side, self.size))


class Requote(Counting):
    def __init__(self, _fast_weight: float, _slow_weight: float, away: float) -> None:
        super().__init__()
        self.away = away
        self.price = 0.0
        self.order: LimitOrder | None = None
        self.size = Quantity.from_int(100)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.quotes += 1
        bid = tick.bid_price.as_double()
        if abs(bid - self.price) > self.away:
            self.price = bid
            if self.order is not None and self.order.is_open:
                self.cancel_order(self.order)
            self.order = self.order_factory.limit(XBTUSD.id, OrderSide.BUY, self.size, tick.bid_price)
            self.orders += 1
            self.submit_order(self.order)


BOTS = {"ema_cross": EmaCross, "requote": Requote}


def main(bot: str, folder: Path, *constants: float) -> None:
    engine = engine_with(folder)
    strategy = BOTS[bot](*constants)
    engine.add_strategy(strategy)
    gc.collect()
    gc.freeze()
    wall, cpu = perf_counter(), process_time()
    engine.run()
    cpu, wall = process_time() - cpu, perf_counter() - wall
    counts = {name: getattr(strategy, name) for name in ("quotes", "trades", "orders", "fills")}
    assert engine.cache.orders_total_count() == strategy.orders
    print(json.dumps({"wall": wall, "cpu": cpu} | counts))


def engine_with(folder: Path) -> BacktestEngine:
    """An engine that holds the data."""
    config = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    engine = BacktestEngine(config)
    engine.add_venue(
        BITMEX, OmsType.NETTING, AccountType.MARGIN, [Money(100, BTC)], base_currency=BTC, trade_execution=True
    )
    engine.add_instrument(XBTUSD)
    quotes = rows(folder / "quotes").rename(columns={"bid": "bid_price", "ask": "ask_price"})
    engine.add_data(QuoteTickDataWrangler(XBTUSD).process(quotes))
    trades = rows(folder / "trades").rename(columns={"size": "quantity"})
    trades = trades.assign(buyer_maker=trades["side"] < 0, trade_id=range(len(trades))).drop(columns="side")
    engine.add_data(TradeTickDataWrangler(XBTUSD).process(trades))
    return engine


def rows(folder: Path) -> pd.DataFrame:
    frame = pq.read_table(next(folder.glob("*.parquet"))).to_pandas()
    return frame.set_index(pd.to_datetime(frame.pop("time"), utc=True))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:]))

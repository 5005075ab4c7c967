"""The benchmark's bots in backtesting.py: on_backtesting.py BOT ROOT FAST SLOW AWAY

It knows bars only: every quote is a bar from the ask down to the bid, every trade a bar at its price, in the order of time. It
trades spot units without fees. Timed is its loop over the bars, without the statistics that `run` computes at the end.

Its cost of a bar grows with the trades that are open, and the re-quoting bot only ever buys: that one gets the first tenth.
"""

import gc
import json
import sys
import warnings
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from backtesting import Backtest, Strategy

REQUOTE_SHARE = 10


class Counting(Strategy):
    """Counts what it is called with; the library makes the object, so what it needs and where it is are told to the class."""

    constants: tuple[float, ...] = ()
    is_trade: tuple[bool, ...] = ()
    latest: "Counting"

    def init(self) -> None:
        type(self).latest = self
        self.quote_count = self.trade_count = self.order_count = 0
        self.row, self.last_row = 0, len(self.is_trade) - 1
        self.fast_weight, self.slow_weight, self.away = self.constants
        self.began = self.done = (perf_counter(), process_time())

    def next(self) -> None:
        self.row += 1  # the library begins with the second bar
        if self.is_trade[self.row]:
            self.trade_count += 1
        else:
            self.quote_count += 1
            self.on_quote()
        if self.row == self.last_row:
            self.done = (perf_counter(), process_time())

    def on_quote(self) -> None:
        raise NotImplementedError


class EmaCross(Counting):
    fast = slow = 0.0
    place: Any = None

    def on_quote(self) -> None:
        mid = (self.data.Low[-1] + self.data.High[-1]) / 2
        if not self.fast:
            self.fast = self.slow = mid
        self.fast += self.fast_weight * (mid - self.fast)
        self.slow += self.slow_weight * (mid - self.slow)
        place = self.buy if self.fast > self.slow else self.sell
        if place != self.place:
            self.place = place
            self.order_count += 1
            place(size=1)


class Requote(Counting):
    price = 0.0
    order: Any = None

    def on_quote(self) -> None:
        bid = self.data.Low[-1]
        if abs(bid - self.price) > self.away:
            self.price = bid
            if self.order is not None and self.order in self.orders:
                self.order.cancel()
            self.order_count += 1
            self.order = self.buy(size=1, limit=bid)


BOTS = {"ema_cross": EmaCross, "requote": Requote}


def main(bot: str, folder: Path, *constants: float) -> None:
    warnings.simplefilter("ignore")
    bars = bars_of(folder)
    if bot == "requote":
        bars = bars.iloc[: len(bars) // REQUOTE_SHARE]
    strategy = BOTS[bot]
    strategy.constants = constants
    strategy.is_trade = tuple(bars.pop("is_trade"))
    backtest = Backtest(bars, strategy, cash=10**10)
    gc.collect()
    gc.freeze()
    backtest.run()
    done = strategy.latest
    counts = {"quotes": done.quote_count, "trades": done.trade_count, "orders": done.order_count}
    wall, cpu = (after - before for after, before in zip(done.done, done.began, strict=True))
    print(json.dumps({"wall": wall, "cpu": cpu, "fills": len(done.closed_trades) + len(done.trades)} | counts))


def bars_of(folder: Path) -> pd.DataFrame:
    quotes = pq.read_table(next((folder / "quotes").glob("*.parquet"))).to_pandas()
    trades = pq.read_table(next((folder / "trades").glob("*.parquet"))).to_pandas()
    quote_bars = quotes.assign(
        Open=quotes.ask, High=quotes.ask, Low=quotes.bid, Close=quotes.bid, Volume=quotes.bid_size, is_trade=False
    )
    price = trades.price
    trade_bars = trades.assign(Open=price, High=price, Low=price, Close=price, Volume=trades["size"], is_trade=True)
    columns = ["time", "Open", "High", "Low", "Close", "Volume", "is_trade"]
    bars = pd.concat([trade_bars[columns], quote_bars[columns]]).sort_values("time", kind="stable")
    return bars.set_index(pd.to_datetime(bars.pop("time")))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:]))

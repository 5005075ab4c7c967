"""Samples: every market's price on the run's even time grid, taken while the recording goes by."""

import numpy as np
from numpy.typing import NDArray

from ticklink.backtest.result import PriceSamples
from ticklink.model.instruments import Instrument
from ticklink.storage.columns import Quotes, Trades

MOST_POINTS = 2_000
STEPS_S = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400, 604_800)
NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

Floats = NDArray[np.float64]


def grid(start_ns: int, end_ns: int) -> NDArray[np.int64]:
    """Even times in ns from start to end, a round distance apart and at most about 2,000; the end is the last of them."""
    span = end_ns - start_ns
    step = next((s for s in STEPS_S if span <= s * NS_PER_S * MOST_POINTS), STEPS_S[-1]) * NS_PER_S
    first = -(-start_ns // step) * step
    times = np.arange(first, end_ns, step, dtype=np.int64)
    return np.append(times, end_ns) if not len(times) or times[-1] < end_ns else times


class Samples:
    """feeder.Taker: the last mid price at or before each grid time, and the range since the grid time before."""

    def __init__(self, times: NDArray[np.int64], markets: int) -> None:
        self._times = times
        self._mids, self._lows, self._highs = (np.full((markets, len(times)), np.nan) for _ in range(3))

    def add(self, market: int, quotes: Quotes | None, trades: Trades | None) -> None:
        if quotes is None:
            return
        bucket = self._times.searchsorted(quotes.time)
        inside = bucket < len(self._times)
        bucket, mid = bucket[inside], ((quotes.bid + quotes.ask) / 2)[inside]
        if not len(bucket):
            return
        firsts = np.flatnonzero(np.diff(bucket, prepend=-1))
        filled = bucket[firsts]
        self._mids[market, filled] = mid[np.append(firsts[1:], len(bucket)) - 1]
        lows, highs = self._lows[market], self._highs[market]
        lows[filled] = np.fmin(lows[filled], np.minimum.reduceat(mid, firsts))
        highs[filled] = np.fmax(highs[filled], np.maximum.reduceat(mid, firsts))

    def prices(self, instruments: list[Instrument], upto: int) -> list[PriceSamples]:
        """The first `upto` grid times; a price stays until the next one, None before the first."""
        return [
            PriceSamples(
                src=each.src,
                sym=each.sym,
                kind=each.kind,
                base=each.base,
                quote=each.quote,
                settle=each.settle,
                mid=_plain(_carried(self._mids[market, :upto])),
                high=_plain(self._highs[market, :upto]),
                low=_plain(self._lows[market, :upto]),
            )
            for market, each in enumerate(instruments)
        ]


def _carried(values: Floats) -> Floats:
    """NaN becomes the value before it."""
    rows = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(rows)]


def _plain(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]

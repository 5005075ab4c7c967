"""What a candle's inside is taken to have been, where candles are all there is.

The path has four points: open, low, high, close in a rising bar; open, high, low, close in a falling or flat one. A quarter of
the volume trades at each, at the start, a third, two thirds and the end of the bar. The quote stands a tick to either side of
the point, so that a taker always pays half a spread, and a limit order only fills when the path goes through its price: an
extreme that merely touches it does not.
"""

import numpy as np

from ticklink.model.candles import level_ms
from ticklink.model.instruments import Instrument
from ticklink.storage.columns import Candles, Quotes, Trades

NS_PER_MS = 1_000_000
POINTS = 4


def ticks_of_candles(candles: Candles, level: str, instrument: Instrument) -> tuple[Quotes, Trades]:
    """Four quotes and four trades a candle, in time order."""
    length = level_ms(level) * NS_PER_MS
    offsets = np.array([0, length // 3, 2 * length // 3, length - NS_PER_MS])
    times = (candles.time[:, None] + offsets).ravel()
    rises = (candles.close > candles.open)[:, None]
    rising = np.stack((candles.open, candles.low, candles.high, candles.close), axis=1)
    falling = np.stack((candles.open, candles.high, candles.low, candles.close), axis=1)
    path = np.where(rises, rising, falling).ravel()
    lot, tick = float(instrument.lot), float(instrument.tick)
    size = np.repeat(np.maximum(np.floor(candles.volume / POINTS / lot) * lot, lot), POINTS)
    side = np.where(np.diff(path, prepend=path[:1]) >= 0, 1, -1).astype(np.int8)
    return Quotes(times, path - tick, size, path + tick, size), Trades(times, path, size, side)

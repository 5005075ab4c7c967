"""RSI: long while the market looks oversold, short while it looks overbought; looks once a minute, at ended candles only."""

import talib

from ticklink import Link, logger

VENUE, SYM = "BitMEX", "XBTUSD"
SIZE = 1000
MINUTES, LOW, HIGH = 7, 30, 70


class Trading(Link):
    def __init__(self):
        self.position = 0.0
        self.seen = 0  # the start of the candle in the making
        super().__init__()

    def candle_update_1m(self, src, sym, bars):
        if bars.times[-1] == self.seen:  # called with every trade; a new candle means that one has ended
            return
        self.seen = bars.times[-1]
        strength = talib.RSI(bars.closes[:-1], timeperiod=MINUTES)[-1]
        if strength < LOW:  # NaN, before there are enough candles, is neither
            self.go_to(SIZE, strength)
        elif strength > HIGH:
            self.go_to(-SIZE, strength)

    def go_to(self, wanted, strength):
        change = wanted - self.position
        if change:
            logger.info("RSI %.1f: position %g -> %g", strength, self.position, wanted)
            self.create_market_order(VENUE, SYM, "Buy" if change > 0 else "Sell", abs(change))

    def position_update(self, src, sym, data):
        self.position = data["pos_size"]

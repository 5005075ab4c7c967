"""Mean reversion: buys when the price is far below its moving average, sells when far above, and leaves at the average.

How far is measured in standard deviations (a z-score), from the Bollinger bands of TA-Lib on one-minute candles.
"""

import talib

from ticklink import Link, cron, logger

VENUE, SRC, SYM = "BitMEX", "bitmex", "XBTUSD"
SIZE = 1000
MINUTES = 10  # of the moving average
ENTER, LEAVE = 1.5, 0.25  # standard deviations away from it


class Trading(Link):
    position = 0.0

    @cron.run(every=15)
    def look(self):
        score = self.z_score()
        if score is None:
            return
        wanted = self.wanted_position(score)
        if wanted != self.position:
            change = wanted - self.position
            logger.info("%.2f deviations away: position %g -> %g", score, self.position, wanted)
            self.create_market_order(VENUE, SYM, "Buy" if change > 0 else "Sell", abs(change))

    def z_score(self):
        """Standard deviations between the last price and its average; None before there are enough candles."""
        closes = self.get_bars(SRC, SYM, "1m").closes
        upper, middle, _ = talib.BBANDS(closes, timeperiod=MINUTES, nbdevup=1, nbdevdn=1)
        deviation = upper[-1] - middle[-1]
        return (closes[-1] - middle[-1]) / deviation if deviation > 0 else None

    def wanted_position(self, score):
        if abs(score) > ENTER:
            return -SIZE if score > 0 else SIZE
        has_reverted = self.position * score > -LEAVE * SIZE
        return 0 if has_reverted else self.position

    def position_update(self, src, sym, data):
        self.position = data["pos_size"]

"""Buys when the fast average of the mid price crosses over the slow one, sells when it crosses under: market orders."""

from ticklink import Link

FAST, SLOW = 0.015, 0.0015


class Trading(Link):
    fast = slow = 0.0
    side = ""
    trades_seen = 0

    def quote_update(self, src, sym, data):
        mid = (data["bid"][0] + data["ask"][0]) / 2
        if not self.fast:
            self.fast = self.slow = mid
        self.fast += FAST * (mid - self.fast)
        self.slow += SLOW * (mid - self.slow)
        side = "Buy" if self.fast > self.slow else "Sell"
        if side != self.side:
            self.cross(sym, side)

    def cross(self, sym, side):
        self.side = side
        self.create_market_order("BitMEX", sym, side, 1000)

    def trade_update(self, src, sym, data):
        self.trades_seen += 1

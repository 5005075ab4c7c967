"""Buys when the fast average of the mid price crosses over the slow one, sells when it crosses under: market orders."""

from typing import Any

from ticklink import Link

FAST, SLOW = 0.05, 0.004


class Trading(Link):
    fast = slow = 0.0
    side = ""
    trades_seen = 0

    def quote_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        mid = (data["bid"][0] + data["ask"][0]) / 2
        if not self.fast:
            self.fast = self.slow = mid
        self.fast += FAST * (mid - self.fast)
        self.slow += SLOW * (mid - self.slow)
        side = "Buy" if self.fast > self.slow else "Sell"
        if side != self.side:
            self.cross(sym, side)

    def cross(self, sym: str, side: str) -> None:
        self.side = side
        self.create_market_order("BitMEX", sym, side, 1000)

    def trade_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        self.trades_seen += 1

"""Keeps a bid at the best one and moves it when the market has moved away: cancel, then a new limit order."""

from typing import Any

from ticklink import Link

AWAY = 0.55


class Trading(Link):
    price = 0.0
    trades_seen = 0

    def quote_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        bid = data["bid"][0]
        if abs(bid - self.price) > AWAY:
            self.requote(sym, bid)

    def requote(self, sym: str, bid: float) -> None:
        self.price = bid
        self.cancel_order("BitMEX", sym=sym)
        self.create_limit_order("BitMEX", sym, "Buy", 100, bid)

    def trade_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        self.trades_seen += 1

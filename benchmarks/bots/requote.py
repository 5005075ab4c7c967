"""Keeps a bid a little under the market and moves it when the market has moved away: cancel, then a new limit order."""

from ticklink import Link

AWAY = 1.2


class Trading(Link):
    order_id = None
    price = 0.0
    trades_seen = 0

    def quote_update(self, src, sym, data):
        bid = data["bid"][0]
        if abs(bid - self.price) > AWAY:
            self.requote(sym, bid)

    def requote(self, sym, bid):
        self.price = bid
        self.cancel_order("BitMEX", sym=sym)
        self.create_limit_order("BitMEX", sym, "Buy", 100, bid)

    def trade_update(self, src, sym, data):
        self.trades_seen += 1

"""In and out as a maker, in BitMEX's own words: buys a little below the market, sells for a profit, and never takes.

Everything goes through call_endpoint, with the paths and parameters of the BitMEX REST API.
"""

import time

from ticklink import Link, logger

VENUE, SYM, SIZE, TICK = "BitMEX", "XBTUSD", 500, 0.1
BELOW, PROFIT = 0.0001, 0.0012  # of the price; the fees of both sides are 0.0010
LOOK_EVERY_S = 5


class Trading(Link):
    bid = ask = None

    def quote_update(self, src, sym, data):
        self.bid, self.ask = data["bid"][0], data["ask"][0]

    def on_start(self):
        while self.bid is None:
            time.sleep(1)
        margin = self.native("GET", "user/margin", currency="XBt")
        logger.info("%s has %.4f XBT to spend", VENUE, margin["availableMargin"] / 1e8)
        while True:
            self.look()
            time.sleep(LOOK_EVERY_S)

    def look(self):
        side, size, price = self.wanted()
        orders = self.native("GET", "order", symbol=SYM, filter={"open": True})
        for order in orders:
            if order["side"] != side:
                self.native("DELETE", "order", orderID=order["orderID"])
            elif order["price"] != price:
                self.native("PUT", "order", orderID=order["orderID"], price=price)
        if all(order["side"] != side for order in orders):
            order = {"symbol": SYM, "side": side, "orderQty": size, "price": price, "ordType": "Limit"}
            row = self.native("POST", "order", **order, execInst="ParticipateDoNotInitiate")
            logger.info("%s %s at %s: %s", side, size, price, row["ordStatus"])

    def wanted(self):
        """The order there should be: side, size and price."""
        for row in self.native("GET", "position", filter={"symbol": SYM}):
            if row["currentQty"]:
                return "Sell", row["currentQty"], on_tick(max(row["avgEntryPrice"] * (1 + PROFIT), self.ask))
        return "Buy", SIZE, on_tick(self.bid * (1 - BELOW))

    def native(self, method, path, **params):
        return self.call_endpoint(VENUE, path, "private", method=method, params=params)["data"]


def on_tick(price):
    return round(round(price / TICK) * TICK, 1)

"""A market maker: a bid and an ask around the mid price, moved every few seconds, leaning against what it holds.

The longer it is, the lower both quotes stand: it would rather sell than buy more.
"""

from ticklink import Link, cron, logger
from ticklink.model.errors import ApiError

VENUE, SRC, SYM, TICK = "BitMEX", "bitmex", "XBTUSD", 0.1
SIZE, MOST = 1000, 5000  # of an order; of the position, either way
HALF_SPREAD = 0.0006  # from the centre to each quote; a fill costs a fee of 0.0005
SKEW = 0.0005  # how far the centre leans away from the mid when the position is at its most


class Trading(Link):
    def __init__(self):
        self.position = 0.0
        self.orders = {}  # side -> [order id, price]
        super().__init__()

    @cron.run(every=15)
    def requote(self):
        quote = self.last_quote(SRC, SYM)
        if quote is None:
            return
        bid, ask = quote["bid"][0], quote["ask"][0]
        centre = (bid + ask) / 2 * (1 - SKEW * self.position / MOST)
        self.quote("Buy", min(centre * (1 - HALF_SPREAD), bid))
        self.quote("Sell", max(centre * (1 + HALF_SPREAD), ask))

    def quote(self, side, price):
        order, price = self.orders.get(side), round(round(price / TICK) * TICK, 1)
        try:
            if order is None:
                self.place(side, price)
            elif order[1] != price:
                self.amend_order(VENUE, order[0], price=price)
                order[1] = price
        except ApiError as error:  # it was filled before we came, or there is no margin
            logger.info("%s at %s: %s", side, price, error)

    def place(self, side, price):
        if abs(self.position + (SIZE if side == "Buy" else -SIZE)) <= MOST:
            reply = self.create_limit_order(VENUE, SYM, side, SIZE, price, post_only=True)
            if reply["error"] is None and reply["data"]["remain_size"]:
                self.orders[side] = [reply["data"]["order_id"], price]

    def order_update(self, src, sym, data):
        if data["remain_size"] == 0 and data["order_id"] == self.orders.get(data["side"], [None])[0]:
            del self.orders[data["side"]]

    def position_update(self, src, sym, data):
        self.position = data["pos_size"]

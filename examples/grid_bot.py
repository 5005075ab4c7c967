"""A grid: bids below the market and asks above it; every fill is answered by an order one step on the other side.

Written the way many bots are: it waits for the first quote in a sleep loop and tends its grid with a timer.
"""

import threading
import time

from ticklink import Link, logger

VENUE, SRC, SYM = "BitMEX", "bitmex", "XBTUSD"
LEVELS, STEP, SIZE = 5, 16.0, 1000
TEND_EVERY_S = 60


class Trading(Link):
    mid = None

    def on_start(self):
        while self.mid is None:
            time.sleep(1)
        centre = round(self.mid / STEP) * STEP
        for level in range(1, LEVELS + 1):
            self.place("Buy", centre - level * STEP)
            self.place("Sell", centre + level * STEP)
        logger.info("grid of %d orders around %s", 2 * LEVELS, centre)
        self.tend()

    def tend(self):
        orders = self.fetch_open_orders(VENUE)["data"]
        self.publish("grid", {"mid": self.mid, "orders": len(orders)})
        threading.Timer(TEND_EVERY_S, self.tend).start()

    def quote_update(self, src, sym, data):
        self.mid = (data["bid"][0] + data["ask"][0]) / 2

    def fill_update(self, src, sym, data):
        if data["fill_size"] < SIZE and data["cum_size"] < SIZE:
            return
        price, side = data["fill_price"], data["side"]
        logger.info("%s filled at %s", side, price)
        self.place("Sell" if side == "Buy" else "Buy", price + STEP if side == "Buy" else price - STEP)

    def place(self, side, price):
        self.create_limit_order(VENUE, SYM, side, SIZE, price, post_only=True)

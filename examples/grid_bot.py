"""A grid: bids below the market and asks above it; every fill is answered by an order that takes its profit.

Written the way many bots are: it waits for the first quote in a sleep loop and tends its grid with a timer.
"""

import threading
import time

from ticklink import Link, logger

VENUE, SYM = "BitMEX", "XBTUSD"
LEVELS, STEP, SIZE = 20, 15.0, 1000
PROFIT = 96.0  # 0.15 % at 64,000: the fees of both sides are 0.10 %
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
        if data["cum_size"] < SIZE:
            return
        logger.info("%s filled at %s", data["side"], data["fill_price"])
        if data["side"] == "Buy":
            self.place("Sell", data["fill_price"] + PROFIT)
        else:
            self.place("Buy", data["fill_price"] - PROFIT)

    def place(self, side, price):
        self.create_limit_order(VENUE, SYM, side, SIZE, price, post_only=True)

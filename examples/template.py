"""A ticklink bot to begin with: it watches a market and, if you let it, keeps one buy order below the price.

Look at it first:     ticklink check THIS_FILE
Then let it run:      ticklink backtest THIS_FILE ...     (docs/backtesting.md)
Every name used here: docs/bot-api.md
"""

from ticklink import Link, cron, http, logger

SRC = "bitmex"  # the exchange whose market events we listen to
VENUE = "BitMEX"  # your account there, by the name you gave it
SYM = "XBTUSD"  # the market, as the exchange spells it
SIZE = 100  # of the order; on XBTUSD one contract is one dollar
DISTANCE = 0.01  # how far below the bid the order rests: 1 %
TICK = 0.1  # prices move in steps of this
TRADE = False  # nothing is ever sent to the exchange before you set this to True


# The class is called Trading and derives from Link. Delete the methods you do not need.
class Trading(Link):
    # Set up what the callbacks use *before* super().__init__(): they may be called from then on.
    def __init__(self):
        self.order_id = None
        self.position = 0.0
        super().__init__()

    # Runs once, when the bot is ready.
    def on_start(self):
        logger.info(f"started at {self.iso_now}; accounts: {list(self.venues)}; markets: {self.market_streams}")

    # The best bid and ask have changed. data: {bid: [price, size], ask: [price, size], time}
    def quote_update(self, src, sym, data):
        if TRADE and src == SRC and sym == SYM and self.order_id is None:
            self.buy_below(data["bid"][0])

    # Somebody traded. data: {side, price, size, time}; the side is that of who did not wait.
    def trade_update(self, src, sym, data):
        self.publish("trade", {"sym": sym, "price": data["price"]})  # to whoever watches your stream

    # After every trade, too: 360 candles as numpy arrays, ready for TA-Lib. Other levels: 5m, 15m, 1h, 1d ...
    def candle_update_1m(self, src, sym, bars):
        self.last_close = bars.closes[-1]

    # One of our orders is new, changed, filled or cancelled.
    def order_update(self, src, sym, data):
        if data["order_id"] == self.order_id and data["remain_size"] == 0:
            self.order_id = None

    # One of our orders was filled, perhaps in part.
    def fill_update(self, src, sym, data):
        logger.info(f"{data['side']} {data['fill_size']} {sym} at {data['fill_price']}")

    # Our position has changed. pos_size is negative when we are short.
    def position_update(self, src, sym, data):
        self.position = data["pos_size"]

    # Not a callback but our own. An order that the exchange refuses raises an exception: it is logged, the bot goes on.
    def buy_below(self, bid):
        price = round(bid * (1 - DISTANCE) / TICK) * TICK
        reply = self.create_limit_order(VENUE, SYM, "Buy", SIZE, price)
        if reply["error"] is None:  # else: too many requests, try again later
            self.order_id = reply["data"]["order_id"]

    # GET .../state is answered with what this returns; data are the parameters of the request.
    @http.route
    def get_state(self, data):
        return {"order_id": self.order_id, "position": self.position}

    # At once after the start, and then at the beginning of each hour (UTC).
    @cron.run(on="1h")
    def report(self):
        logger.info(f"position {self.position}, order {self.order_id}")

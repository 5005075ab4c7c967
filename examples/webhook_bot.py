"""A bot with switches: it keeps a bid below the market, and the web can pause it, resume it, and set the size it buys.

GET .../status tells how it is; POST .../pause, .../resume and .../size with {"size": 500} change that. Each change is
published to whoever watches the bot's stream.
"""

from ticklink import Link, http

VENUE, SYM = "BitMEX", "XBTUSD"
DISTANCE = 50  # dollars below the best bid
LOT, MOST = 100, 2000  # sizes are multiples of the one; positions stay below the other


class Trading(Link):
    def __init__(self):
        self.size, self.position, self.paused, self.order_id = LOT, 0.0, False, None
        super().__init__()

    def quote_update(self, src, sym, data):
        if not self.paused and self.order_id is None and self.position + self.size <= MOST:
            reply = self.create_limit_order(VENUE, SYM, "Buy", self.size, round(data["bid"][0] - DISTANCE))
            self.order_id = reply["data"] and reply["data"]["order_id"]  # no data: too many requests

    def order_update(self, src, sym, data):
        if data["order_id"] == self.order_id and data["remain_size"] == 0:
            self.order_id = None

    def position_update(self, src, sym, data):
        self.position = data["pos_size"]

    @http.route
    def get_status(self, data):
        return {"paused": self.paused, "size": self.size, "position": self.position, "order_id": self.order_id}

    @http.route
    def post_pause(self, data):
        return self.change(paused=True)

    @http.route
    def post_resume(self, data):
        return self.change(paused=False)

    @http.route
    def post_size(self, data):
        size = int(data.get("size", 0))
        if size <= 0 or size % LOT:
            return {"error": f"size is a positive multiple of {LOT}, not {size}"}
        return self.change(size=size)

    def change(self, **changed):
        """The old bid goes; the next quote brings one as it should be now, if any."""
        vars(self).update(changed)
        self.cancel_order(VENUE, sym=SYM)
        status = self.get_status({})
        self.publish("status", status)
        return status

"""A replay holds a window of the recording, whatever its length, and hands out every row of it."""

import numpy as np
import pytest

from tests.backtest.lab import NS_PER_MS, T0, Lab
from ticklink.storage import archive
from ticklink.storage.columns import Quotes, Trades

ROWS = 300_000
WINDOW = 3 * 65_536
"""Rows of a stream: the part at hand, the part read ahead, and what is on its way."""

LOOKS = """
    most = parts = events = 0
    def on_start(self):
        if {rests}:
            while not self.events:
                time.sleep(1)
            self.create_limit_order("BitMEX", "XBTUSD", "Buy", 100, 100)
        self.look()
    def look(self):
        recording = self._ticklink_host.venues[0].exchange.seats["XBTUSD"].market.recording
        rows = [len(recording.quote_ns), len(recording.bid), len(recording.trade_ns), len(recording.price)]
        self.most = max(self.most, *rows)
        self.say(self.most, self.events)
        threading.Timer(60, self.look).start()
    def quote_update(self, src, sym, data):
        self.events += 1
    def trade_update(self, src, sym, data):
        self.events += 1
"""


@pytest.mark.parametrize("rests", [False, True])
def test_recordings_stay_bounded_over_many_parts(lab: Lab, rests: bool) -> None:
    times = T0 * NS_PER_MS + np.arange(ROWS) * 10 * NS_PER_MS
    bids = (60_000 + np.round(np.cumsum(np.random.default_rng(1).normal(0, 0.05, ROWS)), 1)).astype(np.float64)
    sizes = np.full(ROWS, 100.0)
    archive.write_quotes(lab.data, "bitmex", "XBTUSD", Quotes(times, bids, sizes, bids + 0.5, sizes))
    some = slice(None, None, 4)
    sides = np.ones(ROWS // 4, np.int8)
    archive.write_trades(lab.data, "bitmex", "XBTUSD", Trades(times[some], bids[some], sizes[some], sides))
    told = lab.told(LOOKS.format(rests=rests))
    most, events, _ = told[-1]
    assert len(told) > 45
    assert 0 < most <= WINDOW
    assert ROWS < events <= ROWS + ROWS // 4

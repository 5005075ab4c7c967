"""What a bot can ask about its markets during a backtest: quotes, trades, instruments, venues, and bars by value."""

import json
from typing import Any

import numpy as np

from tests.backtest.lab import T0, XBTUSD, Lab, said, speaking
from ticklink.model.candles import MINUTE_MS

MARKETS = (XBTUSD, "bitmex:ETHUSD", "coinbasepro:BTC-USD")


def test_streams_venues_health_and_instruments(lab: Lab) -> None:
    for market in MARKETS:
        lab.calm(2, market=market)
    [told] = lab.told(
        """
        def on_start(self):
            time.sleep(1.9)
            quotes = {src: {sym: quote["time"] - T0 for sym, quote in each.items()} for src, each in self.quotes.items()}
            rows = {src: {sym: row for sym, row in each.items()} for src, each in self.instruments.items()}
            self.say(self.market_streams, self.venues, self.health, quotes,
                     rows["bitmex"]["XBTUSD"]["tickSize"], sorted(rows["coinbasepro"]))
        """,
        markets=MARKETS,
        venues=("BitMEX=bitmex", "Spare=bitmex", "Coinbase=coinbasepro"),
    )
    venues = (("BitMEX", "bitmex"), ("Spare", "bitmex"), ("Coinbase", "coinbasepro"))
    assert told == [
        {"bitmex": ["XBTUSD", "ETHUSD"], "coinbasepro": ["BTC-USD"]},
        {name: {"id": name, "kind": "paper", "name": name, "src": src} for name, src in venues},
        {
            "public": [{"src": src, "live": True} for src in ("bitmex", "coinbasepro")],
            "private": [{"venue": name, "live": True} for name, _ in venues],
        },
        {"bitmex": {"XBTUSD": 1_000, "ETHUSD": 1_000}, "coinbasepro": {"BTC-USD": 1_000}},
        0.1,
        ["BTC-USD"],
        1_900,
    ]


def test_before_the_first_event_there_is_nothing(lab: Lab) -> None:
    lab.calm(2)
    [told] = lab.told("""
        def on_start(self):
            bars = self.get_bars("bitmex", "XBTUSD", "1m")
            self.say(self.quotes, self.trades, self.last_quote("bitmex", "XBTUSD"),
                     self.last_trade("bitmex", "XBTUSD", "price"), bool((bars.closes != bars.closes).all()), len(bars))
        """)
    assert told == [{"bitmex": {}}, {"bitmex": {}}, None, None, True, 360, 0]


def market_of(seed: int, minutes: int) -> list[tuple[float, ...]]:
    """Trades at random times, with silent minutes between."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, minutes * MINUTE_MS, minutes * 2))
    prices = 60_000 + rng.integers(-500, 500, len(times)) / 10
    return [
        (int(ms), float(price), float(size) * 100, int(side))
        for ms, price, size, side in zip(
            times, prices, rng.integers(1, 9, len(times)), rng.choice([-1, 1], len(times)), strict=True
        )
    ]


def naive(trades: list[tuple[float, ...]], step: int) -> list[dict[str, Any]]:
    """Candles the plain way: one pass, a dict for each, silent ones repeating the close before."""
    candles: list[dict[str, Any]] = []
    for ms, price, size, _ in trades:
        start = T0 + int(ms) // step * step
        while candles and candles[-1]["time"] + step < start:
            flat = candles[-1]["close"]
            time = candles[-1]["time"] + step
            candles.append({"time": time, "open": flat, "high": flat, "low": flat, "close": flat, "volume": 0.0})
        if not candles or candles[-1]["time"] < start:
            candles.append({"time": start, "open": price, "high": price, "low": price, "close": price, "volume": size})
        else:
            last = candles[-1]
            last.update(high=max(last["high"], price), low=min(last["low"], price), close=price)
            last["volume"] += size
    return candles


BARS = """
    seen = 0
    def candle_update_3m(self, src, sym, bars):
        self.seen += 1
        assert bars[-1]["close"] == self.last_trade(src, sym, "price") == bars.closes[-1]
        if self.seen % 40 == 0:
            self.publish("bars", [self.seen, [bars[i] for i in range(360) if bars.closes[i] == bars.closes[i]]])
            held = self.get_bars(src, sym, "3m")
            assert [held[i] for i in range(-5, 0)] == [bars[i] for i in range(-5, 0)]
    def on_start(self):
        time.sleep(3333)
        late = self.get_bars("bitmex", "XBTUSD", "5m")
        self.publish("late", [late[i] for i in range(360) if late.closes[i] == late.closes[i]])
        candles = self.fetch_candles("BitMEX", "XBTUSD", "5m")["data"]
        self.publish("fetched", candles)
"""


def test_candles_are_those_of_a_naive_aggregation(lab: Lab) -> None:
    trades = market_of(1, 90)
    lab.trades(trades)
    result = lab.play(speaking(BARS))
    assert result.log == []
    told = said(result, "bars")
    assert len(told) == 4
    for seen, bars in told:
        assert bars == naive(trades[:seen], 3 * MINUTE_MS)
    known = [row for row in trades if row[0] <= trades[0][0] + 3_333_000 - 20]
    [late], [fetched] = said(result, "late"), said(result, "fetched")
    assert late == naive(known, 5 * MINUTE_MS)
    assert sorted(map(json.dumps, ({**candle} for candle in fetched))) == sorted(
        json.dumps({key: candle[key] for key in fetched[0]}) for candle in naive(known, 5 * MINUTE_MS)[:-1]
    )


def test_candles_reach_back_before_the_start(lab: Lab) -> None:
    trades = market_of(2, 60)
    lab.trades(trades)
    result = lab.play(
        speaking("""
        def on_start(self):
            bars = self.get_bars("bitmex", "XBTUSD", "1m")
            self.publish("bars", [bars[i] for i in range(360) if bars.closes[i] == bars.closes[i]])
        """),
        "--from",
        "2025-01-01T00:30:00",
    )
    [bars] = said(result, "bars")
    ended = [candle for candle in naive(trades, MINUTE_MS) if candle["time"] < T0 + 30 * MINUTE_MS]
    assert bars == ended


def test_a_growing_candle_is_whole_across_parts_and_late_callbacks(lab: Lab) -> None:
    """Bars asked for late hold what earlier parts had of their candle; what a slow callback has not seen is not in them."""
    every: list[tuple[float, ...]] = [(500.0 * row, 60_000.0 + row % 7, 100.0, 1) for row in range(140_000)]
    lab.trades(every)
    result = lab.play(
        speaking("""
        seen = 0
        def trade_update(self, src, sym, data):
            self.seen += 1
            if self.seen in (70_000, 139_990):
                time.sleep(130)
                for level in ("1m", "12h", "1d"):
                    self.publish(level, [self.seen, self.get_bars(src, sym, level)[-1]])
        """)
    )
    assert result.log == []
    for level, minutes in (("1m", 1), ("12h", 720), ("1d", 1440)):
        for seen, bar in said(result, level):
            assert bar == naive(every[:seen], minutes * MINUTE_MS)[-1]

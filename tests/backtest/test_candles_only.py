"""Backtests of markets of which candles are all that was recorded: their history, their bars, and what they do not tell."""

from typing import Any

import numpy as np
import pytest

from tests.backtest.lab import T0, Lab, said, speaking
from ticklink.model.candles import MINUTE_MS

NAMES = ("open", "high", "low", "close", "volume")
Row = tuple[float, ...]


def recording(seed: int, bars: int, step: int = MINUTE_MS) -> list[Row]:
    """Candles off the tick, with parts of lots, silent ones and holes."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    close = 60_000.0
    for bar in range(bars):
        opened, close = close, close + float(rng.normal()) * 20
        high, low = max(opened, close) + float(rng.random()), min(opened, close) - float(rng.random())
        volume = 0.0 if bar % 7 == 3 else float(rng.random()) * 9_000
        if bar % 11 != 5:
            rows.append((bar * step, opened, high, low, close, volume))
    return rows


def merged(rows: list[Row], step: int, end: float) -> list[dict[str, Any]]:
    """Candles of a level up to a time, the plain way: what nobody recorded repeats the close before it."""
    made: list[dict[str, Any]] = []
    for start in range(int(rows[0][0]) // step * step, int(end) // step * step, step):
        inside = [row for row in rows if start <= row[0] < start + step]
        if inside:
            high, low = max(row[2] for row in inside), min(row[3] for row in inside)
            values = (
                inside[0][1],
                high,
                low,
                inside[-1][4],
                float(np.add.reduceat([row[5] for row in inside], [0])[0]),
            )
        else:
            values = (*[made[-1]["close"]] * 4, 0.0)
        made.append({"time": T0 + start, **dict(zip(NAMES, values, strict=True))})
    return made


HISTORY = """
    def on_start(self):
        time.sleep(90 * 60 + 30)
        for level in ("1m", "15m"):
            self.publish("fetched " + level, self.fetch_candles("BitMEX", "XBTUSD", level)["data"])
            bars = self.get_bars("bitmex", "XBTUSD", level)
            held = [bars[i] for i in range(360) if bars.closes[i] == bars.closes[i]]
            self.publish("bars " + level, [bar for bar in held if bar["time"] < self.candle_bin(self.epoch_now, level)])
        rows = self.call_endpoint("BitMEX", "trade/bucketed", "public", "GET", {"symbol": "XBTUSD", "count": 1000})["data"]
        self.publish("native", [[row["high"], row["low"], row["close"], row["volume"]] for row in rows])
"""


def test_history_is_the_recorded_candles_from_before_the_run_and_of_it(lab: Lab) -> None:
    rows = recording(1, 300)
    lab.candles(rows)
    result = lab.play(speaking(HISTORY), "--from", "2025-01-01T01:00")
    assert result.log == []
    end = 150 * MINUTE_MS
    for level, step in (("1m", MINUTE_MS), ("15m", 15 * MINUTE_MS)):
        wanted = merged(rows, step, end)
        [fetched], [bars] = said(result, f"fetched {level}"), said(result, f"bars {level}")
        assert fetched == [{key: candle[key] for key in fetched[0]} for candle in wanted]
        assert bars == wanted
    [native] = said(result, "native")
    assert native == [[candle[key] for key in NAMES[1:]] for candle in merged(rows, MINUTE_MS, end)]


FOLLOWED = """
    def on_start(self):
        self.get_bars("bitmex", "XBTUSD", "1m")
    def candle_update_15m(self, src, sym, bars):
        minutes = self.get_bars(src, sym, "1m")
        for level, held in (("1m", minutes), ("15m", bars)):
            self.publish(level, [held[i] for i in range(354, 359) if held.closes[i] == held.closes[i]])
        self.publish("growing", [bars[-1][name] for name in ("open", "high", "low", "close", "volume")])
        self.publish("time", self.epoch_now - T0)
"""


def test_bars_that_are_followed_hold_the_recorded_candles_once_they_have_ended(lab: Lab) -> None:
    rows = recording(2, 100)
    lab.candles(rows)
    result = lab.play(speaking(FOLLOWED))
    assert result.log == []
    times = [time - 20 for time in said(result, "time")]
    assert len(times) > 300
    for level, step in (("1m", MINUTE_MS), ("15m", 15 * MINUTE_MS)):
        for time, held in zip(times, said(result, level), strict=True):
            assert held == (merged(rows, step, time) if time >= step else [])[-5:]
    for time, growing in zip(times, said(result, "growing"), strict=True):
        start = time // (15 * MINUTE_MS) * 15 * MINUTE_MS
        ended = [row for row in rows if start <= row[0] < time // MINUTE_MS * MINUTE_MS]
        assert growing[4] >= sum(row[5] for row in ended)
        assert not ended or (growing[0] == ended[0][1] and growing[1] >= max(row[2] for row in ended))


def test_what_a_run_starts_in_the_middle_of_is_known_when_it_has_ended(lab: Lab) -> None:
    hour = 60 * MINUTE_MS
    lab.candles([(bar * hour, 100.0, 110.0, 90.0, 101.0 + bar, 1_234.5) for bar in range(6)], "1h")
    told = lab.told(
        """
        def on_start(self):
            for _ in range(3):
                rows = self.fetch_candles("BitMEX", "XBTUSD", "1h")["data"]
                self.say([[(row["time"] - T0) // 3_600_000, row["close"], row["volume"]] for row in rows])
                time.sleep(2_000)
        """,
        "--from",
        "2025-01-01T01:30",
    )
    closes = [[bar, 101.0 + bar, 1_234.5] for bar in range(6)]
    assert [rows for rows, _ in told] == [closes[:1], closes[:2], closes[:2]]


def test_bars_asked_for_after_a_silent_candle_hold_the_one_before_it(lab: Lab) -> None:
    lab.candles([(0, 100.04, 101.04, 99.04, 100.54, 850.0), (60_000, 100.54, 100.54, 100.54, 100.54, 0.0)])
    result = lab.play(
        speaking("""
        def on_start(self):
            self.get_bars("bitmex", "XBTUSD", "1m")
            time.sleep(61)
            self.publish("bar", self.get_bars("bitmex", "XBTUSD", "1m")[-1])
        """)
    )
    [bar] = said(result, "bar")
    assert bar == {"time": T0, "open": 100.04, "high": 101.04, "low": 99.04, "close": 100.54, "volume": 850.0}


@pytest.mark.parametrize(
    "call",
    [
        "fetch_candles('BitMEX', 'XBTUSD', '1m')",
        "get_bars('bitmex', 'XBTUSD', '1m')",
        "call_endpoint('BitMEX', 'trade/bucketed', 'public', 'GET', {'symbol': 'XBTUSD', 'binSize': '1m'})",
    ],
)
def test_finer_candles_than_the_recorded_ones_are_not_made_up(lab: Lab, call: str) -> None:
    lab.candles([(0, 100.0, 104.0, 99.0, 103.0, 800.0)], "1h")
    [[kind, message, _]] = lab.told(f"""
        def on_start(self):
            try:
                self.{call}
            except Exception as error:
                self.say(type(error).__name__, str(error))
        """)
    assert kind == ("InputError" if call.startswith("get_bars") else "ApiError")
    wanted = (
        "XBTUSD was recorded as 1h candles, of which no 1m candles can be made; use 1h, 2h, 3h, 4h, 6h, 12h, 1d, 1w"
    )
    assert wanted in message


def test_a_callback_for_finer_candles_ends_the_run_with_the_same_words(lab: Lab) -> None:
    lab.candles([(0, 100.0, 104.0, 99.0, 103.0, 800.0)], "1h")
    ended = lab.backtest(speaking("def candle_update_15m(self, src, sym, bars): pass"))
    assert ended.code == 1
    assert ended.result.run.status == "failed"
    assert "XBTUSD was recorded as 1h candles, of which no 15m candles can be made; use 1h" in ended.result.run.reason


def test_candles_in_which_nothing_was_traded_have_no_trades(lab: Lab) -> None:
    lab.candles([(bar * 60_000, 100.0, 101.0, 99.0, 100.0, volume) for bar, volume in enumerate([0.0, 250.0, 0.0])])
    result = lab.play(
        speaking("""
        def trade_update(self, src, sym, data):
            self.say(data["size"])
        def on_start(self):
            time.sleep(180)
            self.publish("volumes", [row["volume"] for row in self.fetch_candles("BitMEX", "XBTUSD")["data"]])
        """)
    )
    assert [row[0] for row in said(result)] == [100.0, 100.0]
    assert said(result, "volumes") == [[0.0, 250.0, 0.0]]


def test_what_is_seen_at_the_open_does_not_depend_on_the_bar(lab: Lab) -> None:
    first = (0, 100.0, 101.0, 99.0, 100.0, 4_000.0)
    seen = []
    for second in ((60_000, 100.0, 150.0, 99.5, 149.0, 9_000.0), (60_000, 100.0, 100.5, 60.0, 61.0, 500.0)):
        lab.candles([first, second])
        seen.append(
            lab.told("""
            def quote_update(self, src, sym, data):
                if data["time"] - T0 < 119_999:
                    self.say(data["bid"], data["ask"])
            def trade_update(self, src, sym, data):
                if data["time"] - T0 < 119_999:
                    self.say(data["price"], data["size"], data["side"])
            """)
        )
    assert seen[0] == seen[1]
    assert seen[0][-2:] == [[100.0, 100.0, "Buy", 60_020], [[99.9, 1_000.0], [100.1, 1_000.0], 60_020]]


def test_nothing_can_be_done_between_the_points_of_a_bars_end(lab: Lab) -> None:
    """Whoever buys what has fallen gets the next bar's open, not the low."""
    lab.candles([(bar * 60_000, 100.0, 105.0, 96.0, 100.0, 90_000.0) for bar in range(5)])
    result = lab.play(
        speaking("""
        def quote_update(self, src, sym, data):
            if data["bid"][0] < 99:
                self.say(self.create_market_order("BitMEX", "XBTUSD", "Buy", 100)["data"]["order_price"])
        """)
    )
    assert [price for price, _ in said(result)] == [100.1] * 5


def test_a_run_that_ends_in_a_bar_does_not_see_its_end(lab: Lab) -> None:
    lab.candles([(bar * 60_000, 100.0, 105.0, 96.0, 100.0, 800.0) for bar in range(3)])
    result = lab.play(
        speaking("def quote_update(self, src, sym, data):\n    self.say(data['time'] - T0)"),
        "--to",
        "2025-01-01T00:01:30",
    )
    assert [row[0] for row in said(result)] == [0, 59_999, 59_999, 59_999, 60_000]


def test_a_candle_between_buckets_is_refused(lab: Lab) -> None:
    lab.candles([(30_000, 100.0, 105.0, 96.0, 100.0, 800.0)])
    ended = lab.backtest(speaking(""))
    assert ended.code == 1
    assert "one starts at 2025-01-01T00:00:30.000, where no 1m candle starts" in ended.errors


def test_the_report_says_how_candles_were_walked_through(lab: Lab) -> None:
    lab.candles([(0, 100.0, 104.0, 99.0, 103.0, 800.0)])
    [note] = [words for name, words in lab.play(speaking("")).assumptions.items() if name == "data of bitmex:XBTUSD"]
    assert note.startswith("made of candles/1m: the open until the end of the bar")
    assert "Optimistic for" in note

"""What a backtest can be given: archives of every kind, bounds, and all that cannot be meant."""

import hashlib

import pytest

from tests.backtest.lab import T0, XBTUSD, Lab, said, speaking

EVENTS = """
def quote_update(self, src, sym, data):
    self.publish("quote", [data["time"] - {T0}, *data["bid"], *data["ask"]])
def trade_update(self, src, sym, data):
    self.publish("trade", [data["time"] - {T0}, data["side"], data["price"], data["size"]])
""".replace("{T0}", str(T0))


def test_trades_alone_make_a_market(lab: Lab) -> None:
    lab.trades([(0, 60_000.0, 200.0, 1), (1_000, 59_999.0, 300.0, -1), (2_000, 59_999.5, 100.0, 1)])
    result = lab.play(
        speaking(
            EVENTS + "def on_start(self):\n"
            "    time.sleep(1.5)\n"
            "    self.say(self.create_market_order('BitMEX', 'XBTUSD', 'Buy', 100)['data']['order_price'])"
        )
    )
    assert said(result, "trade") == [
        [0, "Buy", 60_000.0, 200.0],
        [1_000, "Sell", 59_999.0, 300.0],
        [2_000, "Buy", 59_999.5, 100.0],
    ]
    assert said(result, "quote") == [
        [0, 59_999.9, 200.0, 60_000.0, 200.0],
        [1_000, 59_999.0, 300.0, 59_999.1, 300.0],
        [2_000, 59_999.4, 100.0, 59_999.5, 100.0],
    ]
    assert said(result) == [[59_999.1, 1_540]]
    assert "no quotes recorded" in result.assumptions["data of bitmex:XBTUSD"]
    assert result.run.events == 6


def test_candles_alone_make_a_market(lab: Lab) -> None:
    lab.candles([(0, 100.0, 104.0, 99.0, 103.0, 800.0), (60_000, 103.0, 103.5, 101.0, 102.0, 4_000.0)])
    result = lab.play(speaking(EVENTS))
    assert said(result, "trade") == [
        [0, "Buy", 100.0, 100.0],
        [59_999, "Buy", 99.0, 200.0],
        [59_999, "Sell", 104.0, 200.0],
        [59_999, "Buy", 103.0, 300.0],
        [60_000, "Buy", 103.0, 100.0],
        [119_999, "Sell", 103.5, 1_300.0],
        [119_999, "Buy", 101.0, 1_300.0],
        [119_999, "Sell", 102.0, 1_300.0],
    ]
    assert said(result, "quote") == [
        [0, 99.9, 100.0, 100.1, 100.0],
        [59_999, 98.9, 100.0, 99.1, 100.0],
        [59_999, 103.9, 100.0, 104.1, 100.0],
        [59_999, 102.9, 100.0, 103.1, 100.0],
        [60_000, 102.9, 200.0, 103.1, 200.0],
        [119_999, 103.4, 200.0, 103.6, 200.0],
        [119_999, 100.9, 200.0, 101.1, 200.0],
        [119_999, 101.9, 200.0, 102.1, 200.0],
    ]
    assert "made of candles/1m" in result.assumptions["data of bitmex:XBTUSD"]


def test_the_finest_candles_are_taken(lab: Lab) -> None:
    lab.candles([(0, 100.0, 104.0, 99.0, 103.0, 800.0)], "1h")
    lab.candles([(0, 100.0, 104.0, 99.0, 103.0, 800.0)], "5m")
    result = lab.play(speaking(EVENTS))
    assert [row[0] for row in said(result, "trade")] == [0, 299_999, 299_999, 299_999]


@pytest.mark.parametrize(
    ("bounds", "first", "last", "events"),
    [
        ((), 0, 10_000, 21),
        (("--from", "2025-01-01T00:00:03"), 3_000, 10_000, 15),
        (("--to", "2025-01-01T00:00:03"), 0, 2_500, 6),
        (("--from", "1735689602", "--to", "2025-01-01T01:00:05+01:00"), 2_000, 4_500, 6),
        (("--from", "2024-12-31", "--to", "2025-01-02"), 0, 10_000, 21),
    ],
)
def test_bounds(lab: Lab, bounds: tuple[str, ...], first: int, last: int, events: int) -> None:
    lab.calm(10)
    result = lab.play(speaking(EVENTS), *bounds)
    times = [row[0] for topic in ("quote", "trade") for row in said(result, topic)]
    assert (min(times), max(times), len(times), result.run.events) == (first, last, events, events)


def test_what_was_read_is_named_with_its_checksum(lab: Lab) -> None:
    lab.calm(2)
    lab.calm(2, market="bitmex:ETHUSD")
    result = lab.play(speaking(""), markets=(XBTUSD,))
    files = {f"bitmex/XBTUSD/{stream}/2025-01-01.parquet" for stream in ("quotes", "trades")}
    assert result.run.data == {name: hashlib.sha256((lab.data / name).read_bytes()).hexdigest() for name in files}
    assert result.run.bot["sha256"] == hashlib.sha256((lab.folder / "bot.py").read_bytes()).hexdigest()


MISTAKES = {
    "market": (("--market", "bitmex:XBTUSDX"), "XBTUSDX"),
    "market without data": (("--market", "bitmex:ETHUSD"), "has no data of bitmex:ETHUSD; it has bitmex:XBTUSD"),
    "exchange": (("--market", "bitmax:XBTUSD"), "bitmax"),
    "market's form": (("--market", "XBTUSD"), "--market takes SRC:SYM"),
    "market twice": (("--market", "bitmex:XBTUSD"), "a market is named twice"),
    "venue": (("--venue", "Woo=woo"), "venue Woo is at woo, but no --market is"),
    "venue's form": (("--venue", "Woo"), "--venue takes NAME=SRC"),
    "currency": (("--currency", "EUR"), "--currency EUR: no market of the run prices it"),
    "asset": (("--balance", "EUR=5"), "--balance EUR: no market of the run has this asset; they have XBT"),
    "amount": (("--balance", "XBT=much"), "--balance: 'much' is not a number"),
    "negative amount": (("--balance", "XBT=-1"), "'XBT=-1' is negative"),
    "balance's venue": (("--balance", "Woo:XBT=1"), "with a venue of BitMEX"),
    "from": (("--from", "yesterday"), "--from takes a time like 2026-01-31"),
    "from after to": (("--from", "2025-01-02", "--to", "2025-01-01"), "--from must be before --to"),
    "no data then": (("--from", "2025-02-01"), "has no data of these markets in this time"),
    "latency": (("--latency", "20"), "--latency takes a duration with its unit"),
    "negative latency": (("--latency", "-20ms"), "'-20ms' is negative"),
    "fees": (("--fees", "free"), "free"),
    "data": (("--data", "nowhere"), "there is no archive at"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence(lab: Lab, mistake: str) -> None:
    options, message = MISTAKES[mistake]
    lab.calm(2)
    ended = lab.backtest(speaking(""), *options)
    assert (ended.code, ended.output) == (1, b"")
    assert ended.errors.startswith("error: ")
    assert message in ended.errors
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Trading: pass", "Trading"),
        ("from ticklink import Link\nclass Trading(Link)\n    pass", "bot.py:2: SyntaxError"),
        ("import nosuchmodule", "nosuchmodule"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_bot_that_cannot_be_loaded_is_told_in_a_sentence(lab: Lab, source: str, message: str) -> None:
    lab.calm(2)
    ended = lab.backtest(source)
    assert (ended.code, ended.output) == (1, b"")
    assert ended.errors.startswith("error: ")
    assert message in ended.errors
    assert "ticklink/bot" not in ended.errors


def test_a_bot_that_is_not_there(lab: Lab) -> None:
    lab.calm(2)
    ended = lab.backtest(lab.folder / "nowhere.py")
    assert ended.code == 1
    assert ended.errors.startswith("error: ")
    assert "nowhere.py" in ended.errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("fetch_balances('Other')", "unknown venue 'Other'; known: BitMEX"),
        (
            "create_market_order('BitMEX', 'ETHUSD', 'Buy', 1)",
            "BitMEX has no market 'ETHUSD' in this run; its markets are: XBTUSD",
        ),
        ("create_market_order('BitMEX', 'XBTUSD', 'buy', 100)", "side must be 'Buy' or 'Sell'"),
        ("create_market_order('BitMEX', 'XBTUSD', 'Buy', 150)", "nearest: 100 or 200"),
        ("create_limit_order('BitMEX', 'XBTUSD', 'Buy', 100, 60_000.05)", "nearest: 60000 or 60000.1"),
        ("amend_order('BitMEX', 'x')", "needs a size or a price"),
        ("amend_order('BitMEX', 'x', price=1)", "Not Found: no order 'x' at BitMEX"),
        ("cancel_order('BitMEX', 'x')", "Not Found: no order 'x' at BitMEX"),
        ("fetch_candles('BitMEX', 'XBTUSD', '7m')", "7m"),
        ("get_bars('bitmex', 'ETHUSD', '1m')", "the bot is not subscribed to bitmex ETHUSD; it is to bitmex XBTUSD"),
        ("last_quote('woo', 'XBTUSD')", "the bot is not subscribed to woo XBTUSD"),
    ],
)
def test_a_wrong_call_is_an_error_in_the_bot(lab: Lab, call: str, message: str) -> None:
    lab.calm(2)
    [told] = lab.told(f"""
        def on_start(self):
            try:
                self.{call}
            except Exception as error:
                self.say(type(error).__name__, str(error))
        """)
    assert told[0] in ("ApiError", "InputError")
    assert message in told[1]

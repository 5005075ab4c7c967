"""What a bot gets in a backtest, field by field and by value."""

from typing import Any

import pytest

from tests.backtest.lab import T0, Lab, said, speaking
from ticklink.bus import frames

KEEP = """
def __init__(self):
    self.placed = False
    super().__init__()
def order_update(self, src, sym, data):
    self.publish("order", [src, sym, data])
def fill_update(self, src, sym, data):
    self.publish("fill", [src, sym, data])
def position_update(self, src, sym, data):
    self.publish("position", [src, sym, data])
"""

ORDER_ID = "00000001-0000-4000-8000-000000000001"


@pytest.fixture
def maker(lab: Lab) -> dict[str, list[Any]]:
    """Buys 200 at 60,000 at the front of the queue, for which a trade at 59,999.5 has 100 and a later one more than enough."""
    lab.quotes([(0, 59_999.5, 900.0, 60_001.0, 700.0), (4_000, 59_990.0, 900.0, 59_991.0, 700.0)])
    lab.trades([(2_000, 59_999.5, 100.0, -1), (3_000, 59_999.5, 400.0, -1)])
    body = KEEP + (
        "def on_start(self):\n"
        "    time.sleep(1)\n"
        "    reply = self.create_limit_order('BitMEX', 'XBTUSD', 'Buy', 200, 60_000, client_order_id='mine')\n"
        "    self.publish('reply', reply)\n"
    )
    result = lab.play(speaking(body))
    return {topic: said(result, topic) for topic in ("order", "fill", "position", "reply")}


def without_info(events: list[Any]) -> list[Any]:
    return [[src, sym, {key: value for key, value in data.items() if key != "info"}] for src, sym, data in events]


def order(remain: float, status: str, ms: int) -> list[Any]:
    fields = {
        "venue": "BitMEX",
        "side": "Buy",
        "order_price": 60_000.0,
        "order_size": 200.0,
        "remain_size": remain,
        "order_type": "LIMIT",
        "time": T0 + ms,
        "order_id": ORDER_ID,
        "client_order_id": "mine",
        "status": status,
    }
    return ["bitmex", "XBTUSD", fields]


def test_order_update_by_value(maker: dict[str, list[Any]]) -> None:
    assert without_info(maker["order"]) == [
        order(200.0, "New", 1_020),
        order(100.0, "PartiallyFilled", 2_000),
        order(0.0, "Filled", 3_000),
    ]
    for _, _, data in maker["order"]:
        assert all(type(data[key]) is float for key in ("order_price", "order_size", "remain_size"))
        assert type(data["time"]) is int


def test_the_reply_is_the_order_in_its_envelope(maker: dict[str, list[Any]]) -> None:
    [reply] = maker["reply"]
    _, sym, expected = order(200.0, "New", 1_020)
    del expected["venue"]
    assert reply == {
        "src": "bitmex",
        "venue": "BitMEX",
        "data": {"sym": sym, **expected},
        "error": None,
        "rate_limits": {"remaining": 119, "reset": T0 // 1000 + 2},
    }


def test_fill_update_by_value(maker: dict[str, list[Any]]) -> None:
    def fill(number: int, cum_size: float, ms: int) -> list[Any]:
        fields = {
            "venue": "BitMEX",
            "side": "Buy",
            "fill_price": 60_000.0,
            "fill_size": 100.0,
            "cum_size": cum_size,
            "order_type": "LIMIT",
            "time": T0 + ms,
            "order_id": ORDER_ID,
            "client_order_id": "mine",
            "trade_id": f"{number:08x}-0000-4000-9000-{number:012x}",
            "liquidity": "maker",
            "fee": 0.00000083,  # 0.05 % of 166,667 satoshi
            "fee_asset": "XBT",
        }
        return ["bitmex", "XBTUSD", fields]

    assert without_info(maker["fill"]) == [fill(2, 100.0, 2_000), fill(3, 200.0, 3_000)]


def test_position_update_by_value(maker: dict[str, list[Any]]) -> None:
    first, last = without_info(maker["position"])
    liq_price = last[2].pop("liq_price")
    assert last == [
        "bitmex",
        "XBTUSD",
        {
            "venue": "BitMEX",
            "pos_size": 200.0,
            "mark_price": 60_000.2,  # the middle of the quote, on the tick below
            "entry_price": 60_000.0,
            "time": T0 + 3_000,
        },
    ]
    assert 0 < liq_price < 250  # 1 XBT backs 200 dollars
    assert first[2]["pos_size"] == 100.0


def test_info_is_the_row_of_the_exchange(maker: dict[str, list[Any]]) -> None:
    orders, fills, positions = ([data["info"] for _, _, data in maker[name]] for name in ("order", "fill", "position"))
    assert [(row["orderID"], row["clOrdID"], row["ordStatus"], row["leavesQty"], row["cumQty"]) for row in orders] == [
        (ORDER_ID, "mine", "New", 200, 0),
        (ORDER_ID, "mine", "PartiallyFilled", 100, 100),
        (ORDER_ID, "mine", "Filled", 0, 200),
    ]
    assert [(row["execType"], row["lastQty"], row["lastPx"], row["cumQty"], row["execComm"]) for row in fills] == [
        ("Trade", 100, 60_000.0, 100, 83),
        ("Trade", 100, 60_000.0, 200, 83),
    ]
    assert [row["transactTime"] for row in fills] == ["2025-01-01T00:00:02.000Z", "2025-01-01T00:00:03.000Z"]
    assert [(row["symbol"], row["currentQty"], row["isOpen"]) for row in positions] == [
        ("XBTUSD", 100, True),
        ("XBTUSD", 200, True),
    ]


def test_a_taker_by_value(lab: Lab) -> None:
    lab.quotes([(0, 60_000.0, 500.0, 60_000.5, 200.0), (9_000, 60_000.0, 500.0, 60_000.5, 200.0)])
    body = KEEP + "def on_start(self):\n    self.create_market_order('BitMEX', 'XBTUSD', 'Buy', 300)\n"
    result = lab.play(speaking(body), "--latency", "1s,10ms", "--fees", "maker=-0.01%,taker=0.1%")
    fills = [data for _, _, data in said(result, "fill")]
    keys = ("fill_price", "fill_size", "cum_size", "order_type", "liquidity", "fee", "time")
    assert [tuple(data[key] for key in keys) for data in fills] == [
        (60_000.5, 200.0, 200.0, "MARKET", "taker", 0.00000333, T0 + 1_000),
        (60_000.6, 100.0, 300.0, "MARKET", "taker", 0.00000167, T0 + 1_000),
    ]
    orders = [data for _, _, data in said(result, "order")]
    assert [(data["order_type"], data["order_price"], data["remain_size"], data["status"]) for data in orders] == [
        ("MARKET", None, 300.0, "New"),
        ("MARKET", 60_000.5, 100.0, "PartiallyFilled"),
        ("MARKET", pytest.approx(60_000.5333), 0.0, "Filled"),
    ]


def test_a_cancelled_order_has_nothing_left(lab: Lab) -> None:
    lab.calm(5)
    body = KEEP + (
        "def on_start(self):\n"
        "    self.create_limit_order('BitMEX', 'XBTUSD', 'Sell', 100, 60_100)\n"
        "    self.publish('reply', self.cancel_order('BitMEX')['data'])\n"
    )
    result = lab.play(speaking(body))
    last = said(result, "order")[-1][2]
    assert (last["status"], last["remain_size"], last["order_size"]) == ("Canceled", 0.0, 100.0)
    assert said(result, "reply") == [
        [{"sym": "XBTUSD", **{k: v for k, v in last.items() if k not in ("info", "venue")}}]
    ]


def test_market_dicts_are_those_of_frames_and_of_the_archive(lab: Lab) -> None:
    """The loop builds them by hand for speed: they must be what `frames` would build, and what the view gives."""
    quotes = [(ms, 60_000.0 + ms, 100.0 * ms, 60_000.1 + ms, 1.5) for ms in (1, 2, 5)]
    trades = [(ms, 60_000.0 + ms / 10, 200.0, side) for ms, side in ((2, 1), (3, -1))]
    lab.quotes(quotes)
    lab.trades(trades)
    result = lab.play(
        speaking("""
        def quote_update(self, src, sym, data):
            self.publish("quote", data)
            assert self.last_quote(src, sym) == data == self.quotes[src][sym]
        def trade_update(self, src, sym, data):
            self.publish("trade", data)
            assert self.last_trade(src, sym) == data == self.trades[src][sym]
        """)
    )
    assert result.log == []
    assert said(result, "quote") == [frames.quote(bid, bs, ask, size, T0 + ms) for ms, bid, bs, ask, size in quotes]
    assert said(result, "trade") == [
        frames.trade("Buy" if side > 0 else "Sell", price, size, T0 + ms) for ms, price, size, side in trades
    ]


def test_the_record_of_spot_fills_counts_what_is_held_and_what_sales_brought(lab: Lab) -> None:
    market = "coinbasepro:BTC-USD"
    lab.quotes(
        [(0, 60_000.0, 9.0, 60_001.0, 9.0), (2_000, 61_000.0, 9.0, 61_001.0, 9.0), (5_000, 1.0, 1.0, 2.0, 1.0)], market
    )
    body = (
        "def on_start(self):\n"
        "    for wait, side, size in ((1, 'Buy', 0.002), (2, 'Sell', 0.0015)):\n"
        "        time.sleep(wait)\n"
        "        self.create_market_order('Coinbase', 'BTC-USD', side, size)\n"
    )
    result = lab.play(speaking(body), markets=(market,), venues=("Coinbase=coinbasepro",))
    fills = [(fill.side, fill.position, fill.realised_pnl, fill.pnl_asset) for fill in result.fills]
    assert fills == [("Buy", 0.002, 0.0, "USD"), ("Sell", 0.0005, pytest.approx(0.0015 * (61_000 - 60_001)), "USD")]

"""BitMEX's frames: a recorded session decoded by value, shapes it lacks from the documentation, and round trips."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.captures import capture, received
from ticklink.model.errors import WireError
from ticklink.model.events import Quote, Trade
from ticklink.venues.bitmex.feed import BookFeed, Feed
from ticklink.venues.bitmex.rows import TABLES, BookRow, OrderRow
from ticklink.venues.bitmex.wire import Ack, Action, Pong, Refusal, TableFrame, Welcome, decode, encode
from ticklink.venues.book import Top

SESSION = "bitmex/cryptofeed_BITMEX.ws.1.0.txt"
RECORDED = Path(__file__).parents[1] / "recorded" / "bitmex.jsonl"
SYMBOLS = 10


def as_json(row: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(row))


def test_the_session_has_the_frames_that_it_is_known_to_have() -> None:
    kinds: Counter[str] = Counter()
    for _, text in received(capture(SESSION)):
        frame = decode(text)
        is_table = isinstance(frame, TableFrame)
        kinds[f"{frame.table} {frame.action}" if isinstance(frame, TableFrame) else type(frame).__name__] += 1
        assert is_table == ("table" in json.loads(text))
    deltas = sum(kinds[f"orderBookL2 {action}"] for action in ("insert", "update", "delete"))
    assert deltas == 1969
    assert {kind: count for kind, count in kinds.items() if "orderBookL2" not in kind or "partial" in kind} == {
        "Welcome": 1,
        "Ack": 30,
        "orderBookL2 partial": SYMBOLS,
        "quote partial": SYMBOLS,
        "trade partial": SYMBOLS,
        "quote insert": 83,
        "trade insert": 7,
    }


def test_every_row_of_the_session_is_decoded_whole_and_by_value() -> None:
    for _, text in received(capture(SESSION)):
        frame, naive = decode(text), json.loads(text)
        if isinstance(frame, TableFrame):
            assert (frame.table, frame.action) == (naive["table"], naive["action"])
            assert [as_json(row) for row in frame.rows] == naive["data"]
            assert frame.keys == naive.get("keys", [])
            assert frame.symbol == naive.get("filter", {}).get("symbol")
        elif isinstance(frame, Ack):
            assert (frame.subscribe, frame.operation) == (naive["subscribe"], "subscribe")
        else:
            assert frame == Welcome(naive["info"], naive["limit"]["remaining"])


def test_the_session_means_the_events_that_a_naive_reading_finds() -> None:
    feed, found, wanted = Feed(), [], []
    for ns, text in received(capture(SESSION)):
        found += feed.events(text, ns)
        wanted += naive_events(json.loads(text), ns)
    assert found == wanted
    assert Counter(type(event) for event in found) == {Quote: 93, Trade: 17}


def naive_events(message: dict[str, Any], ns: int) -> list[Quote | Trade]:
    """Dict access, datetime and no state: the session has no frame before its partial."""
    table, rows = message.get("table"), message.get("data", [])
    if table == "quote":
        last = {row["symbol"]: row for row in rows}
        return [
            Quote(
                "bitmex",
                sym,
                row["bidPrice"],
                row["bidSize"],
                row["askPrice"],
                row["askSize"],
                naive_ns(row["timestamp"]),
                ns,
            )
            for sym, row in last.items()
        ]
    if table == "trade" and message["action"] == "insert":
        return [
            Trade("bitmex", row["symbol"], row["side"], row["price"], row["size"], naive_ns(row["timestamp"]), ns)
            for row in rows
        ]
    return []


def naive_ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 10**6


def test_the_book_of_the_session_agrees_with_a_naive_one() -> None:
    books, naive = BookFeed(), dict[str, dict[tuple[int, str], list[float]]]()
    for count, (_, text) in enumerate(received(capture(SESSION))):
        frame = decode(text)
        for symbol in books.apply(frame) if isinstance(frame, TableFrame) else ():
            naive_book(naive, json.loads(text), symbol)
            if count % 40 == 0:
                levels = naive[symbol].items()
                bids = sorted(((price, size) for (_, side), (price, size) in levels if side == "Buy"), reverse=True)
                asks = sorted((price, size) for (_, side), (price, size) in levels if side == "Sell")
                assert books.levels(symbol) == (bids, asks)


def test_the_sessions_quotes_are_tops_of_its_book() -> None:
    feed, books = Feed(), BookFeed()
    tops, quotes = set[tuple[str, Top]](), list[tuple[str, Top]]()
    for ns, text in received(capture(SESSION)):
        frame = decode(text)
        if isinstance(frame, TableFrame):
            tops |= {(symbol, top) for symbol in books.apply(frame) if (top := books.top(symbol))}
        quotes += [
            (event.sym, Top(event.bid, event.bid_size, event.ask, event.ask_size))
            for event in feed.events(text, ns)
            if isinstance(event, Quote)
        ]
    assert len(quotes) == 93
    assert set(quotes) <= tops


def naive_book(books: dict[str, dict[tuple[int, str], list[float]]], message: dict[str, Any], symbol: str) -> None:
    if message["action"] == "partial":
        books[symbol] = {}
    levels = books[symbol]
    for row in message["data"]:
        key = (row["id"], row["side"])
        if row["symbol"] != symbol:
            continue
        if message["action"] == "delete":
            del levels[key]
        else:
            levels.setdefault(key, [row.get("price", 0.0), 0.0])[1] = row.get("size", 0.0)


def recorded() -> dict[str, Any]:
    return {entry["name"]: entry for entry in map(json.loads, RECORDED.read_text().splitlines())}


@pytest.mark.parametrize("name", recorded())
def test_documented_frames_mean_what_is_noted_with_them(name: str) -> None:
    entry = recorded()[name]
    frame = decode(entry["frame"] if isinstance(entry["frame"], str) else json.dumps(entry["frame"]))
    kinds = {kind.__name__: kind for kind in (Welcome, Ack, Refusal, Pong, TableFrame)}
    if entry["means"] is None:
        assert frame is None
    elif isinstance(frame, TableFrame):
        assert entry["means"] == "TableFrame"
        assert [as_json(row) for row in frame.rows] == entry["frame"]["data"]
    else:
        assert frame == msgspec.convert(entry["fields"], kinds[entry["means"]])


def test_frames_before_a_symbols_partial_are_dropped() -> None:
    feed = Feed()
    row = {"timestamp": "2024-01-01T00:00:00.000Z", "symbol": "XBTUSD", "side": "Buy", "size": 100, "price": 42000}
    insert = json.dumps({"table": "trade", "action": "insert", "data": [row]})
    partial = {"table": "trade", "action": "partial", "keys": [], "filter": {"symbol": "XBTUSD"}, "data": []}
    assert feed.events(insert, 0) == []
    assert feed.events(json.dumps(partial | {"filter": {"symbol": "ETHUSD"}}), 0) == []
    assert feed.events(insert, 0) == []
    assert feed.events(json.dumps(partial), 0) == []
    assert feed.events(insert, 5) == [Trade("bitmex", "XBTUSD", "Buy", 42000, 100, 1_704_067_200_000_000_000, 5)]


def test_a_quote_without_one_side_is_no_event() -> None:
    row = {"timestamp": "2024-01-01T00:00:00.000Z", "symbol": "XBTUSD", "bidSize": 1, "bidPrice": 1, "askPrice": None}
    partial = {"table": "quote", "action": "partial", "data": [row]}
    assert Feed().events(json.dumps(partial), 0) == []


def test_a_second_partial_leaves_the_other_symbols_alone() -> None:
    books = BookFeed()
    for symbol in ("XBTUSD", "ETHUSD", "ETHUSD"):
        rows = [
            BookRow(symbol=symbol, id=i, side=side, size=9.0, price=p)
            for i, side, p in ((1, "Buy", 1.0), (2, "Sell", 2.0))
        ]
        books.apply(TableFrame("orderBookL2", "partial", list(rows), [], symbol))
    assert books.top("XBTUSD") == books.top("ETHUSD") == Top(1.0, 9.0, 2.0, 9.0)


def test_a_change_of_a_level_never_told_of_is_an_error() -> None:
    books = BookFeed()
    books.apply(TableFrame("orderBookL2", "partial", [], [], "XBTUSD"))
    with pytest.raises(WireError, match="never told of"):
        books.apply(TableFrame("orderBookL2", "update", [BookRow(symbol="XBTUSD", id=7, side="Buy", size=1.0)]))


@pytest.mark.parametrize(
    "text", ["", "[1", '{"table":"quote","action":"insert","data":[{"symbol":1}]}', '{"status":"x"}', "[" * 9999]
)
def test_what_cannot_be_read_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(WireError):
        decode(text)


def rows_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Rows with some fields absent, some null."""
    values = {
        str: st.text(max_size=5),
        float: st.floats(allow_nan=False, allow_infinity=False, width=64),
        bool: st.booleans(),
    }
    fields = {}
    for field in msgspec.structs.fields(kind):
        base = next((t for t in (bool, float, int, str) if t in getattr(field.type, "__args__", (field.type,))), str)
        value = values.get(base, st.integers(-(2**53), 2**53))
        fields[field.name] = value if field.required else st.one_of(st.just(msgspec.UNSET), st.none(), value)
    return st.builds(kind, **fields)


@pytest.mark.parametrize(
    "table", ["quote", "trade", "orderBookL2", "order", "execution", "position", "margin", "wallet"]
)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_frames_survive_a_round_trip(table: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(rows_of(TABLES[table]), max_size=3))
    action: Action = data.draw(st.sampled_from(["insert", "update", "delete"]))
    frame = TableFrame(table, action, rows)
    assert decode(encode(frame)) == frame
    partial = TableFrame(table, "partial", rows, ["symbol"], "XBTUSD")
    assert decode(encode(partial)) == partial


def test_absent_and_null_are_not_the_same() -> None:
    assert as_json(OrderRow(orderID="a")) == {"orderID": "a"}
    assert as_json(OrderRow(orderID="a", price=None)) == {"orderID": "a", "price": None}

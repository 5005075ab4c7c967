"""Coinbase's messages: a recorded session decoded by value, shapes it lacks from the documentation, and round trips."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.captures import capture, received
from ticklink.model.errors import WireError
from ticklink.model.events import Quote, Trade
from ticklink.model.requests import Side
from ticklink.venues.book import Top
from ticklink.venues.coinbasepro import wire
from ticklink.venues.coinbasepro.feed import Feed
from ticklink.venues.timestamps import iso_to_ns

SESSION = "coinbasepro/cryptofeed_COINBASE.ws.28.0.txt"
RECORDED = Path(__file__).parents[1] / "recorded" / "coinbasepro.jsonl"


def test_every_message_of_the_session_is_decoded_whole_and_by_value() -> None:
    kinds: Counter[str] = Counter()
    for _, text in received(capture(SESSION)):
        message, naive = wire.decode(text), json.loads(text)
        assert message is not None
        assert json.loads(wire.encode(message)) == naive
        kinds[naive["type"]] += 1
    assert kinds == {
        "subscriptions": 3,
        "snapshot": 10,
        "l2update": 9719,
        "ticker": 107,
        "match": 97,
        "last_match": 10,
    }


def test_the_session_means_the_events_that_a_naive_reading_finds() -> None:
    feed, naive = Feed(), NaiveFeed()
    counts: Counter[type] = Counter()
    for ns, text in received(capture(SESSION)):
        found = feed.events(text, ns)
        assert found == naive.events(json.loads(text), ns)
        counts.update(map(type, found))
    assert counts == {Quote: 1775, Trade: 97}


class NaiveFeed:
    """Exact decimals in plain dicts; the best level found by looking at all."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, dict[Decimal, Decimal]]] = {}
        self.last: dict[str, tuple[Decimal, ...]] = {}

    def events(self, message: dict[str, Any], ns: int) -> list[Quote | Trade]:
        kind, product = message["type"], message.get("product_id", "")
        if kind == "snapshot":
            self.books[product] = {
                side: {Decimal(p): Decimal(s) for p, s in message[name]}
                for side, name in (("buy", "bids"), ("sell", "asks"))
            }
        if kind == "match":
            side: Side = "Sell" if message["side"] == "buy" else "Buy"
            price, size = float(message["price"]), float(message["size"])
            return [Trade("coinbasepro", product, side, price, size, iso_to_ns(message["time"]), ns)]
        return self.quote(message, product, ns) if kind == "l2update" else []

    def quote(self, message: dict[str, Any], product: str, ns: int) -> list[Quote | Trade]:
        book = self.books[product]
        for side, price, size in message["changes"]:
            book[side].pop(Decimal(price), None)
            if Decimal(size):
                book[side][Decimal(price)] = Decimal(size)
        bid, ask = max(book["buy"]), min(book["sell"])
        top = (bid, book["buy"][bid], ask, book["sell"][ask])
        if self.last.get(product) == top:
            return []
        self.last[product] = top
        floats = Top(*map(float, top))
        return [Quote("coinbasepro", product, *floats, iso_to_ns(message["time"]), ns)]


def test_tickers_and_matches_of_the_session_name_opposite_sides() -> None:
    """A ticker's side is the taker's, a match's the maker's: the ground for turning the side of trades."""
    makers, takers = dict[tuple[str, int], str](), dict[tuple[str, int], object]()
    for _, text in received(capture(SESSION)):
        message = wire.decode(text)
        if isinstance(message, wire.Match | wire.LastMatch):
            makers[message.product_id, message.trade_id] = message.side
        if isinstance(message, wire.Ticker) and isinstance(message.trade_id, int):
            takers[message.product_id, message.trade_id] = message.side
    both = makers.keys() & takers.keys()
    assert len(both) == 107
    assert all({makers[trade], takers[trade]} == {"buy", "sell"} for trade in both)


def recorded() -> dict[str, Any]:
    return {entry["name"]: entry for entry in map(json.loads, RECORDED.read_text().splitlines())}


@pytest.mark.parametrize("name", recorded())
def test_documented_messages_mean_what_is_noted_with_them(name: str) -> None:
    entry = recorded()[name]
    message = wire.decode(json.dumps(entry["frame"]))
    if entry["means"] is None:
        assert message is None
    else:
        assert type(message).__name__ == entry["means"]
        assert json.loads(msgspec.json.encode(message)) == entry["frame"]


SNAPSHOT = {"type": "snapshot", "product_id": "BTC-USD", "bids": [["10.0", "1"]], "asks": [["11.0", "2"]]}


def update(*changes: list[str], time: str = "2024-01-01T00:00:00.000001Z") -> str:
    return json.dumps({"type": "l2update", "product_id": "BTC-USD", "time": time, "changes": list(changes)})


def quotes(feed: Feed, text: str) -> list[tuple[float, ...]]:
    return [(q.bid, q.bid_size, q.ask, q.ask_size, q.time) for q in feed.events(text, 1) if isinstance(q, Quote)]


def test_a_snapshot_is_quoted_with_the_next_update_under_its_time() -> None:
    feed = Feed()
    assert feed.events(json.dumps(SNAPSHOT), 7) == []
    assert quotes(feed, update(["buy", "5", "1"])) == [(10, 1, 11, 2, 1_704_067_200_000_001_000)]
    assert quotes(feed, update(["buy", "5", "2"])) == []


def test_updates_before_the_snapshot_and_an_empty_side_say_nothing() -> None:
    feed = Feed()
    assert quotes(feed, update(["buy", "5", "1"])) == []
    feed.events(json.dumps(SNAPSHOT), 7)
    assert quotes(feed, update(["sell", "11.00", "0.00000000"])) == []
    assert [q[:4] for q in quotes(feed, update(["sell", "12", "3"]))] == [(10, 1, 12, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1",
        '{"type":"match"}',
        '{"type":"l2update","product_id":1}',
        update(["buy", "x", "1"]),
        update(["buy", "1", "nan"]),
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_own(text: str) -> None:
    feed = Feed()
    feed.events(json.dumps(SNAPSHOT), 0)
    with pytest.raises(WireError):
        feed.events(text, 0)


decimals = st.decimals(0, 10**6, places=8).map(str)
levels = st.lists(st.tuples(decimals, decimals), max_size=5)
changes = st.lists(st.tuples(st.sampled_from(["buy", "sell"]), decimals, decimals), max_size=5)
maybe = st.one_of(st.just(msgspec.UNSET), st.none(), st.text(max_size=5))
messages = st.one_of(
    st.builds(wire.Snapshot, product_id=st.text(), bids=levels, asks=levels),
    st.builds(wire.L2Update, product_id=st.text(), changes=changes, time=st.text()),
    st.builds(wire.Ticker, product_id=st.text(), price=decimals, best_bid=maybe, time=maybe),
    st.builds(
        wire.Match, **{name: st.text() for name in ("product_id", "maker_order_id", "taker_order_id", "side", "time")}
    ),
    st.builds(wire.Done, product_id=st.text(), order_id=st.text(), reason=st.text(), price=maybe, remaining_size=maybe),
    st.builds(wire.Received, product_id=st.text(), order_id=st.text(), client_oid=maybe, funds=maybe),
)


@given(messages)
@settings(max_examples=50, deadline=None)
def test_messages_survive_a_round_trip(message: wire.AnyMessage) -> None:
    assert wire.decode(wire.encode(message)) == message


@given(changes)
@settings(max_examples=50, deadline=None)
def test_the_book_agrees_with_a_naive_one_on_any_changes(given: list[tuple[str, str, str]]) -> None:
    feed, naive = Feed(), NaiveFeed()
    for message in (SNAPSHOT, *(json.loads(update(list(change))) for change in given)):
        safe = message["type"] == "snapshot" or all(c[1] not in ("10.0", "11.0") for c in message["changes"])
        if safe:
            assert feed.events(json.dumps(message), 0) == naive.events(message, 0)

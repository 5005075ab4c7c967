"""The query parameters that BitMEX's tables share, against a naive reading of the documentation, and their refusals."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.bitmex_world import ETHUSD, XBT_USDT, XBTUSD, World, world
from ticklink.simulator.bitmex_params import Params
from ticklink.simulator.bitmex_queries import Query, Table, series
from ticklink.simulator.rules import Rejected

COLUMNS = ("timestamp", "symbol", "side", "size")
TABLE = Table(frozenset(COLUMNS), ("timestamp", "symbol"), most=500)
INSTRUMENTS = (XBTUSD, ETHUSD, XBT_USDT)

Row = dict[str, Any]

rows_strategy = st.lists(
    st.builds(
        lambda minute, symbol, side, size: {
            "timestamp": f"2024-03-04T10:{minute:02}:00.000Z",
            "symbol": symbol,
            "side": side,
            "size": size,
        },
        st.integers(0, 59),
        st.sampled_from(["XBTUSD", "ETHUSD"]),
        st.sampled_from(["Buy", "Sell"]),
        st.integers(1, 3),
    ),
    max_size=30,
).map(lambda rows: sorted(rows, key=lambda row: str(row["timestamp"])))

minutes = st.integers(0, 59).map(lambda minute: f"2024-03-04T10:{minute:02}:00.000Z")


def as_text(value: Any) -> Any:
    """The same parameter as a query string has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else None if value is None else str(value)


def naive(rows: list[Row], asked: Row) -> list[Row]:
    """The documentation, read aloud."""
    found = list(reversed(rows)) if asked["reverse"] else list(rows)
    if asked["symbol"] is not None:
        found = [row for row in found if row["symbol"] == asked["symbol"].upper()]
    if asked["startTime"] is not None:
        found = [row for row in found if row["timestamp"] >= asked["startTime"]]
    if asked["endTime"] is not None:
        found = [row for row in found if row["timestamp"] <= asked["endTime"]]
    for name, wanted in (asked["filter"] or {}).items():
        found = [row for row in found if row[name] in (wanted if isinstance(wanted, list) else [wanted])]
    page = found[asked["start"] :][: asked["count"]]
    columns = set(asked["columns"] or COLUMNS) | {"timestamp", "symbol"}
    return [{name: value for name, value in row.items() if name in columns} for row in page]


@settings(deadline=None)
@given(
    rows=rows_strategy,
    is_text=st.booleans(),
    asked=st.fixed_dictionaries(
        {
            "symbol": st.none() | st.sampled_from(["XBTUSD", "xbtusd", "ETHUSD"]),
            "filter": st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "side": st.sampled_from(["Buy", "Sell", ["Buy", "Sell"]]),
                    "size": st.integers(1, 4) | st.lists(st.integers(1, 4), max_size=2),
                },
            ),
            "columns": st.none() | st.lists(st.sampled_from(COLUMNS), unique=True, min_size=1),
            "count": st.integers(1, 40),
            "start": st.integers(0, 10),
            "reverse": st.booleans(),
            "startTime": st.none() | minutes,
            "endTime": st.none() | minutes,
        }
    ),
)
def test_queries_answer_as_documented(rows: list[Row], is_text: bool, asked: Row) -> None:
    params = Params({name: as_text(value) for name, value in asked.items()} if is_text else asked)
    query = Query.of(params, TABLE, INSTRUMENTS)
    assert query.answer(reversed(rows) if query.reverse else rows) == naive(rows, asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"count": 0}, "count is invalid"),
        ({"count": "ten"}, "count is invalid"),
        ({"count": 501}, "Maximum result count is 500. Please use the start & count params to paginate."),
        ({"start": -1}, "start is invalid"),
        ({"reverse": "perhaps"}, "reverse is invalid"),
        ({"reverse": 1}, "reverse is invalid"),
        ({"startTime": "yesterday"}, "startTime is invalid"),
        ({"endTime": 1_700_000_000_000}, "endTime is invalid"),
        ({"filter": "{side: Buy}"}, "filter is invalid"),
        ({"filter": "[1]"}, "filter is invalid"),
        ({"filter": {"colour": "red"}}, "filter columns are not valid"),
        ({"filter": {"open": True}}, "filter columns are not valid"),
        ({"filter": {"side": {"not": "Buy"}}}, "filter values are not valid"),
        ({"filter": {"startTime": 5}}, "startTime is invalid"),
        ({"columns": "colour"}, "columns are not valid"),
        ({"columns": {"side": 1}}, "columns is invalid"),
        ({"symbol": ["XBTUSD"]}, "symbol is invalid"),
    ],
)
def test_queries_that_make_no_sense_are_refused(asked: Row, message: str) -> None:
    with pytest.raises(Rejected) as refused:
        Query.of(Params(asked), TABLE, INSTRUMENTS)
    assert (refused.value.message, refused.value.status, refused.value.name) == (message, 400, "HTTPError")


def test_only_as_many_rows_are_made_as_are_needed() -> None:
    made = []

    def rows() -> Any:
        for number in range(1000):
            made.append(number)
            yield {"timestamp": "2024-03-04T10:00:00.000Z", "symbol": "XBTUSD", "side": "Buy", "size": number}

    assert len(Query.of(Params({"count": 3, "start": 2}), TABLE, INSTRUMENTS).answer(rows())) == 3
    assert len(made) == 5


@pytest.mark.parametrize(
    "time",
    ["2024-03-04T10:01:00.000Z", "2024-03-04 10:01", "2024-03-04T12:01:00+02:00", "2024-03-04T10:01:00"],
)
def test_times_may_be_written_in_many_ways(time: str) -> None:
    rows = [{"timestamp": f"2024-03-04T10:{minute:02}:00.000Z", "symbol": "XBTUSD"} for minute in range(3)]
    for asked in ({"startTime": time}, {"filter": {"startTime": time}}):
        assert Query.of(Params(asked), TABLE, INSTRUMENTS).answer(rows) == rows[1:]
    assert Query.of(Params({"endTime": time}), TABLE, INSTRUMENTS).answer(rows) == rows[:2]


def test_times_outside_of_all_rows() -> None:
    rows = [{"timestamp": "2024-03-04T10:00:00.000Z", "symbol": "XBTUSD"}]
    for asked, found in (
        ({"startTime": "0001-01-01"}, rows),
        ({"startTime": "9999-12-31T23:59:59.999999Z"}, []),
        ({"endTime": "1969-12-31"}, []),
        ({"endTime": "9999-12-31"}, rows),
        ({"startTime": "2024-03-05", "endTime": "2024-03-01"}, []),
    ):
        assert Query.of(Params(asked), TABLE, INSTRUMENTS).answer(rows) == found


def test_a_symbol_may_name_a_series() -> None:
    later, sooner = (
        msgspec.structs.replace(XBTUSD, sym=sym, native={"rootSymbol": "XBT", "expiry": expiry})
        for sym, expiry in (("XBTU24", "2024-09-27T12:00:00.000Z"), ("XBTM24", "2024-06-28T12:00:00.000Z"))
    )
    all_xbt = (XBTUSD, later, sooner, XBT_USDT)
    named = {
        "XBT": ["XBTM24"],
        "xbt:nearest": ["XBTM24"],
        "XBT:perpetual": ["XBTUSD"],
        "XBT:quarterly": ["XBTM24"],
        "XBT:biquarterly": ["XBTU24"],
        "XBT:weekly": [],
        "XBTUSD": ["XBTUSD"],
        "xbt_usdt": ["XBT_USDT"],
        "DOGE": [],
    }
    assert {name: list(series(name, all_xbt)) for name in named} == named
    assert list(series("XBT", (XBTUSD, XBT_USDT))) == ["XBTUSD"]


# Every table, through the face


@pytest.fixture(scope="module")
def busy() -> World:
    """Orders done and open, fills, a position, and 100 seconds of market."""
    made = world()
    for number in range(12):
        made.move(1)
        made.call("POST", "/order", symbol="XBTUSD", orderQty=100, side="Buy" if number % 2 else "Sell")
        made.call("POST", "/order", symbol="ETHUSD", orderQty=-1, price=3100 + number)
    made.move(100)
    return made


TABLES = ("order", "execution", "execution/tradeHistory", "position", "quote", "trade", "instrument")


@pytest.mark.parametrize("path", TABLES)
def test_every_table_pages_filters_and_picks_alike(busy: World, path: str) -> None:
    whole = busy.call("GET", path, count=500)
    assert len(whole) > 1
    assert busy.call("GET", path, count=500, reverse=True) == whole[::-1]
    assert busy.call("GET", path, count=1, start=1) == whole[1:2]
    assert busy.call("GET", path, count=500, symbol="xbtusd") == [row for row in whole if row["symbol"] == "XBTUSD"]
    assert busy.call("GET", path, symbol="NOPE") == []
    narrow = busy.call("GET", path, count=500, columns='["symbol"]')
    assert [row["symbol"] for row in narrow] == [row["symbol"] for row in whole]
    assert len(narrow[0]) < len(whole[0])
    assert busy.call("GET", path, filter=json.dumps({"symbol": ["ETHUSD"]}), count=500) == [
        row for row in whole if row["symbol"] == "ETHUSD"
    ]
    assert busy.refusal("GET", path, columns=["colour"]) == (400, "columns are not valid", "HTTPError")


@pytest.mark.parametrize("path", ["order", "execution", "execution/tradeHistory", "quote", "trade"])
def test_times_cut_every_table(busy: World, path: str) -> None:
    whole = busy.call("GET", path, count=500)
    cut = "2024-03-04T10:00:04.000Z"
    assert busy.call("GET", path, count=500, startTime=cut) == [row for row in whole if row["timestamp"] >= cut]
    assert busy.call("GET", path, count=500, endTime=cut) == [row for row in whole if row["timestamp"] <= cut]
    assert busy.call("GET", path, count=500, startTime=cut, endTime=cut) == [
        row for row in whole if row["timestamp"] == cut
    ]


def test_open_orders_only(busy: World) -> None:
    whole = busy.call("GET", "order", count=500)
    found = busy.call("GET", "order", filter='{"open": true}', count=500)
    assert found == [row for row in whole if row["leavesQty"]]
    assert busy.refusal("GET", "order", filter='{"open": false}') == (400, "filter values are not valid", "HTTPError")
    assert busy.call("GET", "order", filter={"ordStatus": ["New"], "side": "Sell"}, count=500) == found


def test_counts_end_where_the_venues_do(busy: World) -> None:
    assert busy.call("GET", "trade", count=1000)
    for path, most in (("trade", 1000), ("quote", 1000), ("trade/bucketed", 1000), ("order", 500), ("execution", 500)):
        message = f"Maximum result count is {most}. Please use the start & count params to paginate."
        assert busy.refusal("GET", path, count=most + 1) == (400, message, "HTTPError")

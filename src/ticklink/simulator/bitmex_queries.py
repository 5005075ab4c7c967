"""The query parameters that all of BitMEX's tables share: symbol, filter, columns, count, start, reverse, startTime, endTime.

query = Query.of(params, QUOTES, known)
query.answer(rows)          rows oldest first, newest first where query.reverse; only as many are made as are needed
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from ticklink.model.instruments import Instrument
from ticklink.simulator.bitmex_params import LARGEST, Params, invalid, moment_us
from ticklink.simulator.rules import Rejected
from ticklink.venues.timestamps import ns_to_iso

Row = dict[str, Any]

DEFAULT_COUNT = 100
LATEST_MS = 253_402_300_799_999
"""The end of the year 9999."""

NS_PER_MS = 1_000_000
FARTHEST_NS = 2**62

BAD_FILTER_COLUMNS = "filter columns are not valid"
BAD_FILTER_VALUES = "filter values are not valid"
BAD_COLUMNS = "columns are not valid"
TOO_MANY = "Maximum result count is {most}. Please use the start & count params to paginate."

Scalar = str | int | float | None


OPEN = ("New", "PartiallyFilled")


class Table(msgspec.Struct, frozen=True):
    """A table as queries see it."""

    columns: frozenset[str]
    keys: tuple[str, ...]
    """Always answered, whatever `columns` asks for."""
    most: int = 500
    """The largest `count`."""
    has_open: bool = False
    """`{"open": true}` asks for orders that are not done; the venue does not take false."""


class Query(msgspec.Struct, frozen=True):
    """What a call asks of a table. `symbols` is None for all; times are inclusive, in epoch ms."""

    table: Table
    symbols: frozenset[str] | None
    filter: dict[str, Any]
    columns: list[str]
    count: int
    start: int
    reverse: bool
    first_ms: int = 0
    last_ms: int = LATEST_MS

    @classmethod
    def of(cls, params: Params, table: Table, instruments: Collection[Instrument]) -> "Query":
        """Raises Rejected, in the venue's words, for what makes no sense."""
        wanted = params.mapping("filter")
        times = {name: _time_us(params, wanted, name) for name in ("startTime", "endTime")}
        _check_filter(wanted, table)
        columns = params.words("columns")
        if not table.columns.issuperset(columns):
            raise Rejected(BAD_COLUMNS)
        given = params.text("symbol")
        return cls(
            table,
            frozenset(series(given, instruments)) if given else None,
            wanted,
            columns,
            _count(params, table.most),
            _start(params),
            params.flag("reverse", default=False),
            **_window(times["startTime"], times["endTime"]),
        )

    @property
    def first_ns(self) -> int:
        return min(self.first_ms * NS_PER_MS, FARTHEST_NS)

    @property
    def last_ns(self) -> int:
        """The last ns of the last ms."""
        return min((self.last_ms + 1) * NS_PER_MS, FARTHEST_NS) - 1

    @property
    def wants_open(self) -> bool:
        return self.filter.get("open") is True

    def has_symbol(self, sym: str) -> bool:
        return self.symbols is None or sym in self.symbols

    def unlimited(self) -> "Query":
        """The same, but all of it."""
        return msgspec.structs.replace(self, count=LARGEST)

    def answer(self, rows: Iterable[Row]) -> list[Row]:
        """The rows asked for."""
        found = islice(filter(self._matcher(), rows), self.start, self.start + self.count)
        return [self._shown(row) for row in found]

    def _matcher(self) -> Callable[[Row], bool]:
        tests = [_test(name, wanted) for name, wanted in self.filter.items()]
        first, last = _iso(self.first_ms), _iso(self.last_ms)

        def matches(row: Row) -> bool:
            if self.symbols is not None and row.get("symbol") not in self.symbols:
                return False
            if not first <= row.get("timestamp", first) <= last:
                return False
            return all(test(row) for test in tests)

        return matches

    def _shown(self, row: Row) -> Row:
        if not self.columns:
            return row
        return {name: value for name, value in row.items() if name in self.columns or name in self.table.keys}


def series(given: str, instruments: Collection[Instrument]) -> Iterator[str]:
    """The symbols that `symbol` names: itself in any case, or the contract that a series such as `XBT:perpetual` means."""
    name = given.upper()
    exact = [each.sym for each in instruments if each.sym.upper() == name]
    if exact:
        yield from exact
        return
    root, _, timeframe = name.partition(":")
    members = [each for each in instruments if _root(each) == root and not each.is_spot]
    perpetual = [each.sym for each in members if not each.native.get("expiry")]
    dated = [each.sym for each in sorted(members, key=_expiry) if each.native.get("expiry")]
    yield from {
        "": (dated or perpetual)[:1],
        "NEAREST": (dated or perpetual)[:1],
        "PERPETUAL": perpetual[:1],
        "QUARTERLY": dated[:1],
        "BIQUARTERLY": dated[1:2],
    }.get(timeframe, [])


def _root(instrument: Instrument) -> str:
    return str(instrument.native.get("rootSymbol") or instrument.base).upper()


def _expiry(instrument: Instrument) -> str:
    return str(instrument.native.get("expiry") or "")


def _count(params: Params, most: int) -> int:
    count = params.whole("count", DEFAULT_COUNT)
    if count is None or count <= 0:
        raise invalid("count")
    if count > most:
        raise Rejected(TOO_MANY.format(most=most))
    return count


def _start(params: Params) -> int:
    start = params.whole("start", 0)
    if start is None or start < 0:
        raise invalid("start")
    return start


def _time_us(params: Params, wanted: dict[str, Any], name: str) -> int | None:
    """Times may stand in the filter too."""
    inner = wanted.pop(name, None)
    return params.time_us(name) if inner is None else moment_us(name, inner)


def _window(start_us: int | None, end_us: int | None) -> dict[str, int]:
    """Whole ms, as rows have them; a window that ends before 1970 is empty."""
    first_ms = 0 if start_us is None else min(max(0, -(-start_us // 1000)), LATEST_MS)
    last_ms = LATEST_MS if end_us is None else min(end_us // 1000, LATEST_MS)
    return {"first_ms": first_ms, "last_ms": max(-1, last_ms)}


def _iso(time_ms: int) -> str:
    """As rows write it; before all of them where there is no such time."""
    return ns_to_iso(time_ms * NS_PER_MS) if time_ms >= 0 else ""


def _check_filter(wanted: Mapping[str, Any], table: Table) -> None:
    for name, value in wanted.items():
        if name == "open" and table.has_open:
            if value is not True:
                raise Rejected(BAD_FILTER_VALUES)
        elif name not in table.columns:
            raise Rejected(BAD_FILTER_COLUMNS)
        elif not all(isinstance(each, Scalar) for each in (value if isinstance(value, list | tuple) else [value])):
            raise Rejected(BAD_FILTER_VALUES)


def _test(name: str, wanted: Any) -> Callable[[Row], bool]:
    if name == "open":
        return lambda row: row["ordStatus"] in OPEN
    values = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    if name == "symbol":
        values = [each.upper() if isinstance(each, str) else each for each in values]
        return lambda row: str(row["symbol"]).upper() in values
    return lambda row: any(_same(row.get(name), each) for each in values)


def _same(there: Any, wanted: Any) -> bool:
    """Equal, and true is not 1."""
    return isinstance(there, bool) == isinstance(wanted, bool) and bool(there == wanted)

"""What a report's script draws: a run's series, tables and orders as columns that go into the page as JSON."""

from typing import Any, Literal

import msgspec

from ticklink.backtest.result import OrderRecord, PriceSamples, Result

Kind = Literal["time", "number", "signed", "choice", "text"]
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOURLY_UP_TO_MS = 3 * DAY_MS
"""Shorter runs show their P&L by hour: a chart of one or two days would say nothing."""
DIGITS = 10
"""Significant digits of a series in the page: more than any screen resolves."""


class Column(msgspec.Struct, frozen=True):
    label: str
    kind: Kind
    values: list[Any]


class Table(msgspec.Struct, frozen=True):
    """A table of the page. Columns that say nothing are left out; what is the same in every row is said once."""

    count: int
    columns: list[Column]
    constants: dict[str, str]


def page_data(result: Result) -> dict[str, Any]:
    """Everything the page's script needs, ready for JSON."""
    return {
        "from": result.run.from_,
        "to": result.run.to,
        "currency": result.equity.currency,
        "times": result.equity.times,
        "total": _rounded(result.equity.total),
        "held": _rounded(_held(result)),
        "drawdown": _rounded(result.equity.drawdown),
        "periods": pnl_by_period(result),
        "markets": [_market(result, src, sym) for src, sym in _markets(result)],
        "tables": {name: table for name, table in _tables(result).items() if table.count},
    }


def pnl_by_period(result: Result) -> dict[str, Any]:
    """P&L by day, or by hour in a short run: {length, starts, pnl}."""
    times, pnl = result.equity.times, result.equity.pnl
    length = HOUR_MS if result.run.to - result.run.from_ < HOURLY_UP_TO_MS else DAY_MS
    last: dict[int, float] = {}
    for time, value in zip(times, pnl, strict=True):
        # What is known at midnight was made on the day that ends there.
        last[max(time - 1, times[0]) // length * length] = value
    gained = [value - before for before, value in zip([0.0, *last.values()], last.values(), strict=False)]
    return {"length": length, "starts": list(last), "pnl": _rounded(gained)}


def resting(order: OrderRecord, end: int) -> list[tuple[int, int, float]]:
    """Where an order rested: [(from, to, price)], one for each price it had."""
    if order.price is None or order.status.lower().startswith("reject"):
        return []
    spans, since, price = [], order.created, order.price
    for time, changed, _ in order.changes:
        if changed is not None and changed != price:
            spans.append((since, time, price))
            since, price = time, changed
    spans.append((since, end if order.closed is None else order.closed, price))
    return [span for span in spans if span[1] > span[0]]


def _held(result: Result) -> list[float]:
    """What the deposits alone were worth; nothing where that never changed, as a line would say nothing."""
    worth = [total - pnl for total, pnl in zip(result.equity.total, result.equity.pnl, strict=True)]
    spread = max(worth, default=0.0) - min(worth, default=0.0)
    return worth if spread > 1e-9 * max(map(abs, worth), default=0.0) else []


def _markets(result: Result) -> list[tuple[str, str]]:
    """(src, sym) of every market with prices or fills, those with fills first."""
    venues = result.run.venues
    traded = {(venues.get(fill.venue, fill.venue), fill.sym): None for fill in result.fills}
    return list(traded | {(market.src, market.sym): None for market in result.prices})


def _market(result: Result, src: str, sym: str) -> dict[str, Any]:
    venues = result.run.venues
    prices = next((market for market in result.prices if (market.src, market.sym) == (src, sym)), None)
    mine = {venue for venue in {*venues, src} if venues.get(venue, venue) == src}
    return {
        "name": f"{src} {sym}",
        "sym": sym,
        "quote": prices.quote if prices else "",
        **_price_series(prices),
        "positions": {
            market: _rounded(sizes)
            for market, sizes in result.equity.position.items()
            if market in {f"{venue} {sym}" for venue in mine}
        },
        "fills": [row for row, fill in enumerate(result.fills) if fill.sym == sym and fill.venue in mine],
        "resting": _resting(result, mine, sym),
    }


def _price_series(prices: PriceSamples | None) -> dict[str, list[float | None]]:
    if prices is None:
        return {"mid": [], "high": [], "low": []}
    return {"mid": _rounded(prices.mid), "high": _rounded(prices.high), "low": _rounded(prices.low)}


def _resting(result: Result, venues: set[str], sym: str) -> dict[str, list[Any]]:
    rows = [
        (row, since, until, price)
        for row, order in enumerate(result.orders)
        if order.sym == sym and order.venue in venues
        for since, until, price in resting(order, result.run.to)
    ]
    names = ("row", "from", "to", "price")
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)} if rows else {}


def _tables(result: Result) -> dict[str, Table]:
    return {
        "fills": _fills(result),
        "orders": _orders(result),
        "signals": _table(
            [
                ("time", "time", [signal.time for signal in result.signals]),
                ("market", "choice", [f"{signal.src} {signal.sym}" for signal in result.signals]),
                ("intents", "text", [_json(signal.intents) for signal in result.signals]),
            ]
        ),
        "published": _table(
            [
                ("time", "time", [message.time for message in result.published]),
                ("topic", "choice", [message.topic for message in result.published]),
                ("data", "text", [_json(message.data) for message in result.published]),
            ]
        ),
        "log": _table(
            [
                ("time", "time", [line.time for line in result.log]),
                ("level", "choice", [line.level for line in result.log]),
                ("message", "text", [line.message for line in result.log]),
            ],
            always=("level",),
        ),
    }


def _fills(result: Result) -> Table:
    rows = result.fills
    return _table(
        [
            ("time", "time", [row.time for row in rows]),
            ("venue", "choice", [row.venue for row in rows]),
            ("market", "choice", [row.sym for row in rows]),
            ("side", "choice", [row.side for row in rows]),
            ("price", "number", [row.price for row in rows]),
            ("size", "number", [row.size for row in rows]),
            ("position", "number", [row.position for row in rows]),
            ("P&L", "signed", [row.realised_pnl for row in rows]),
            ("P&L in", "choice", [row.pnl_asset for row in rows]),
            ("fee", "number", [row.fee for row in rows]),
            ("fee in", "choice", [row.fee_asset for row in rows]),
            ("liquidity", "choice", [row.liquidity for row in rows]),
            ("order", "text", [row.order_id for row in rows]),
            ("trade", "text", [row.trade_id for row in rows]),
        ],
        always=("side",),
    )


def _orders(result: Result) -> Table:
    rows = result.orders
    return _table(
        [
            ("created", "time", [row.created for row in rows]),
            ("closed", "time", [row.closed for row in rows]),
            ("venue", "choice", [row.venue for row in rows]),
            ("market", "choice", [row.sym for row in rows]),
            ("side", "choice", [row.side for row in rows]),
            ("type", "choice", [row.type for row in rows]),
            ("price", "number", [row.price for row in rows]),
            ("stop price", "number", [row.stop_price for row in rows]),
            ("size", "number", [row.size for row in rows]),
            ("filled", "number", [row.filled for row in rows]),
            ("average price", "number", [row.average_price for row in rows]),
            ("status", "choice", [row.status for row in rows]),
            ("amended", "number", [len(row.changes) for row in rows]),
            ("in force", "choice", [row.time_in_force for row in rows]),
            ("flags", "choice", [_flags(row) for row in rows]),
            ("order", "text", [row.order_id for row in rows]),
            ("client order", "text", [row.client_order_id for row in rows]),
            ("text", "text", [row.text for row in rows]),
        ],
        always=("side", "status"),
    )


def _flags(order: OrderRecord) -> str:
    given = {"post-only": order.post_only, "reduce-only": order.reduce_only}
    return ", ".join(name for name, is_set in given.items() if is_set)


def _table(columns: list[tuple[str, Kind, list[Any]]], *, always: tuple[str, ...] = ()) -> Table:
    """The columns worth showing: an empty one is dropped, a choice that is the same everywhere becomes a constant."""
    constants, kept = {}, []
    for label, kind, values in columns:
        distinct = set(values) if kind == "choice" else set()
        if len(distinct) == 1 and label not in always:
            constants[label] = str(values[0])
        elif any(value not in (None, "") for value in values):
            kept.append(Column(label, kind, values))
    return Table(len(columns[0][2]), kept, {name: value for name, value in constants.items() if value})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _rounded(values: list[Any]) -> list[Any]:
    return [None if value is None else float(f"{value:.{DIGITS}g}") for value in values]

"""BitMEX's public tables over simulated markets: instruments, quotes, trades, their buckets, and the order book.

Nothing later than the exchange's present is shown. Quotes and trades come from the part of the recording that is at hand: rows
that a replay has passed and dropped are gone. Buckets reach back as far as the archive.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from ticklink.model.candles import LEVELS_MS, candle_bin
from ticklink.model.money import Contract
from ticklink.simulator.bitmex_instruments import instrument_row
from ticklink.simulator.bitmex_params import Params, invalid, missing
from ticklink.simulator.bitmex_queries import Query, Row, Table, series
from ticklink.simulator.bitmex_rows import match_id, quantity
from ticklink.simulator.exchange import Exchange, Seat
from ticklink.simulator.orders import BUY, SELL, SIDE_NAMES
from ticklink.simulator.recording import Recording
from ticklink.simulator.replayed import DEPTH_LEVELS, ReplayedMarket
from ticklink.venues.bitmex import rows as wire
from ticklink.venues.timestamps import ns_to_iso

NS_PER_MS = 1_000_000
BIN_SIZES = ("1m", "5m", "1h", "1d")
DEFAULT_DEPTH = 25
BUCKETS_AT_ONCE = 1000
EVERYTHING = 2**53
IDS_PER_SYMBOL = 100_000_000
"""A level's id falls with its price, from the symbol's own multiple of this."""

QUOTES = Table(frozenset(wire.QuoteRow.__struct_fields__), ("timestamp", "symbol"), most=1000)
TRADES = Table(frozenset(wire.TradeRow.__struct_fields__), ("timestamp", "symbol"), most=1000)
BUCKETS = Table(frozenset(wire.CandleRow.__struct_fields__), ("timestamp", "symbol"), most=1000)


class Buckets(Protocol):
    """Where candles come from: candles.CandleHistory."""

    def candles(self, sym: str, level: str, first_ms: int, end_ms: int) -> list[list[Any]]:
        """Columns time, open, high, low, close, volume of the buckets that start in [first, end), without holes."""
        ...

    def finest(self, sym: str) -> str:
        """The level that the others are made of."""
        ...

    def check(self, sym: str, level: str) -> None:
        """InputError for a level that they cannot be made of."""
        ...


class PublicTables:
    """Answers for the endpoints that need no account."""

    def __init__(self, exchange: Exchange, buckets: Buckets) -> None:
        self._exchange, self._buckets = exchange, buckets

    def instruments(self, params: Params) -> list[Row]:
        exchange = self._exchange
        rows = [instrument_row(exchange, seat) for seat in exchange.seats.values()]
        table = Table(frozenset().union(*rows), ("symbol",))
        query = Query.of(params, table, self._instruments())
        return query.answer(reversed(rows) if query.reverse else rows)

    def active_instruments(self, _params: Params) -> list[Row]:
        """Every one; the venue's own call takes no query either."""
        exchange = self._exchange
        return [instrument_row(exchange, seat) for seat in exchange.seats.values()]

    def indices(self, _params: Params) -> list[Row]:
        """None is simulated."""
        return []

    def quotes(self, params: Params) -> list[Row]:
        return self._answer(params, QUOTES, self._seat_quotes)

    def trades(self, params: Params) -> list[Row]:
        return self._answer(params, TRADES, self._seat_trades)

    def trade_buckets(self, params: Params) -> list[Row]:
        step, is_partial = _bin(params)
        return self._answer(params, BUCKETS, lambda seat, query: self._seat_buckets(seat, query, step, is_partial))

    def quote_buckets(self, params: Params) -> list[Row]:
        step, is_partial = _bin(params)
        return self._answer(params, QUOTES, lambda seat, query: self._seat_quote_buckets(seat, query, step, is_partial))

    def book(self, params: Params) -> list[Row]:
        """Both sides, prices falling: asks from the furthest to the best, then bids."""
        given = params.text("symbol")
        if not given:
            raise missing("symbol")
        depth = params.whole("depth", DEFAULT_DEPTH)
        if depth is None or depth < 0:
            raise invalid("depth")
        rows: list[Row] = []
        for sym in series(given, self._instruments()):
            seat = self._present(sym)
            asks, bids = (_levels(seat, side, depth or DEPTH_LEVELS) for side in (BUY, SELL))
            rows += [self._book_row(seat, SELL, *level) for level in reversed(asks)]
            rows += [self._book_row(seat, BUY, *level) for level in bids]
        return rows

    # How

    def _instruments(self) -> list[Any]:
        return [seat.contract.instrument for seat in self._exchange.seats.values()]

    def _present(self, sym: str) -> Seat:
        """A market brought up to now."""
        self._exchange.mark_ticks(sym)
        return self._exchange.seats[sym]

    def _answer(self, params: Params, table: Table, rows: Callable[[Seat, Query], Iterator[Row]]) -> list[Row]:
        query = Query.of(params, table, self._instruments())
        syms = [sym for sym in self._exchange.seats if query.has_symbol(sym)]
        parts = [rows(self._present(sym), query) for sym in (reversed(syms) if query.reverse else syms)]
        return query.answer(heapq.merge(*parts, key=lambda row: row["timestamp"], reverse=query.reverse))

    def _seat_quotes(self, seat: Seat, query: Query) -> Iterator[Row]:
        recording = _recording(seat)
        if recording is not None:
            for row in self._span(recording.quote_ns, query):
                yield _quote_row(seat, recording, row, recording.quote_ns[row].item())

    def _seat_trades(self, seat: Seat, query: Query) -> Iterator[Row]:
        recording = _recording(seat)
        if recording is not None:
            for row in self._span(recording.trade_ns, query):
                yield _trade_row(seat, recording, row)

    def _span(self, times: Any, query: Query) -> range:
        """Rows of the window that are asked for and have happened, in the order asked for."""
        first = int(np.searchsorted(times, query.first_ns, "left"))
        end = int(np.searchsorted(times, min(query.last_ns, self._exchange.now_ns), "right"))
        return range(end - 1, first - 1, -1) if query.reverse else range(first, end)

    def _book_row(self, seat: Seat, side: int, ticks: int, lots: int) -> Row:
        instrument = seat.contract.instrument
        number = 1 + list(self._exchange.seats).index(instrument.sym)
        return {
            "symbol": instrument.sym,
            "id": number * IDS_PER_SYMBOL - ticks,
            "side": SIDE_NAMES[side],
            "size": quantity(instrument, lots),
            "price": instrument.price(ticks),
            "timestamp": ns_to_iso(self._exchange.now_ns),
        }

    # Buckets

    def _seat_buckets(self, seat: Seat, query: Query, step: int, is_partial: bool) -> Iterator[Row]:
        self._buckets.check(seat.contract.sym, _level(step))
        sym, ended_ms = seat.contract.sym, self._exchange.now_ns // NS_PER_MS // step * step
        if is_partial and query.reverse:
            yield from self._partial(seat, ended_ms, step)
        end_ms = min(ended_ms, query.last_ms // step * step)
        first_ms = max(step, -(-query.first_ms // step) * step - step)
        rows = self._falling if query.reverse else self._rising
        yield from rows(sym, first_ms, end_ms, step, min(BUCKETS_AT_ONCE, query.start + query.count))
        if is_partial and not query.reverse:
            yield from self._partial(seat, ended_ms, step)

    def _rising(self, sym: str, first_ms: int, end_ms: int, step: int, _wanted: int) -> Iterator[Row]:
        first_ms = max(first_ms, self._known_from(sym, first_ms, end_ms))
        for start_ms in range(first_ms, end_ms, BUCKETS_AT_ONCE * step):
            yield from self._bucket_rows(sym, start_ms, min(start_ms + BUCKETS_AT_ONCE * step, end_ms), step)

    def _falling(self, sym: str, first_ms: int, end_ms: int, step: int, wanted: int) -> Iterator[Row]:
        """No further back than is asked for: what is older is loaded only then."""
        while first_ms < end_ms:
            start_ms = max(first_ms, end_ms - wanted * step)
            rows = self._bucket_rows(sym, start_ms, end_ms, step)
            if not rows:
                return
            yield from reversed(rows)
            end_ms = start_ms

    def _known_from(self, sym: str, first_ms: int, end_ms: int) -> int:
        """The day of the first trade known, so that years without any are not walked through."""
        day = LEVELS_MS["1d"]
        days = self._buckets.candles(sym, "1d", max(day, first_ms // day * day), end_ms)[0]
        return days[0] if days else end_ms

    def _bucket_rows(self, sym: str, first_ms: int, end_ms: int, step: int) -> list[Row]:
        level = _level(step)
        candles = list(zip(*self._buckets.candles(sym, level, first_ms - step, end_ms), strict=True))
        closes = [candles[0][1], *(candle[4] for candle in candles)] if candles else []
        return [
            _bucket_row(sym, start_ms + step, before, *values)
            for before, (start_ms, *values) in zip(closes, candles, strict=False)
            if start_ms >= first_ms
        ]

    def _partial(self, seat: Seat, start_ms: int, step: int) -> Iterator[Row]:
        """The bucket that has not ended: its whole minutes, or what else was recorded, and the trades since."""
        sym = seat.contract.sym
        finest = self._buckets.finest(sym)
        now_minute = candle_bin(self._exchange.now_ns // NS_PER_MS, finest)
        prices: list[float] = []
        volume = 0.0
        for _, _, high, low, close, traded in zip(
            *self._buckets.candles(sym, finest, start_ms, now_minute), strict=True
        ):
            prices += [high, low, close]
            volume += traded
        recording = _recording(seat)
        if recording is not None:
            first = int(np.searchsorted(recording.trade_ns, now_minute * NS_PER_MS, "left"))
            end = int(np.searchsorted(recording.trade_ns, self._exchange.now_ns, "right"))
            prices += recording.price[first:end].tolist()
            volume += float(recording.size[first:end].sum())
        before = self._buckets.candles(sym, _level(step), start_ms - step, start_ms)[4]
        if prices or before:
            prices = prices or before
            opened = before[-1] if before else prices[0]
            yield _bucket_row(sym, start_ms + step, opened, prices[0], max(prices), min(prices), prices[-1], volume)

    def _seat_quote_buckets(self, seat: Seat, query: Query, step: int, is_partial: bool) -> Iterator[Row]:
        recording = _recording(seat)
        if recording is None or not len(recording.quote_ns):
            return
        first_ms = recording.quote_ns[0].item() // NS_PER_MS // step * step + step
        now_ns = self._exchange.now_ns
        last_ms = now_ns // NS_PER_MS // step * step + (step if is_partial else 0)
        first_ms = max(first_ms, -(-query.first_ms // step) * step)
        ends = range(first_ms, min(last_ms, query.last_ms) + 1, step)
        for end_ms in reversed(ends) if query.reverse else ends:
            row = int(np.searchsorted(recording.quote_ns, min(end_ms * NS_PER_MS - 1, now_ns), "right")) - 1
            if row >= 0:
                yield _quote_row(seat, recording, row, end_ms * NS_PER_MS)


def _bin(params: Params) -> tuple[int, bool]:
    """The bucket's length in ms, and whether the one that has not ended is asked for."""
    size = params.text("binSize", "1m")
    if size not in BIN_SIZES:
        raise invalid("binSize")
    return LEVELS_MS[size], params.flag("partial", default=False)


def _level(step: int) -> str:
    return next(size for size in BIN_SIZES if LEVELS_MS[size] == step)


def _recording(seat: Seat) -> Recording | None:
    """Only a recorded market has a history."""
    return seat.market.recording if isinstance(seat.market, ReplayedMarket) else None


def _quote_row(seat: Seat, recording: Recording, row: int, time_ns: int) -> Row:
    return {
        "timestamp": ns_to_iso(time_ns),
        "symbol": seat.contract.sym,
        "bidSize": _size(recording.bid_size[row].item()),
        "bidPrice": recording.bid[row].item(),
        "askPrice": recording.ask[row].item(),
        "askSize": _size(recording.ask_size[row].item()),
    }


def _trade_row(seat: Seat, recording: Recording, row: int) -> Row:
    contract = seat.contract
    instrument = contract.instrument
    price, size = recording.price[row].item(), recording.size[row].item()
    ticks = instrument.nearest_ticks(price)
    numerator, denominator = instrument.lot_ratio
    lots = size * denominator / numerator
    home, foreign = _worth(contract, ticks, lots)
    return {
        "timestamp": ns_to_iso(recording.trade_ns[row].item()),
        "symbol": contract.sym,
        "side": SIDE_NAMES[int(recording.taker[row])],
        "size": _size(size),
        "price": price,
        "tickDirection": _tick_direction(recording, row),
        "trdMatchID": match_id(recording.trade_base + row),
        "grossValue": round(contract.value(ticks, 1) * lots),
        "homeNotional": home,
        "foreignNotional": foreign,
        "trdType": "Regular",
    }


def _worth(contract: Contract, ticks: int, lots: float) -> tuple[float | None, float | None]:
    """In base and quote units. A quanto's need another market's price; old recordings have parts of today's lots."""
    if contract.kind == "quanto":
        return None, None
    if lots.is_integer():
        home, foreign = contract.notionals(ticks, int(lots))
        return home, abs(foreign)
    home, foreign = contract.notionals(ticks, 1)
    return home * lots, abs(foreign) * lots


def _tick_direction(recording: Recording, row: int) -> str:
    """Up or down from the last different price; Zero where the price is that of the trade before."""
    price = recording.price[row]
    before = row - 1
    while before >= 0 and recording.price[before] == price:
        before -= 1
    sign = "Minus" if before >= 0 and price < recording.price[before] else "Plus"
    return f"Zero{sign}Tick" if before < row - 1 else f"{sign}Tick"


def _bucket_row(
    sym: str, end_ms: int, opened: float, _first: float, high: float, low: float, close: float, volume: float
) -> Row:
    """`timestamp` is the bucket's end and `open` the close before it, as the venue has them."""
    nothing = None if volume else 0
    return {
        "timestamp": ns_to_iso(end_ms * NS_PER_MS),
        "symbol": sym,
        "open": opened,
        "high": high,
        "low": low,
        "close": close,
        "trades": nothing,
        "volume": _size(volume),
        "vwap": None,
        "lastSize": None,
        "turnover": nothing,
        "homeNotional": nothing,
        "foreignNotional": nothing,
    }


def _levels(seat: Seat, side: int, depth: int) -> list[tuple[int, int]]:
    """What a taker of this side would meet, best first: [(ticks, lots)]."""
    best = seat.market.best()[0 if side == SELL else 1]
    levels: list[tuple[int, int]] = []
    below = 0
    for away in range(DEPTH_LEVELS if best is not None else 0):
        ticks = (best or 0) + side * away
        total = seat.market.available(side, ticks, EVERYTHING) if ticks > 0 else below
        if total > below:
            levels.append((ticks, total - below))
        below = total
        if len(levels) == depth:
            break
    return levels


def _size(size: float) -> int | float:
    return int(size) if size.is_integer() else size

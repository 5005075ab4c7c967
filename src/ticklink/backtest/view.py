"""What a bot sees of its markets in a backtest (ports.MarketView), read off the replay when it asks."""

from functools import partial
from typing import Any

from ticklink.backtest.recorded_bars import RecordedBars
from ticklink.backtest.replay import Callback, Replay
from ticklink.backtest.tape import Part
from ticklink.bus import frames
from ticklink.model.bars import WINDOW, Bars
from ticklink.model.candles import candle_bin, level_ms
from ticklink.model.errors import InputError
from ticklink.model.instruments import Instrument
from ticklink.simulator.candles import CandleHistory

NS_PER_MS = 1_000_000


class View:
    """The latest quotes and trades, bars, instruments."""

    def __init__(
        self,
        replay: Replay,
        venues: dict[str, str],
        instruments: list[Instrument],
        histories: dict[str, CandleHistory],
        start_ns: int,
    ) -> None:
        self._replay, self._venues, self._instruments, self._histories = replay, venues, instruments, histories
        self._codes = {(each.src, each.sym): 2 * index for index, each in enumerate(instruments)}
        self._before: dict[int, dict[str, Any]] = {}
        self._seen_ns = start_ns
        """Of the parts before the present one: everything earlier has been handed out, or was before the run."""
        self._minute: dict[int, list[tuple[int, float, float]]] = {}
        """The trades of that minute, or of what else was recorded as one candle, by stream."""
        self._closed: Part | None = None
        self._bars: dict[tuple[str, str, str], Bars] = {}

    def venues(self) -> dict[str, dict[str, str]]:
        return {name: {"id": name, "kind": "paper", "name": name, "src": src} for name, src in self._venues.items()}

    def market_streams(self) -> dict[str, list[str]]:
        streams: dict[str, list[str]] = {}
        for each in self._instruments:
            streams.setdefault(each.src, []).append(each.sym)
        return streams

    def instruments(self) -> dict[str, dict[str, dict[str, Any]]]:
        rows: dict[str, dict[str, dict[str, Any]]] = {}
        for each in self._instruments:
            rows.setdefault(each.src, {})[each.sym] = dict(each.native)
        return rows

    def health(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "public": [{"src": src, "live": True} for src in self.market_streams()],
            "private": [{"venue": name, "live": True} for name in self._venues],
        }

    def last_quote(self, src: str, sym: str) -> dict[str, Any] | None:
        return self._last(self._code(src, sym))

    def last_trade(self, src: str, sym: str) -> dict[str, Any] | None:
        return self._last(self._code(src, sym) + 1)

    def close_part(self) -> None:
        """Before the replay goes on to its next part: keep the last row of every stream, and the latest trades."""
        part = self._part()
        for code in range(2 * len(self._instruments)):
            last = self._last(code)
            if last is not None:
                self._before[code] = last
            if code % 2:
                market = self._instruments[code // 2]
                finest = self._histories[market.src].finest(market.sym)
                self._minute[code] = self._trades_since(code, candle_bin(self._seen() // NS_PER_MS, finest))
        self._seen_ns = self._seen()
        self._closed = part or self._closed

    def _part(self) -> Part | None:
        """The part that is being handed out."""
        part = self._replay.part
        return part if part is not self._closed and self._replay.row else None

    def _seen(self) -> int:
        """The time of the latest row that was handed out."""
        part = self._part()
        return self._seen_ns if part is None else part.times[self._replay.row - 1].item()

    def _last(self, code: int) -> dict[str, Any] | None:
        """The latest row of a stream that was handed out."""
        part = self._part()
        columns = None if part is None else part.streams[code]
        if part is None or columns is None:
            return self._before.get(code)
        count = part.count(code, self._replay.row)
        if not count:
            return self._before.get(code)
        time, first, second, third, *rest = (column[count - 1].item() for column in columns)
        if code % 2:
            return frames.trade("Buy" if third > 0 else "Sell", first, second, time // NS_PER_MS)
        return frames.quote(first, second, third, rest[0], time // NS_PER_MS)

    def _code(self, src: str, sym: str) -> int:
        try:
            return self._codes[src, sym]
        except KeyError:
            known = ", ".join(f"{each.src} {each.sym}" for each in self._instruments)
            raise InputError(f"the bot is not subscribed to {src} {sym}; it is to {known}") from None

    # Bars

    def bars(self, src: str, sym: str, level: str) -> Bars:
        """The rolling candles of a market; kept up with every trade from the first time they are asked for."""
        bars = self._bars.get((src, sym, level))
        if bars is None:
            bars = self._bars[src, sym, level] = self.new_bars(src, sym, level)
            self._follow(self._code(src, sym) + 1, bars)
        if isinstance(bars, RecordedBars):
            bars.settle(self._seen() // NS_PER_MS)
        return bars

    def new_bars(self, src: str, sym: str, level: str) -> Bars:
        """Filled with what was handed out up to now: ended candles, then the minutes and trades of the one that grows."""
        code = self._code(src, sym) + 1
        history, seen_ms = self._histories[src], self._seen() // NS_PER_MS
        finest = history.finest(sym)
        start, minute = candle_bin(seen_ms, level), candle_bin(seen_ms, finest)
        is_recorded = sym in history.levels
        bars = RecordedBars(level, finest, partial(history.recorded, sym), start) if is_recorded else Bars(level)
        bars.extend(*history.candles(sym, level, start - WINDOW * level_ms(level), start))
        if isinstance(bars, RecordedBars):
            bars.settle(seen_ms)
        else:
            _add_minutes(bars, history.candles(sym, finest, start, minute))
        for time_ms, price, size in self._trades_since(code, minute):
            bars.add_trade(time_ms, price, size)
        return bars

    def _trades_since(self, code: int, minute_ms: int) -> list[tuple[int, float, float]]:
        """Those handed out of the minute at hand."""
        before = [trade for trade in self._minute.get(code, ()) if trade[0] >= minute_ms]
        part = self._part()
        trades = None if part is None else part.streams[code]
        if part is None or trades is None:
            return before
        count = part.count(code, self._replay.row)
        first = int(trades.time.searchsorted(minute_ms * NS_PER_MS))
        rows = zip(trades.time[first:count], trades[1][first:count], trades[2][first:count], strict=True)
        return before + [(int(time) // NS_PER_MS, float(price), float(size)) for time, price, size in rows]

    def _follow(self, code: int, bars: Bars) -> None:
        """Put the bars in front of the trade callback."""
        target = self._replay.targets[code]
        target.call = followed(target.call, bars)
        self._replay.interrupt()


def _add_minutes(bars: Bars, columns: list[list[Any]]) -> None:
    for time_ms, open_, high, low, close, volume in zip(*columns, strict=True):
        if volume:  # else it only repeats the close before
            for price, size in ((open_, volume), (high, 0.0), (low, 0.0), (close, 0.0)):
                bars.add_trade(time_ms, price, size)


def followed(callback: Callback | None, bars: Bars) -> Callback:
    """A trade callback that keeps bars before it calls the bot's."""

    def on_trade(src: str, sym: str, data: dict[str, Any]) -> None:
        bars.add_trade(data["time"], data["price"], data["size"])
        if callback is not None:
            callback(src, sym, data)

    return on_trade

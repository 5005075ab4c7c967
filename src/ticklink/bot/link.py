"""Link: the class every bot derives from, a thin facade over what its process provides (ports.Host)."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar, overload

from ticklink.bot import edge, intents, payload
from ticklink.bot.hooks import Cron
from ticklink.bot.trading import ExchangeCalls
from ticklink.model import candles
from ticklink.model.errors import InputError
from ticklink.ports import Bars, Bus, Host

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CALLBACKS = ("quote_update", "trade_update", "order_update", "fill_update", "position_update")
CANDLE_CALLBACKS = {f"candle_update_{level}": level for level in candles.LEVELS_MS}


class Fact(Generic[T]):
    """Like `property`, but a bot may use the name for an attribute of its own: bots older than the name do."""

    def __init__(self, read: "Callable[[Any], T]") -> None:
        self._read = read
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, bot: None, owner: type) -> "Fact[T]": ...
    @overload
    def __get__(self, bot: object, owner: type) -> T: ...
    def __get__(self, bot: object | None, owner: type) -> "T | Fact[T]":
        return self if bot is None else self._read(bot)


class Link(ExchangeCalls):
    """What a bot is: callbacks to override, the time, its markets, threads, messages, and the Exchange API."""

    _ticklink_cron: Cron | None = None
    _ticklink_threads: "dict[threading.Thread, None]"

    def __new__(cls, *_args: Any, **_kwargs: Any) -> "Link":
        if cls._ticklink_host is None:
            raise InputError(
                f"{cls.__name__} has nothing to run on: a bot is not constructed by hand, "
                "but run with `ticklink run` or `ticklink backtest`"
            )
        bot = super().__new__(cls)
        bot._ticklink_threads = {}
        return bot

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Wires the bot: its callbacks may be called from here on."""
        if self._ticklink_cron is not None:
            self._ticklink_cron.bind(self)
        self._host.attach(self)

    # ---- callbacks: a bot overrides what it needs; candle_update_<level>(self, src, sym, bars) too ----

    def on_start(self) -> None:
        """Once, in the main thread, after construction."""

    def quote_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        """{bid: [price, size], ask: [price, size], time}"""

    def trade_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        """{side, price, size, time}; the side is the taker's."""

    def order_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        """{venue, side, order_price, order_size, remain_size, order_type, time, order_id, info, ...}"""

    def fill_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        """{venue, side, fill_price, fill_size, order_type, time, order_id, trade_id, info, ...}"""

    def position_update(self, src: str, sym: str, data: dict[str, Any]) -> None:
        """{venue, pos_size, mark_price, entry_price, liq_price, time, info}"""

    # ---- the time ----

    @Fact
    def now(self) -> datetime:
        """The current time, UTC, timezone-aware."""
        return EPOCH + timedelta(microseconds=self._host.clock.now_ns() // 1000)

    @Fact
    def unix_now(self) -> int:
        """Seconds since 1970."""
        return self._host.clock.now_ns() // 1_000_000_000

    @Fact
    def epoch_now(self) -> int:
        """Milliseconds since 1970."""
        return self._host.clock.now_ns() // 1_000_000

    @Fact
    def second(self) -> float:
        """Seconds since the start of the minute, to the microsecond."""
        return self._host.clock.now_ns() // 1000 % 60_000_000 / 1e6

    @Fact
    def iso_now(self) -> str:
        """The current time in ISO 8601, UTC: `2023-09-29T19:42:26.768000+00:00`."""
        return (EPOCH + timedelta(microseconds=self._host.clock.now_ns() // 1000)).isoformat()

    def candle_bin(self, value: float, level: str, ceil: bool = False) -> int:
        """Epoch ms rounded down to the start of its candle, or up with `ceil`."""
        return candles.candle_bin(value, level, ceil=ceil)

    def time_range(self, start: float, end: float, level: str, include_start: bool = True) -> list[int]:
        """Epoch ms from `start` to `end`, both included, a level apart."""
        return candles.time_range(start, end, level, include_start=include_start)

    # ---- threads ----

    @Fact
    def background_threads(self) -> dict[int, str]:
        """Live threads started by `create_thread` and `delay_thread`: {id: name}."""
        threads = tuple(self._ticklink_threads)
        return {thread.ident: thread.name for thread in threads if thread.ident is not None and thread.is_alive()}

    def create_thread(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Run `target` on a thread of its own. What it raises is logged."""
        self._start_thread(target, lambda: edge.call(target, *args, **kwargs))

    def delay_thread(self, interval: float, target: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Run `target` on a thread of its own after `interval` seconds. What it raises is logged."""

        def run() -> None:
            time.sleep(max(interval, 0))
            edge.call(target, *args, **kwargs)

        self._start_thread(target, run)

    def _start_thread(self, target: Callable[..., Any], run: Callable[[], Any]) -> None:
        if not callable(target):
            raise InputError(f"a thread needs something to call as target, not {target!r}")

        def run_and_forget() -> None:
            try:
                run()
            finally:
                del self._ticklink_threads[thread]

        # looked up at each call: a backtest puts threads of virtual time in this place
        thread = threading.Thread(target=run_and_forget, name=edge.name_of(target), daemon=True)
        self._ticklink_threads[thread] = None
        thread.start()

    # ---- venues and markets ----

    @Fact
    def venues(self) -> dict[str, dict[str, str]]:
        """{name: {id, kind: 'real' | 'paper', name, src}}"""
        return self._host.market.venues()

    @Fact
    def market_streams(self) -> dict[str, list[str]]:
        """{src: [sym]}: what the bot is subscribed to."""
        return self._host.market.market_streams()

    @Fact
    def instruments(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{src: {sym: the venue's native instrument row}}"""
        return self._host.market.instruments()

    @Fact
    def health(self) -> dict[str, list[dict[str, Any]]]:
        """{public: [{src, live, ...}], private: [{venue, live, ...}]}"""
        return self._host.market.health()

    @Fact
    def quotes(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{src: {sym: the latest quote}}, without the markets that had none yet."""
        market = self._host.market
        return _latest(market.market_streams(), market.last_quote)

    @Fact
    def trades(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{src: {sym: the latest trade}}, without the markets that had none yet."""
        market = self._host.market
        return _latest(market.market_streams(), market.last_trade)

    def last_quote(self, src: str, sym: str, key: str | None = None) -> Any:
        """The latest quote, or one field of it; None if there was none yet."""
        return _field(self._host.market.last_quote(src, sym), key)

    def last_trade(self, src: str, sym: str, key: str | None = None) -> Any:
        """The latest trade, or one field of it; None if there was none yet."""
        return _field(self._host.market.last_trade(src, sym), key)

    def get_bars(self, src: str, sym: str, level: str) -> Bars:
        """The last 360 candles of a market."""
        candles.level_ms(level)
        return self._host.market.bars(src, sym, level)

    # ---- messages ----

    def publish(self, topic: str, data: Any = None) -> None:
        """Send {"type": topic, "data": data} to whoever watches the bot's stream."""
        self._host.bus.publish(_topic(topic, "publish"), payload.encode(data, f"publish({topic!r})"))

    def signal(self, src: str, sym: str, **intents_given: Any) -> None:
        """Record and publish an intent: one of size (-1..1), mid, bid, ask, quote ([bid, ask]); None withdraws it."""
        self._host.bus.signal(src, sym, intents.checked(src, sym, intents_given))

    @Fact
    def redis(self) -> "Channel":
        """Messages between a user's bots: `publish(topic, data)` and `subscribe({topic: handler})`."""
        return Channel(self._host.bus)

    def stop_trading(self, msg: str | None = None) -> None:
        """End the run."""
        self._host.stop(msg)

    @property
    def _host(self) -> Host:
        host = self._ticklink_host
        assert host is not None  # __new__ saw to it
        return host


class Channel:
    """Messages between a user's bots, as JSON."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def publish(self, topic: str, data: Any = None) -> None:
        """Send `data` to every bot that subscribed to the topic."""
        self._bus.broadcast(_topic(topic, "redis.publish"), payload.encode(data, f"redis.publish({topic!r})"))

    def subscribe(self, handlers: Mapping[str, Callable[[Any], Any]]) -> None:
        """Call a topic's handler with each message's data. What it raises is logged."""
        for topic, handler in handlers.items():
            _topic(topic, "redis.subscribe")
            if not callable(handler):
                raise InputError(f"redis.subscribe: the handler of {topic!r} is not a function but {handler!r}")
        self._bus.listen({topic: _guarded(handler) for topic, handler in handlers.items()})


def overridden(bot: Link) -> set[str]:
    """The callbacks a bot defines, `on_start` and `candle_update_<level>` too; attributes set at run time count."""
    names = (*CALLBACKS, "on_start", *CANDLE_CALLBACKS)
    return {name for name in names if _is_own(bot, name)}


def _is_own(bot: Link, name: str) -> bool:
    method = getattr(bot, name, None)
    return callable(method) and getattr(method, "__func__", method) is not getattr(Link, name, None)


def _guarded(handler: Callable[[Any], Any]) -> Callable[[Any], None]:
    def handle(data: Any) -> None:
        edge.call(handler, data)

    return handle


def _latest(
    streams: dict[str, list[str]], last: Callable[[str, str], dict[str, Any] | None]
) -> dict[str, dict[str, dict[str, Any]]]:
    return {src: {sym: event for sym in syms if (event := last(src, sym)) is not None} for src, syms in streams.items()}


def _field(event: dict[str, Any] | None, key: str | None) -> Any:
    if event is None or key is None:
        return event
    if key not in event:
        raise InputError(f"there is no field {key!r} here; there are {', '.join(event)}")
    return event[key]


def _topic(topic: str, call: str) -> str:
    if not isinstance(topic, str) or not topic:
        raise InputError(f"{call}: a topic is a text that is not empty, not {topic!r}")
    return topic

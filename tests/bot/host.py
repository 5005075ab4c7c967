"""A host in memory: a clock that stands, one market, an exchange that answers what it is told to and keeps what it is asked."""

from collections.abc import Callable, Mapping
from typing import Any

from ticklink.bot.link import Link
from ticklink.clock import VirtualClock
from ticklink.model.bars import Bars
from ticklink.model.requests import Failure, RateLimits, Reply, Request

SRC, SYM, VENUE = "bitmex", "XBTUSD", "BitMEX"
NOW_NS = 1_696_016_546_768_123_456
"""2023-09-29 19:42:26.768123456 UTC"""


class MemoryExchange:
    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.data: Any = None
        self.failure: Failure | None = None
        self.venue_id: str | None = None

    def request(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply(SRC, request.venue, self.data, self.failure, RateLimits(118, 1_696_016_600), self.venue_id)


class MemoryMarket:
    def __init__(self) -> None:
        self.quote: dict[str, Any] | None = {"bid": [26900.0, 1000.0], "ask": [26900.5, 2000.0], "time": 1}
        self.trade: dict[str, Any] | None = {"side": "Buy", "price": 26900.5, "size": 100.0, "time": 2}
        self.held: dict[tuple[str, str, str], Bars] = {}

    def venues(self) -> dict[str, dict[str, str]]:
        return {VENUE: {"id": "7", "kind": "paper", "name": VENUE, "src": SRC}}

    def market_streams(self) -> dict[str, list[str]]:
        return {SRC: [SYM, "ETHUSD"]}

    def instruments(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {SRC: {SYM: {"symbol": SYM, "tickSize": 0.5}}}

    def last_quote(self, src: str, sym: str) -> dict[str, Any] | None:
        return self.quote if (src, sym) == (SRC, SYM) else None

    def last_trade(self, src: str, sym: str) -> dict[str, Any] | None:
        return self.trade if (src, sym) == (SRC, SYM) else None

    def bars(self, src: str, sym: str, level: str) -> Bars:
        return self.held.setdefault((src, sym, level), Bars(level))

    def health(self) -> dict[str, list[dict[str, Any]]]:
        return {"public": [{"src": SRC, "live": True}], "private": [{"venue": VENUE, "live": False}]}


class MemoryBus:
    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []
        self.signals: list[tuple[str, str, dict[str, Any]]] = []
        self.broadcasts: list[tuple[str, bytes]] = []
        self.handlers: dict[str, Callable[[Any], None]] = {}

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append((topic, payload))

    def signal(self, src: str, sym: str, intents: Mapping[str, Any]) -> None:
        self.signals.append((src, sym, dict(intents)))

    def broadcast(self, topic: str, payload: bytes) -> None:
        self.broadcasts.append((topic, payload))

    def listen(self, handlers: Mapping[str, Callable[[Any], None]]) -> None:
        self.handlers.update(handlers)


class MemoryHost:
    def __init__(self) -> None:
        self.clock = VirtualClock(NOW_NS)
        self.exchange = MemoryExchange()
        self.market = MemoryMarket()
        self.bus = MemoryBus()
        self.attached: list[Any] = []
        self.stopped: list[str | None] = []

    def attach(self, bot: Any) -> None:
        self.attached.append(bot)

    def stop(self, message: str | None) -> None:
        self.stopped.append(message)


def construct(bot_class: type[Link], host: MemoryHost, *args: Any, **kwargs: Any) -> Any:
    """A bot on a host, as the loader and a bot's process make one."""
    bot_class._ticklink_host = host
    return bot_class(*args, **kwargs)

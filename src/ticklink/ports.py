"""The seams on one screen: what a mode (backtest, paper, live) replaces, it replaces here."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ticklink.model.requests import Reply, Request


class Clock(Protocol):
    """What time it is. Nothing else in ticklink reads the time."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970 UTC."""
        ...


class Exchange(Protocol):
    """Where a bot's requests go. Called from any of the bot's threads; blocks until there is an answer."""

    def request(self, request: Request) -> Reply: ...


class Bars(Protocol):
    """A market's last 360 candles: what `ticklink.model.bars.Bars` is.

    Named here by its shape, so that who imports the seams (a bot's start, `ticklink check`) does not wait for numpy.
    """

    @property
    def level(self) -> str: ...

    @property
    def opens(self) -> Any: ...

    @property
    def highs(self) -> Any: ...

    @property
    def lows(self) -> Any: ...

    @property
    def closes(self) -> Any: ...

    @property
    def volumes(self) -> Any: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> dict[str, Any]: ...


class MarketView(Protocol):
    """What a bot can see of its markets without asking a venue. Shapes are those of docs/bot-api.md."""

    def venues(self) -> dict[str, dict[str, str]]:
        """{name: {id, kind: 'real' | 'paper', name, src}}"""
        ...

    def market_streams(self) -> dict[str, list[str]]:
        """{src: [sym]}: what the bot is subscribed to."""
        ...

    def instruments(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{src: {sym: the venue's native instrument row}}"""
        ...

    def last_quote(self, src: str, sym: str) -> dict[str, Any] | None: ...

    def last_trade(self, src: str, sym: str) -> dict[str, Any] | None: ...

    def bars(self, src: str, sym: str, level: str) -> Bars: ...

    def health(self) -> dict[str, list[dict[str, Any]]]:
        """{public: [{src, live, ...}], private: [{venue, live, ...}]}"""
        ...


class Bus(Protocol):
    """What a bot sends beside orders. Payloads are JSON already: what JSON cannot carry has been refused."""

    def publish(self, topic: str, payload: bytes) -> None:
        """To whoever watches the bot's private stream."""
        ...

    def signal(self, src: str, sym: str, intents: Mapping[str, Any]) -> None:
        """Record a signal bot's intent."""
        ...

    def broadcast(self, topic: str, payload: bytes) -> None:
        """To the user's other bots."""
        ...

    def listen(self, handlers: Mapping[str, Callable[[Any], None]]) -> None:
        """Call a handler with the decoded payload of each broadcast of its topic."""
        ...


class Host(Protocol):
    """What a bot's process gives its bot. `Link` is a facade over it."""

    @property
    def clock(self) -> Clock: ...

    @property
    def exchange(self) -> Exchange: ...

    @property
    def market(self) -> MarketView: ...

    @property
    def bus(self) -> Bus: ...

    def attach(self, bot: Any) -> None:
        """The bot is wired: its callbacks may be called from now on."""
        ...

    def stop(self, message: str | None) -> None:
        """End the run at the bot's own wish (`Link.stop_trading`)."""
        ...

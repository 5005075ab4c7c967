"""Outbox: what a bot says in a backtest: published messages, signals, messages between bots, its log and what it prints."""

import io
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ticklink.backtest.result import LogLine, Published, Signal

NS_PER_MS = 1_000_000
MOST_LINES = 100_000
"""Log lines kept; the rest are counted."""

MOST_TRACEBACKS = 10
"""Tracebacks written of errors from the same line."""

bot_logger = logging.getLogger("ticklink.bot")


class Outbox(logging.Handler):
    """ports.Bus of a backtest, and the handler of its process's log. Everything carries the time of the virtual clock."""

    def __init__(self, now_ns: Callable[[], int], post: Callable[..., None]) -> None:
        super().__init__(logging.INFO)
        self.log: list[LogLine] = []
        self.left_out = 0
        self.published: list[Published] = []
        self.signals: list[Signal] = []
        self.trace: Callable[[BaseException], str] = full_trace
        """How an exception is written in the log."""
        self._now_ns, self._post = now_ns, post
        self._errors: Counter[tuple[Any, ...]] = Counter()
        self._handlers: dict[str, list[Callable[[Any], None]]] = {}

    # ports.Bus

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append(Published(self._now_ms(), topic, msgspec.json.decode(payload)))

    def signal(self, src: str, sym: str, intents: Mapping[str, Any]) -> None:
        self.signals.append(Signal(self._now_ms(), src, sym, dict(intents)))

    def broadcast(self, topic: str, payload: bytes) -> None:
        """The bot is alone in a backtest: only what it subscribed to itself arrives, after the callback at hand."""
        for handler in self._handlers.get(topic, ()):
            self._post(self._now_ns(), handler, msgspec.json.decode(payload))

    def listen(self, handlers: Mapping[str, Callable[[Any], None]]) -> None:
        for topic, handler in handlers.items():
            self._handlers.setdefault(topic, []).append(handler)

    # The log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a format and arguments that do not fit, or a message that cannot be a text
            message = str(record.msg)
        if record.exc_info and record.exc_info[1] is not None:
            message += "\n" + self._traced(record.exc_info[1])
        self.write(record.levelname, message)

    def _traced(self, error: BaseException) -> str:
        """The traceback, the first times that an error comes from a line; then only what it says."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        key = (type(error), place.tb_frame.f_code if place else None, place.tb_lineno if place else 0)
        self._errors[key] += 1
        if self._errors[key] > MOST_TRACEBACKS:
            return f"{type(error).__name__}: {error} (the same line as before)"
        return self.trace(error).rstrip()

    def write(self, level: str, message: str) -> None:
        """One entry of the run's log."""
        if len(self.log) < MOST_LINES:
            self.log.append(LogLine(self._now_ms(), level, message))
        else:
            self.left_out += 1

    def lines(self) -> list[LogLine]:
        """The log, with a last line that says what was left out."""
        if not self.left_out:
            return self.log
        return [
            *self.log,
            LogLine(self._now_ms(), "WARNING", f"{self.left_out} more lines were logged and are left out"),
        ]

    def _now_ms(self) -> int:
        return self._now_ns() // NS_PER_MS


def full_trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


class Printed(io.TextIOBase):
    """Standard output of a bot: each line it prints becomes a line of its log."""

    def __init__(self, write: Callable[[str, str], None]) -> None:
        self._write, self._line = write, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._write("PRINT", line)
        return len(text)

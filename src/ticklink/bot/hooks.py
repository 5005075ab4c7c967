"""Hooks: `http` and `cron`, with which a bot marks the methods that webhooks and schedules call."""

import re
import threading
import time
from collections.abc import Callable
from inspect import CO_VARARGS
from typing import Any, TypeVar

import msgspec

from ticklink.bot import edge
from ticklink.bot.schedule import SECOND_NS, Schedule, next_run, parse
from ticklink.model.errors import InputError
from ticklink.ports import Clock

Method = TypeVar("Method", bound=Callable[..., Any])

ROUTE_NAME = re.compile(r"(get|post)_(\w+)")
ROUTE_MARK = "_ticklink_route"
JOB_MARK = "_ticklink_job"


class Route(msgspec.Struct, frozen=True):
    """A webhook: `GET .../balance` is answered by the bot's method `get_balance`."""

    http_method: str
    name: str
    handler: str


class Job(msgspec.Struct, frozen=True):
    """A scheduled method."""

    handler: str
    schedule: Schedule


class Http:
    """Webhooks: `@http.route` on methods get_<name>(self, data) and post_<name>(self, data)."""

    def route(self, method: Method) -> Method:
        """Let the web call this method. Its return value is the JSON response."""
        _demand_function(method, "@http.route")
        match = ROUTE_NAME.fullmatch(method.__name__)
        if match is None:
            raise InputError(
                f"@http.route is on {method.__name__}, but a route is named get_<name> or post_<name>, "
                f"such as get_{method.__name__.strip('_')}"
            )
        _demand_parameters(method, 2, "@http.route", "(self, data)")
        setattr(method, ROUTE_MARK, Route(match[1].upper(), match[2], method.__name__))
        return method


class Cron:
    """Schedules: `@cron.run(every=seconds | on='<level>' | expr='<cron expression>')` on a method taking only self.

    The jobs start by themselves once the bot is constructed, unless `cron.options['auto_start'] = False`; then
    `cron.start()` starts them. One object for each bot that is loaded.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.options: dict[str, Any] = {"auto_start": True}
        self._clock = clock
        self._bot: Any = None
        self._started = False

    def run(
        self, every: float | None = None, on: str | None = None, expr: str | None = None
    ) -> Callable[[Method], Method]:
        """Run the method at once after the start, then on schedule, each time on a thread of its own."""
        if callable(every):
            raise InputError(
                "@cron.run needs a schedule: @cron.run(every=60), @cron.run(on='15m') or @cron.run(expr=...)"
            )
        schedule = parse(every=every, on=on, expr=expr)

        def mark(method: Method) -> Method:
            _demand_function(method, "@cron.run")
            _demand_parameters(method, 1, "@cron.run", "(self)")
            setattr(method, JOB_MARK, Job(method.__name__, schedule))
            return method

        return mark

    def start(self, run_now: bool = True) -> None:
        """Start the bot's jobs, once; without `run_now` each waits for its first time on schedule."""
        if self._bot is None or self._clock is None:
            raise InputError("cron.start: there is no bot yet; call it after super().__init__()")
        if self._started:
            return
        self._started = True
        for job in jobs(type(self._bot)):
            self._start_job(job, run_now)

    def start_by_itself(self) -> None:
        """What the bot's process calls once the bot is constructed."""
        if self.options.get("auto_start", True):
            self.start()

    def bind(self, bot: Any) -> None:
        """The bot whose methods are run."""
        self._bot = bot

    def _start_job(self, job: Job, run_now: bool) -> None:
        assert self._clock is not None
        method, start_ns = getattr(self._bot, job.handler), self._clock.now_ns()
        if run_now:
            _run_once(method)
        _thread(lambda: self._keep_running(method, job.schedule, start_ns), f"cron {job.handler} schedule")

    def _keep_running(self, method: Callable[[], Any], schedule: Schedule, start_ns: int) -> None:
        assert self._clock is not None
        due_ns = next_run(schedule, start_ns, start_ns)
        while due_ns is not None:
            self._wait_until(due_ns)
            _run_once(method)
            due_ns = next_run(schedule, start_ns, max(due_ns, self._clock.now_ns()))

    def _wait_until(self, due_ns: int) -> None:
        """A sleep may end early where the machine's clock is set; the clock decides."""
        assert self._clock is not None
        while (remaining_ns := due_ns - self._clock.now_ns()) > 0:
            time.sleep(remaining_ns / SECOND_NS)


def routes(bot_class: type) -> list[Route]:
    """A bot's webhooks, by name."""
    return [getattr(method, ROUTE_MARK) for method in _marked(bot_class, ROUTE_MARK)]


def jobs(bot_class: type) -> list[Job]:
    """A bot's cron jobs, by name."""
    return [getattr(method, JOB_MARK) for method in _marked(bot_class, JOB_MARK)]


def _marked(bot_class: type, mark: str) -> list[Any]:
    methods = (getattr(bot_class, name) for name in dir(bot_class) if not name.startswith("__"))
    return [method for method in methods if hasattr(method, mark)]


def _run_once(method: Callable[[], Any]) -> None:
    _thread(lambda: edge.call(method), f"cron {method.__name__}")


def _thread(target: Callable[[], Any], name: str) -> None:
    # looked up at each call: a backtest puts threads of virtual time in this place
    threading.Thread(target=target, name=name, daemon=True).start()


def _demand_function(method: Any, decorator: str) -> None:
    if not hasattr(method, "__code__"):
        raise InputError(f"{decorator} goes on a method of the bot, not on {method!r}")


def _demand_parameters(method: Any, count: int, decorator: str, signature: str) -> None:
    code, defaults = method.__code__, len(method.__defaults__ or ())
    fits = code.co_argcount - defaults <= count and (count <= code.co_argcount or bool(code.co_flags & CO_VARARGS))
    missing = code.co_kwonlyargcount > len(method.__kwdefaults__ or ())
    if not fits or missing:
        raise InputError(f"{decorator}: {method.__name__} has to take {signature}")

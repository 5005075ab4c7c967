"""Puts the standard library on a scheduler's clock, for good: `time`, `datetime`, `threading`, `queue`, `asyncio`.

`install` runs once, in the process of one backtest, before the bot's file is imported. A bot then runs unchanged: it
reads virtual time, and where it would wait the scheduler lets others run. What was imported earlier and bound a
function by name (`from time import sleep`) is found and rebound; `docs/virtual-time.md` lists what cannot be.
"""

import _thread
import ctypes
import datetime
import gc
import sched
import subprocess
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from ticklink.backtest.scheduler import Scheduler
from ticklink.backtest.virtual_asyncio import install_event_loop
from ticklink.backtest.virtual_threads import (
    SECOND_NS,
    ThreadCalls,
    adopt_threads,
    replace_library_locks,
)

UPTIME_NS = 1_000 * SECOND_NS
"""What `time.monotonic` says when the backtest starts."""


class RealTime(NamedTuple):
    """The machine's own clock, for what a backtest does outside the simulated world, such as timing itself."""

    time: Callable[[], float]
    monotonic: Callable[[], float]
    perf_counter: Callable[[], float]
    sleep: Callable[[float], None]


REAL = RealTime(time=time.time, monotonic=time.monotonic, perf_counter=time.perf_counter, sleep=time.sleep)


def install(scheduler: Scheduler) -> None:
    """Replaces clocks, threads and waits in this process. Called by the scheduler's feed; cannot be undone."""
    clock = VirtualClockCalls(scheduler)
    substitutes = _substitute(time, clock.replacements()) + _substitute(_thread, ThreadCalls(scheduler).replacements())
    _rebind(substitutes)
    _keep_real(subprocess)
    adopt_threads(scheduler)
    replace_library_locks()
    sched.scheduler.__init__.__defaults__ = (time.monotonic, time.sleep)
    _set_datetime(clock)
    install_event_loop(scheduler)


class VirtualClockCalls:
    """The functions of `time` that read a clock or wait, for one scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._booted_ns = scheduler.now_ns - UPTIME_NS

    def replacements(self) -> dict[str, Any]:
        """By name in `time`."""
        return {
            "time": self.time,
            "time_ns": self._scheduler.current_ns,
            "monotonic": self.monotonic,
            "monotonic_ns": self.monotonic_ns,
            "perf_counter": self.monotonic,
            "perf_counter_ns": self.monotonic_ns,
            "clock_gettime": self.clock_gettime,
            "clock_gettime_ns": self.clock_gettime_ns,
            "sleep": self.sleep,
            "localtime": self._by_default_now(time.localtime),
            "gmtime": self._by_default_now(time.gmtime),
            "ctime": self._by_default_now(time.ctime),
            "asctime": self._by_default_local(time.asctime),
            "strftime": self._by_default_local(time.strftime),
        }

    def _by_default_now(self, convert: Callable[[float], Any]) -> Callable[..., Any]:
        def convert_seconds(seconds: float | None = None, /) -> Any:
            return convert(self._scheduler.current_ns() // SECOND_NS if seconds is None else seconds)

        return convert_seconds

    def _by_default_local(self, form: Callable[..., Any]) -> Callable[..., Any]:
        real_localtime = time.localtime

        def form_moment(*args: Any) -> Any:
            has_moment = bool(args) and not isinstance(args[-1], str)
            return form(*args) if has_moment else form(*args, real_localtime(self._scheduler.current_ns() // SECOND_NS))

        return form_moment

    def time(self) -> float:
        return self._scheduler.current_ns() / SECOND_NS

    def monotonic(self) -> float:
        return (self._scheduler.current_ns() - self._booted_ns) / SECOND_NS

    def monotonic_ns(self) -> int:
        return self._scheduler.current_ns() - self._booted_ns

    def sleep(self, seconds: float, /) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        scheduler = self._scheduler
        if seconds == 0:
            scheduler.yield_now()
        else:
            scheduler.sleep_until(scheduler.current_ns() + (round(seconds * SECOND_NS) or 1))

    def clock_gettime(self, clock_id: int, /) -> float:
        return self.clock_gettime_ns(clock_id) / SECOND_NS

    def clock_gettime_ns(self, clock_id: int, /) -> int:
        now_ns = self._scheduler.current_ns()
        return now_ns if clock_id in _EPOCH_CLOCKS else now_ns - self._booted_ns

    def datetime_now(self, kind: type[datetime.datetime], zone: datetime.tzinfo | None = None) -> datetime.datetime:
        seconds, fraction_ns = divmod(self._scheduler.current_ns(), SECOND_NS)
        return kind.fromtimestamp(seconds, zone).replace(microsecond=fraction_ns // 1_000)

    def datetime_utcnow(self, kind: type[datetime.datetime]) -> datetime.datetime:
        return self.datetime_now(kind, datetime.UTC).replace(tzinfo=None)


_EPOCH_CLOCKS = {
    getattr(time, name) for name in ("CLOCK_REALTIME", "CLOCK_REALTIME_COARSE", "CLOCK_TAI") if hasattr(time, name)
}

_Substitutes = list[tuple[object, object]]


def _substitute(module: ModuleType, replacements: dict[str, Any]) -> _Substitutes:
    """Replaces those of the names that the module has; gives (real, virtual) for each."""
    present = {name: virtual for name, virtual in replacements.items() if hasattr(module, name)}
    substitutes = [(getattr(module, name), virtual) for name, virtual in present.items()]
    vars(module).update(present)
    return substitutes


def _rebind(substitutes: _Substitutes) -> None:
    """Finds what loaded modules bound by name, such as `threading._time`, and binds it to the virtual function."""
    by_identity = {id(real): virtual for real, virtual in substitutes}
    for path, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and not f"{path}.".startswith(_KEEP_REAL):
            names = vars(module)
            for name, value in list(names.items()):
                if id(value) in by_identity:
                    names[name] = by_identity[id(value)]


_KEEP_REAL = ("ticklink.backtest.", "subprocess.", "multiprocessing.", "_thread.", "time.")


def _keep_real(module: ModuleType) -> None:
    """Other processes run in real time, so waiting for them does too; it takes no virtual time."""
    vars(module)["time"] = SimpleNamespace(**{**vars(time), **REAL._asdict()})


def _set_datetime(clock: VirtualClockCalls) -> None:
    """`now` and `utcnow` are changed in the class itself, which Python does not offer.

    The class that C code creates, pickles name, type checks compare with and other modules imported long ago must
    stay the one and only; a subclass is not. `today` needs nothing: it asks `time.time`.
    """
    methods = gc.get_referents(datetime.datetime.__dict__)[0]
    methods["now"] = classmethod(lambda kind, tz=None: clock.datetime_now(kind, tz))
    methods["utcnow"] = classmethod(lambda kind: clock.datetime_utcnow(kind))
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))

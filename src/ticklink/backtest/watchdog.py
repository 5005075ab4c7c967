"""Notices a bot that does what virtual time cannot cover: it never gives way, or it reaches outside the process."""

import faulthandler
import signal
import sys
import time
import traceback
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from ticklink.backtest.carriers import Place, bot_place
from ticklink.backtest.scheduler import Scheduler

GRACE_S = 3.0
DEAF_FACTOR = 6
_SIGNAL = signal.SIGUSR2
_STDERR = 2  # whatever sys.stderr has been replaced with
_real_monotonic = time.monotonic


class Stalled(BaseException):
    """A thread of the bot has run for too long in real time without giving way.

    Not an `Exception`, so that a bot's `except Exception` does not take it for one of its own.
    """

    def __init__(self, thread: str, place: Place, stack: str, patience_s: float) -> None:
        super().__init__(
            f'the thread "{thread}" has been busy at {place} for {patience_s:g} real seconds without giving way. '
            "A loop that waits must sleep or wait for an event, and a call must not block for real."
        )
        self.thread = thread
        self.file = place.file
        self.line = place.line
        self.stack = stack


class Watchdog:
    """Watches, from a real thread, that a backtest gets on; use as a context manager on the main OS thread.

    Progress is a switch between threads, a step of the clock, or a change of what `progress` returns (a count the
    feed keeps anyway); nothing has to be told of it. After `patience_s` without any, `Stalled` is raised where the
    bot is busy, and in the feed should the bot swallow it. Code that does not come back to Python has `grace_s`
    more; then `last_resort` is called, on the watching thread, and is expected to leave the process. Should even that
    be impossible because the code keeps the interpreter to itself, Python's stack goes to stderr and the process ends.

    For the greenlet back end.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        progress: Callable[[], object] = lambda: None,
        last_resort: Callable[[Stalled], None],
        patience_s: float = 5.0,
        grace_s: float = GRACE_S,
    ) -> None:
        self._scheduler = scheduler
        self._progress = progress
        self._last_resort = last_resort
        self._patience_s = patience_s
        self._grace_s = grace_s
        self._os_ident = get_ident()
        self._leave = allocate_lock()
        self._left = allocate_lock()
        self._pauses = 0
        self._stalled: Stalled | None = None
        self._former_handler: Any = None

    def __enter__(self) -> "Watchdog":
        self._former_handler = signal.signal(_SIGNAL, self._interrupt)
        self._leave.acquire()
        self._left.acquire()
        self._arm_deaf_end()
        start_new_thread(self._watch, ())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.release()
        self._left.acquire()
        signal.signal(_SIGNAL, self._former_handler)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For work that is not the bot's, such as writing a report."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1

    def _watch(self) -> None:
        try:
            self._watch_until_left()
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._left.release()

    def _watch_until_left(self) -> None:
        seen: object = None
        since_s = _real_monotonic()
        while not self._leave.acquire(True, min(1.0, self._patience_s / 5)):
            self._arm_deaf_end()
            state = (self._scheduler.switches, self._scheduler.current_ns(), self._progress())
            if self._pauses or state != seen:
                seen, since_s, self._stalled = state, _real_monotonic(), None
                continue
            waited_s = _real_monotonic() - since_s
            if self._stalled is None and waited_s >= self._patience_s:
                self._stalled = self._examine()
                signal.pthread_kill(self._os_ident, _SIGNAL)
            elif self._stalled is not None and waited_s >= self._patience_s + self._grace_s:
                self._last_resort(self._stalled)
                self._leave.acquire()
                return

    def _arm_deaf_end(self) -> None:
        faulthandler.dump_traceback_later(DEAF_FACTOR * self._patience_s + self._grace_s, exit=True, file=_STDERR)

    def _examine(self) -> Stalled:
        thread = self._scheduler.current
        frame = thread.frame() or sys._current_frames()[self._os_ident]
        stack = "".join(traceback.format_stack(frame))
        return Stalled(thread.name, bot_place(frame), stack, self._patience_s)

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._stalled is not None and not self._pauses:
            self._scheduler.fail(self._stalled)
            raise self._stalled


_REAL_CALLS = {
    "socket.connect": "a network connection",
    "subprocess.Popen": "another program",
    "os.system": "another program",
    "os.posix_spawn": "another program",
    "os.fork": "another process",
    "os.forkpty": "another process",
}


def report_real_calls(on_real_call: Callable[[str, str, int], None]) -> None:
    """Calls `on_real_call(what, file, line)` for each place that reaches outside the process; once for each.

    Such a call happens for real and takes no virtual time. Lasts for the life of the process.
    """
    reported: set[tuple[str, Place]] = set()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        what = _REAL_CALLS.get(event)
        if what is None:
            # multiprocessing loads the module for its way of starting a process when it starts the first
            if event != "import" or not str(args[0]).startswith("multiprocessing.popen_"):
                return
            what = "another process"
        place = bot_place(sys._getframe(1))
        if (what, place) not in reported:
            reported.add((what, place))
            on_real_call(what, place.file, place.line)

    sys.addaudithook(hook)

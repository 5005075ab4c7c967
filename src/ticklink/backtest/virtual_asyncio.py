"""An asyncio event loop without sockets, whose waits are waits of the simulated world."""

import asyncio
import errno
import selectors
import sys
import threading
import time
from asyncio import events
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn

from ticklink.backtest.carriers import VirtualThread
from ticklink.backtest.scheduler import Scheduler
from ticklink.backtest.virtual_threads import as_duration_ns

POLLS_IN_A_ROW = 100


def install_event_loop(scheduler: Scheduler) -> None:
    """Makes every loop that asyncio creates a virtual one. Needs virtual threads in place."""

    class Local(threading.local):  # as asyncio's own, which is kept once per OS thread
        _loop = None
        _set_called = False

    loop_type = type("VirtualEventLoop", (VirtualEventLoop,), {"_scheduler": scheduler})
    policy: Any = asyncio.DefaultEventLoopPolicy
    policy._loop_factory = loop_type
    policy._Local = Local
    module: Any = asyncio
    module.SelectorEventLoop = loop_type
    module.EventLoop = loop_type
    events._lock = threading.Lock()  # type: ignore[attr-defined]
    asyncio.set_event_loop_policy(None)


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """asyncio's loop, waiting in the scheduler for timers and for calls from other threads."""

    _scheduler: ClassVar[Scheduler]
    _selector: "_Waiter"

    def __init__(self) -> None:
        super().__init__(_Waiter(self._scheduler))

    def time(self) -> float:
        return time.monotonic()

    def run_forever(self) -> None:
        thread = self._scheduler.current
        outer, thread.leave = thread.leave, _set_loop_aside
        try:
            super().run_forever()
        finally:
            thread.leave = outer

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:  # type: ignore[override]
        """Does nothing: no signal reaches a bot in a backtest."""

    def remove_signal_handler(self, sig: int) -> bool:
        return False

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        pass

    def _write_to_self(self) -> None:
        if self._selector is not None:
            self._selector.wake()


def _set_loop_aside() -> Callable[[], None]:
    """asyncio keeps the running loop, and Python the hooks for async generators, once per OS thread."""
    loop = asyncio._get_running_loop()
    hooks = sys.get_asyncgen_hooks()
    asyncio._set_running_loop(None)
    sys.set_asyncgen_hooks(None, None)

    def put_back() -> None:
        asyncio._set_running_loop(loop)
        sys.set_asyncgen_hooks(*hooks)

    return put_back


class _Waiter(selectors.BaseSelector):
    """A selector that has nothing to select from: it waits for time or for `wake`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._sleeping: VirtualThread | None = None
        self._is_woken = False
        self._polls = 0

    def wake(self) -> None:
        if self._sleeping is None:
            self._is_woken = True
        else:
            self._scheduler.wake(self._sleeping)
            self._sleeping = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            self._poll()
        elif not self._is_woken:
            self._polls = 0
            self._sleep(None if timeout is None else as_duration_ns(timeout))
        self._is_woken = False
        return []

    def _sleep(self, timeout_ns: int | None) -> None:
        self._sleeping = self._scheduler.current
        try:
            self._scheduler.wait(timeout_ns)
        finally:
            self._sleeping = None

    def _poll(self) -> None:
        # A coroutine that loops over `await asyncio.sleep(0)` keeps its loop busy: let others run now and then.
        self._polls += 1
        if self._polls >= POLLS_IN_A_ROW:
            self._scheduler.yield_now()

    def register(self, fileobj: Any, events: int, data: Any = None) -> NoReturn:
        raise OSError(errno.ENETUNREACH, "a backtest has no network: asyncio cannot wait for sockets or pipes in it")

    def unregister(self, fileobj: Any) -> NoReturn:
        raise KeyError(f"{fileobj!r} is not registered")

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}

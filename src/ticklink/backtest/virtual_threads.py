"""What `threading`, `queue` and `_thread` become in a backtest: threads, locks and waits of the simulated world."""

import _threading_local
import logging
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import thread as futures_thread
from types import TracebackType
from typing import Any, ClassVar

from ticklink.backtest.carriers import VirtualThread
from ticklink.backtest.scheduler import MAIN_IDENT, Scheduler, Stop

SECOND_NS = 1_000_000_000


def as_duration_ns(seconds: float) -> int:
    """Nanoseconds, to the nearest; a duration above nought never becomes nought."""
    return round(seconds * SECOND_NS) or (1 if seconds > 0 else 0)


class VirtualLock:
    """A `threading.Lock` whose waiters get it in the order in which they came."""

    __slots__ = ("__weakref__", "_is_locked", "_waiters")
    _scheduler: ClassVar[Scheduler]

    def __init__(self) -> None:
        self._is_locked = False
        self._waiters: deque[VirtualThread] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if timeout != -1:
            _check_timeout(blocking, timeout)
        if not self._is_locked:
            self._is_locked = True
            return True
        if not blocking or timeout == 0:
            return False
        return self._wait(None if timeout == -1 else as_duration_ns(timeout))

    def release(self) -> None:
        if not self._is_locked:
            raise RuntimeError("release unlocked lock")
        if self._waiters:
            self._scheduler.wake(self._waiters.popleft())
        else:
            self._is_locked = False

    def locked(self) -> bool:
        return self._is_locked

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "locked" if self._is_locked else "unlocked"
        return f"<{state} {type(self).__name__} object at {id(self):#x}>"

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _wait(self, timeout_ns: int | None) -> bool:
        thread = self._scheduler.current
        self._waiters.append(thread)
        try:
            self._scheduler.wait(timeout_ns)
        except BaseException:
            if thread.was_woken:
                self.release()
            raise
        finally:
            if not thread.was_woken:
                self._waiters.remove(thread)
        return thread.was_woken

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]


def _check_timeout(blocking: bool, timeout: float) -> None:
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > threading.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")


class VirtualHandle:
    """What Python 3.13 and later start and join a thread by."""

    _lock_type: ClassVar[type[VirtualLock]]

    def __init__(self, ident: int | None = None) -> None:
        self.ident = ident
        self._is_done = False
        self._running = self._lock_type()
        self._running.acquire()

    def is_done(self) -> bool:
        return self._is_done

    def join(self, timeout: float | None = None) -> None:
        if not self._is_done and self._running.acquire(True, -1 if timeout is None or timeout < 0 else timeout):
            self._running.release()

    def _set_done(self) -> None:
        if not self._is_done:
            self._is_done = True
            self._running.release()


class ThreadCalls:
    """The functions and types of `_thread`, for one scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.lock_type = type("lock", (VirtualLock,), {"__slots__": (), "_scheduler": scheduler})
        self.handle_type = type("_ThreadHandle", (VirtualHandle,), {"_lock_type": self.lock_type})

    def replacements(self) -> dict[str, Any]:
        """By name in `_thread`. Which of the names exist depends on Python's version."""
        recursive_lock = threading._PyRLock  # type: ignore[attr-defined]  # built on a lock and get_ident
        return {
            "allocate_lock": self.lock_type,
            "allocate": self.lock_type,
            "lock": self.lock_type,
            "LockType": self.lock_type,
            "RLock": recursive_lock,
            "get_ident": self.get_ident,
            "get_native_id": self.get_ident,
            "start_new_thread": self.start_new_thread,
            "start_new": self.start_new_thread,
            "start_joinable_thread": self.start_joinable_thread,
            "_set_sentinel": self.set_sentinel,
            "_ThreadHandle": self.handle_type,
            "_make_thread_handle": self.handle_type,
            "_get_main_thread_ident": lambda: MAIN_IDENT,
            "_local": _threading_local.local,
        }

    def get_ident(self) -> int:
        return self._scheduler.current.ident

    def start_new_thread(
        self,
        function: Callable[..., object],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> int:
        thread = self._scheduler.spawn(function, *args, name=_name_of(function), **(kwargs or {}))
        thread.on_exit = lambda: _forget_dummy(thread)
        return thread.ident

    def set_sentinel(self) -> VirtualLock:
        """A lock that is released when the calling thread ends."""
        sentinel: VirtualLock = self.lock_type()
        self._scheduler.current.on_exit = lambda: sentinel.release() if sentinel.locked() else None
        return sentinel

    def start_joinable_thread(
        self, function: Callable[[], object], handle: VirtualHandle | None = None, daemon: bool = True
    ) -> VirtualHandle:
        started: VirtualHandle = self.handle_type() if handle is None else handle
        thread = self._scheduler.spawn(function, name=_name_of(function))
        started.ident = thread.ident
        thread.on_exit = started._set_done
        return started


def _name_of(function: Callable[..., object]) -> str | None:
    thread = getattr(function, "__self__", None)
    return thread.name if isinstance(thread, threading.Thread) else None


def _forget_dummy(thread: VirtualThread) -> None:
    """`threading` keeps a stand-in for a thread that it did not start itself."""
    if isinstance(threading._active.get(thread.ident), threading._DummyThread):  # type: ignore[attr-defined]
        del threading._active[thread.ident]  # type: ignore[attr-defined]


def adopt_threads(scheduler: Scheduler) -> None:
    """Makes `threading` see the feed as a thread named "dispatch", and the bot's main thread as the main thread.

    Called by the feed, after the replacements are in place.
    """
    _threading_local.RLock = threading.RLock  # type: ignore[attr-defined]
    module: Any = threading
    module._active_limbo_lock = threading.RLock()
    module._shutdown_locks_lock = threading.Lock()
    module._shutdown = lambda: None  # the scheduler ends the threads; there is none to wait for
    module._DeleteDummyThreadOnDel = lambda thread: (
        None
    )  # _forget_dummy does it, and not in the interpreter's last moment
    module._make_invoke_excepthook = _quiet_at_end(module._make_invoke_excepthook, scheduler)
    main: Any = threading.main_thread()
    del module._active[main.ident]
    main._ident = main._native_id = MAIN_IDENT
    main._started = threading.Event()
    main._started.set()
    if hasattr(main, "_handle"):
        main._handle = module._ThreadHandle(MAIN_IDENT)
    else:
        main._tstate_lock = threading.Lock()
        main._tstate_lock.acquire()
    module._active[MAIN_IDENT] = main
    module._DummyThread().name = "dispatch"


_MakeHook = Callable[[], Callable[[Any], None]]


def _quiet_at_end(make_hook: _MakeHook, scheduler: Scheduler) -> _MakeHook:
    """A thread that ends with the backtest has not failed: no hook hears of it."""

    def make() -> Callable[[Any], None]:
        hook = make_hook()

        def invoke(thread: threading.Thread) -> None:
            error = sys.exc_info()[1]
            if not isinstance(error, Stop) and error is not scheduler.failure:
                hook(thread)

        return invoke

    return make


def replace_library_locks() -> None:
    """Locks that the standard library made when it was imported, and that a thread may hold while it waits."""
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[attr-defined, misc]
    futures_thread._global_shutdown_lock = threading.Lock()
    logging._lock = threading.RLock()  # type: ignore[attr-defined]
    for reference in logging._handlerList:  # type: ignore[attr-defined]
        handler = reference()
        if handler is not None and handler.lock is not None:
            handler.createLock()
    for name in ("concurrent.futures", "asyncio"):
        logging.getLogger(name).addFilter(_is_not_about_stop)


def _is_not_about_stop(record: logging.LogRecord) -> bool:
    return not (isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], Stop))

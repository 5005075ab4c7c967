"""What carries a virtual thread: a greenlet, or a real OS thread that waits for a baton. Both switch alike."""

import _thread
import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import greenlet  # type: ignore[import-untyped]

_start_os_thread = _thread.start_new_thread
_allocate_os_lock = _thread.allocate_lock
_os_ident = _thread.get_ident


class Place(NamedTuple):
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class VirtualThread:
    """A thread of the simulated world, as the scheduler sees it."""

    __slots__ = ("frame", "ident", "is_waiting", "leave", "name", "on_exit", "resume", "target", "timer", "was_woken")

    def __init__(self, ident: int, name: str, target: Callable[[], object]) -> None:
        self.ident = ident
        self.name = name
        self.target = target
        self.timer = 0
        """The number of the armed timer; 0 when none is."""
        self.is_waiting = False
        self.was_woken = False
        self.resume: Callable[[VirtualThread | None], object]
        """Lets this thread run. The argument is the thread that gives way; None when that one has ended."""
        self.frame: Callable[[], FrameType | None]
        self.leave: Callable[[], Callable[[], None]] | None = None
        """Called before giving way, for state kept once per OS thread; what it returns is called on coming back."""
        self.on_exit: Callable[[], None] | None = None

    def place(self) -> Place:
        """Where the thread is now: the innermost line of the bot's own code."""
        frame = self.frame()
        return bot_place(frame) if frame is not None else Place("not started", 0)

    def __repr__(self) -> str:
        return f"<VirtualThread {self.ident} {self.name!r}>"


class Greenlets:
    """All threads on one OS thread.

    A greenlet starts at the recursion depth of the one that starts it, and ends into its parent: the hub, at depth
    nought, does both for all.
    """

    def __init__(self, *, run: Callable[[VirtualThread], None], hand_on: Callable[[], None]) -> None:
        self._run = run
        self._hand_on = hand_on
        self._starting: greenlet.greenlet | None = None
        self._hub = greenlet.greenlet(self._serve)

    def adopt(self, thread: VirtualThread) -> None:
        fiber = greenlet.getcurrent()
        thread.resume = fiber.switch
        thread.frame = partial(_top_frame, fiber)

    def prepare(self, thread: VirtualThread) -> None:
        fiber = greenlet.greenlet(partial(self._run, thread), self._hub)
        thread.resume = partial(self._start, thread, fiber)
        thread.frame = partial(_top_frame, fiber)

    def _start(self, thread: VirtualThread, fiber: greenlet.greenlet, _leaving: VirtualThread | None) -> None:
        thread.resume = fiber.switch
        self._starting = fiber
        self._hub.switch()

    def _serve(self, *_: object) -> None:
        while True:
            if self._starting is None:
                self._hand_on()
            else:
                fiber, self._starting = self._starting, None
                fiber.switch()


def _top_frame(fiber: greenlet.greenlet) -> FrameType | None:
    return sys._getframe() if fiber is greenlet.getcurrent() else fiber.gr_frame


class Batons:
    """Each thread on an OS thread of its own, parked at its gate unless it holds the baton."""

    def __init__(self, *, run: Callable[[VirtualThread], None], hand_on: Callable[[], None]) -> None:
        self._run = run
        self._hand_on = hand_on
        self._gates: dict[VirtualThread, _thread.LockType] = {}

    def adopt(self, thread: VirtualThread) -> None:
        self._build_gate(thread)
        self._settle(thread)

    def prepare(self, thread: VirtualThread) -> None:
        self._build_gate(thread)
        thread.resume = partial(self._start, thread)
        thread.frame = lambda: None

    def _build_gate(self, thread: VirtualThread) -> None:
        self._gates[thread] = gate = _allocate_os_lock()
        gate.acquire()

    def _settle(self, thread: VirtualThread) -> None:
        os_ident = _os_ident()
        thread.resume = partial(self._pass_baton, self._gates[thread])
        thread.frame = lambda: sys._current_frames().get(os_ident)

    def _start(self, thread: VirtualThread, leaving: VirtualThread | None) -> None:
        _start_os_thread(self._live, (thread,))
        self._park(leaving)

    def _live(self, thread: VirtualThread) -> None:
        self._settle(thread)
        self._run(thread)
        del self._gates[thread]
        self._hand_on()

    def _pass_baton(self, gate: _thread.LockType, leaving: VirtualThread | None) -> None:
        gate.release()
        self._park(leaving)

    def _park(self, leaving: VirtualThread | None) -> None:
        if leaving is not None:
            self._gates[leaving].acquire()


def bot_place(frame: FrameType) -> Place:
    """The innermost line that is neither this package's, the standard library's nor an installed one's."""
    innermost = Place(frame.f_code.co_filename, frame.f_lineno)
    seen: FrameType | None = frame
    while seen is not None:
        file = seen.f_code.co_filename
        if not file.startswith(_FOREIGN):
            return Place(file, seen.f_lineno)
        seen = seen.f_back
    return innermost


_PACKAGE = str(Path(__file__).parents[1])
_FOREIGN = (
    "<frozen",
    _PACKAGE,
    *{path for name, path in sysconfig.get_paths().items() if name in ("stdlib", "platstdlib", "purelib", "platlib")},
)

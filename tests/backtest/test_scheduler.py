"""The scheduler alone: order, exactness of `next_ns`, interruption, the end."""

import threading
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticklink.backtest.scheduler import MAIN_IDENT, NEVER, Deadlock, EndOfData, Scheduler

Backend = Literal["greenlet", "thread"]


@pytest.fixture(params=["greenlet", "thread"])
def backend(request: pytest.FixtureRequest) -> Backend:
    chosen: Backend = request.param
    return chosen


def sleeper(scheduler: Scheduler, log: list[tuple[int, str]], name: str, *times_ns: int) -> None:
    for time_ns in times_ns:
        scheduler.sleep_until(time_ns)
        log.append((scheduler.now_ns, name))


def test_threads_run_in_the_order_of_their_timers_and_then_of_arming(backend: Backend) -> None:
    scheduler, log = Scheduler(0, backend=backend), list[tuple[int, str]]()
    scheduler.spawn(sleeper, scheduler, log, "a", 3, 6, 9)
    scheduler.spawn(sleeper, scheduler, log, "b", 2, 6, 9)
    scheduler.run_until(6)
    assert log == [(2, "b"), (3, "a"), (6, "b"), (6, "a")]
    assert (scheduler.now_ns, scheduler.next_ns) == (6, 9)
    scheduler.run_until(100)
    assert log[4:] == [(9, "b"), (9, "a")]
    assert (scheduler.now_ns, scheduler.next_ns, scheduler.threads) == (100, NEVER, ())


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=5).map(sorted), min_size=1, max_size=6))
def test_wake_ups_come_in_the_order_of_deadlines(plans: list[list[int]]) -> None:
    for backend in ("greenlet", "thread"):
        scheduler, log = Scheduler(0, backend=backend), list[tuple[int, str]]()
        for number, plan in enumerate(plans):
            scheduler.spawn(sleeper, scheduler, log, str(number), *plan)
        for time_ns in range(0, 60, 7):
            scheduler.run_until(time_ns)
        assert [time_ns for time_ns, _ in log] == sorted(time_ns for plan in plans for time_ns in plan)
        assert scheduler.threads == ()


def test_a_cancelled_timer_does_not_count(backend: Backend) -> None:
    scheduler = Scheduler(0, backend=backend)
    outcome: list[object] = []
    waiter = scheduler.spawn(lambda: outcome.append(scheduler.wait(10)))
    scheduler.spawn(lambda: outcome.append(scheduler.wait(20)))
    scheduler.run_until(1)
    assert scheduler.next_ns == 10
    scheduler.wake(waiter)
    assert scheduler.next_ns == 20
    scheduler.run_until(20)
    assert outcome == [True, False]


def test_cancelled_timers_do_not_pile_up() -> None:
    scheduler = Scheduler(0)

    def wait() -> None:
        while True:
            scheduler.wait(10**9)

    scheduler.spawn(lambda: scheduler.sleep_until(5))
    waiter = scheduler.spawn(wait)
    scheduler.run_until(0)
    for _ in range(1_000):
        scheduler.wake(waiter)
        scheduler.run_until(0)
    assert len(scheduler._timers) < 100
    assert scheduler.next_ns == 5
    scheduler.stop()


def test_the_feed_is_interrupted_when_there_is_something_new_to_look_at(backend: Backend) -> None:
    scheduler, calls = Scheduler(0, backend=backend), list[int]()
    scheduler.on_interrupt = lambda: calls.append(scheduler.next_ns)
    scheduler.spawn(scheduler.sleep_until, 50)
    assert calls == [NEVER]
    scheduler.run_until(10)
    scheduler.spawn(scheduler.sleep_until, 30)
    assert calls == [NEVER, 50]
    scheduler.sleep_until(20)  # the feed, in a callback
    assert calls == [NEVER, 50, 20]
    assert scheduler.next_ns == 30


def test_the_time_of_the_feed_counts(backend: Backend) -> None:
    scheduler, log = Scheduler(100, backend=backend), list[tuple[int, str]]()
    scheduler.time_source = lambda: 250
    assert (scheduler.current_ns(), scheduler.now_ns) == (250, 100)

    def wait() -> None:
        scheduler.wait(50)
        log.append((scheduler.current_ns(), "timed out"))

    scheduler.spawn(wait)
    assert scheduler.now_ns == 250
    scheduler.run_until(400)
    assert log == [(300, "timed out")]


def test_a_callback_that_sleeps_lets_the_others_run(backend: Backend) -> None:
    scheduler, log = Scheduler(0, backend=backend), list[tuple[int, str]]()
    scheduler.spawn(sleeper, scheduler, log, "a", 3, 30)
    sleeper(scheduler, log, "feed", 20)
    assert log == [(3, "a"), (20, "feed")]
    scheduler.stop()


def test_sleeping_with_nothing_else_to_run_switches_nothing(backend: Backend) -> None:
    scheduler = Scheduler(0, backend=backend)
    scheduler.sleep_until(1_000)
    assert (scheduler.now_ns, scheduler.switches, scheduler.next_ns) == (1_000, 0, NEVER)


def test_a_feed_that_nothing_can_wake_hears_of_a_deadlock(backend: Backend) -> None:
    scheduler = Scheduler(0, backend=backend)
    scheduler.spawn(scheduler.wait, name="consumer")
    with pytest.raises(Deadlock, match=r"nothing will wake it ever") as raised:
        scheduler.wait()
    assert f'thread "dispatch" at {__file__}' in str(raised.value)
    assert 'thread "consumer" at ' in str(raised.value)
    scheduler.stop()


def test_no_timer_runs_beyond_the_end_of_data_while_a_callback_waits(backend: Backend) -> None:
    scheduler, log = Scheduler(0, backend=backend, end_ns=100), list[tuple[int, str]]()
    scheduler.spawn(sleeper, scheduler, log, "a", *range(0, 1_000, 40))
    with pytest.raises(EndOfData):
        scheduler.sleep_until(500)
    with pytest.raises(Deadlock, match="before the last market event"):
        scheduler.wait()
    assert log == [(0, "a"), (40, "a"), (80, "a")]
    assert scheduler.next_ns == 120
    scheduler.stop()


def test_yielding_lets_others_go_first_and_time_pass_in_the_end(backend: Backend) -> None:
    scheduler, log = Scheduler(0, backend=backend), list[tuple[int, str]]()
    scheduler.spawn(lambda: log.append((scheduler.now_ns, "a")))
    scheduler.yield_now()
    assert log == [(0, "a")]
    while scheduler.now_ns == 0:
        scheduler.yield_now()
    assert scheduler.now_ns == 1_000_000


def test_a_failure_reaches_the_feed_when_the_thread_gives_way(backend: Backend) -> None:
    scheduler, log = Scheduler(0, backend=backend), list[str]()

    def fail() -> None:
        scheduler.fail(LookupError("gone"))
        log.append("goes on")
        scheduler.sleep_until(5)

    scheduler.spawn(fail)
    for _ in range(2):  # and again, should the first be swallowed
        with pytest.raises(LookupError, match="gone"):
            scheduler.run_until(10)
        assert scheduler.ready
    scheduler.stop()
    assert (log, scheduler.threads) == (["goes on"], ())


def test_stop_ends_every_thread_and_runs_its_finally_blocks_in_order(backend: Backend) -> None:
    scheduler, log = Scheduler(0, backend=backend), list[str]()

    def work(name: str) -> None:
        try:
            scheduler.wait()
        finally:
            log.append(name)

    def stubborn() -> None:
        while True:
            try:
                scheduler.sleep_until(10**9)
            except BaseException:  # noqa: BLE001 - as a bot might
                log.append("no")

    scheduler.spawn(work, "a")
    scheduler.spawn(stubborn)
    scheduler.spawn(work, "b")
    scheduler.run_until(1)
    scheduler.spawn(work, "never started")
    scheduler.stop()
    assert [log[0], log[-1], log.count("no")] == ["a", "b", 10]
    assert len(log) == 12
    assert scheduler.threads == ()


def test_an_uncaught_exception_ends_its_thread_only(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    caught: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: caught.append(args.exc_type))
    scheduler, log = Scheduler(0, backend=backend), list[tuple[int, str]]()
    scheduler.spawn(lambda: 1 // 0)
    scheduler.spawn(sleeper, scheduler, log, "a", 1)
    scheduler.run_until(1)
    assert (caught, log) == ([ZeroDivisionError], [(1, "a")])


def test_the_main_thread_has_an_identity_of_its_own(backend: Backend) -> None:
    scheduler = Scheduler(0, backend=backend)
    threads = [scheduler.spawn(scheduler.wait, main=main) for main in (False, True, False)]
    assert [thread.ident == MAIN_IDENT for thread in threads] == [False, True, False]
    assert len({thread.ident for thread in (scheduler.feed, *threads)}) == 4
    scheduler.stop()

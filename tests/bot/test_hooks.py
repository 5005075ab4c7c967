import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.bot.host import NOW_NS, MemoryHost, construct
from tests.bot.world import World
from ticklink.bot.hooks import Cron, Http, Job, Route, jobs, routes
from ticklink.bot.link import Link
from ticklink.bot.schedule import Every, On
from ticklink.model.errors import InputError

START_S = NOW_NS / 1e9


@pytest.fixture
def world(host: MemoryHost, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(host.clock, monkeypatch)


def scheduled(host: MemoryHost, cron: Cron, bot_class: type[Link]) -> Any:
    bot_class._ticklink_cron = cron
    return construct(bot_class, host)


class Journal:
    """When each job ran, in whole ms after the start."""

    def __init__(self, host: MemoryHost) -> None:
        self.runs: list[tuple[str, int]] = []
        self._host = host

    def note(self, name: str) -> None:
        self.runs.append((name, (self._host.clock.now_ns() - NOW_NS) // 1_000_000))

    def of(self, name: str) -> list[int]:
        return [at for name_, at in self.runs if name_ == name]


@pytest.fixture
def journal(host: MemoryHost) -> Journal:
    return Journal(host)


@pytest.fixture
def cron(host: MemoryHost) -> Cron:
    return Cron(host.clock)


def test_routes_and_jobs_are_found_in_base_classes_too() -> None:
    http, cron = Http(), Cron()

    class Shared(Link):
        @http.route
        def get_state(self, data: Any) -> Any: ...

        @cron.run(on="1h")
        def hourly(self) -> None: ...

    class Trading(Shared):
        @http.route
        def post_order(self, data: Any = None) -> Any: ...

        @cron.run(every=5)
        def tick(self) -> None: ...

        def get_nothing(self) -> None: ...

    assert routes(Trading) == [Route("GET", "state", "get_state"), Route("POST", "order", "post_order")]
    assert jobs(Trading) == [Job("hourly", On("1h")), Job("tick", Every(5 * 10**9))]


def test_an_override_without_the_decorator_is_no_route() -> None:
    http = Http()

    class Shared(Link):
        @http.route
        def get_state(self, data: Any) -> Any: ...

    class Trading(Shared):
        def get_state(self, data: Any) -> Any: ...

    assert routes(Trading) == []


@pytest.mark.parametrize("name", ["state", "put_state", "get_", "getstate", "Get_state", "_get_state"])
def test_a_route_of_another_name_is_refused(name: str) -> None:
    def method(self: Any, data: Any) -> None: ...

    method.__name__ = name
    with pytest.raises(InputError, match=f"@http.route is on {name}, but a route is named get_<name> or post_<name>"):
        Http().route(method)


def no_data(self: Any) -> None: ...
def more(self: Any, data: Any, more: Any) -> None: ...
def keyword_needed(self: Any, data: Any, *, key: Any) -> None: ...
def two(self: Any, data: Any) -> None: ...
def anything(*args: Any) -> None: ...
def spare(self: Any, data: Any, more: Any = 1, *, key: Any = 2) -> None: ...


@pytest.mark.parametrize("method", [no_data, more, keyword_needed])
def test_a_route_takes_self_and_data(method: Callable[..., Any]) -> None:
    method.__name__ = "get_x"
    with pytest.raises(InputError, match=r"@http.route: get_x has to take \(self, data\)"):
        Http().route(method)


@pytest.mark.parametrize("method", [anything, spare])
def test_a_route_may_take_more_if_it_need_not(method: Callable[..., Any]) -> None:
    method.__name__ = "get_x"
    assert Http().route(method) is method


def test_decorators_go_on_methods(cron: Cron) -> None:
    with pytest.raises(InputError, match=r"@http.route goes on a method of the bot, not on '/path'"):
        Http().route("/path")  # type: ignore[type-var]
    with pytest.raises(InputError, match=r"@cron.run needs a schedule: @cron.run\(every=60\)"):
        cron.run(anything)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"@cron.run: two has to take \(self\)"):
        cron.run(every=1)(two)


def test_a_job_runs_at_once_and_then_on_schedule(host: MemoryHost, world: World, journal: Journal, cron: Cron) -> None:
    class Trading(Link):
        @cron.run(every=10)
        def tick(self) -> None:
            journal.note("tick")

        @cron.run(on="15m")
        def candle(self) -> None:
            journal.note("candle")

        @cron.run(expr="*/2 * * * *")
        def even(self) -> None:
            journal.note("even")

    scheduled(host, cron, Trading)
    cron.start_by_itself()
    assert journal.runs == []
    world.advance(200)
    to_minute = 33_231  # the start is at 19:42:26.768123456
    assert journal.of("tick") == [i * 10_000 for i in range(21)]
    assert journal.of("candle") == [0, to_minute + 120_000]
    assert journal.of("even") == [0, to_minute + 60_000]


def test_start_without_run_now_waits_for_the_schedule(
    host: MemoryHost, world: World, journal: Journal, cron: Cron
) -> None:
    class Trading(Link):
        @cron.run(every=10)
        def tick(self) -> None:
            journal.note("tick")

    scheduled(host, cron, Trading)
    cron.options["auto_start"] = False
    cron.start_by_itself()
    world.advance(100)
    assert journal.runs == []
    cron.start(run_now=False)
    world.advance(25)
    assert journal.of("tick") == [110_000, 120_000]


def test_a_second_start_changes_nothing(host: MemoryHost, world: World, journal: Journal, cron: Cron) -> None:
    class Trading(Link):
        @cron.run(every=10)
        def tick(self) -> None:
            journal.note("tick")

    scheduled(host, cron, Trading)
    cron.start()
    cron.start()
    cron.start_by_itself()
    world.advance(10)
    assert journal.of("tick") == [0, 10_000]


def test_a_long_run_blocks_neither_the_next_nor_another_job(
    host: MemoryHost, world: World, journal: Journal, cron: Cron
) -> None:
    class Trading(Link):
        @cron.run(every=10)
        def slow(self) -> None:
            journal.note("begin")
            time.sleep(25)
            journal.note("end")

        @cron.run(every=15)
        def other(self) -> None:
            journal.note("other")

    scheduled(host, cron, Trading)
    cron.start()
    world.advance(30)
    assert journal.of("begin") == [0, 10_000, 20_000, 30_000]
    assert journal.of("end") == [25_000]
    assert journal.of("other") == [0, 15_000, 30_000]


def test_a_job_that_raises_is_logged_and_runs_again(
    host: MemoryHost, world: World, journal: Journal, cron: Cron, caplog: pytest.LogCaptureFixture
) -> None:
    class Trading(Link):
        @cron.run(every=10)
        def tick(self) -> None:
            journal.note("tick")
            raise ValueError("from the job")

    scheduled(host, cron, Trading)
    cron.start()
    world.advance(10)
    assert journal.of("tick") == [0, 10_000]
    assert caplog.text.count("ValueError: from the job") == 2
    assert "Trading.tick raised an exception" in caplog.text


def test_runs_missed_while_the_machine_slept_are_skipped(
    host: MemoryHost, world: World, journal: Journal, cron: Cron, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps: list[float] = []

    def oversleep(seconds: float) -> None:
        sleeps.append(seconds)
        world.sleep(47 if len(sleeps) == 2 else seconds)

    class Trading(Link):
        @cron.run(every=10)
        def tick(self) -> None:
            journal.note("tick")

    scheduled(host, cron, Trading)
    monkeypatch.setattr("time.sleep", oversleep)
    cron.start()
    world.advance(80)
    assert journal.of("tick") == [0, 10_000, 57_000, 60_000, 70_000, 80_000]


def test_starting_before_there_is_a_bot_is_an_error(cron: Cron) -> None:
    with pytest.raises(InputError, match=r"there is no bot yet; call it after super\(\).__init__\(\)"):
        cron.start()


def test_a_bot_can_start_its_jobs_in_its_own_init(host: MemoryHost, world: World, journal: Journal, cron: Cron) -> None:
    class Trading(Link):
        def __init__(self) -> None:
            super().__init__()
            cron.start()

        @cron.run(every=10)
        def tick(self) -> None:
            journal.note("tick")

    scheduled(host, cron, Trading)
    world.advance(5)
    assert journal.of("tick") == [0]

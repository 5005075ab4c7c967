"""What bots do with the standard library, by value, on virtual time."""

from typing import Any

import pytest

from tests.backtest.virtual_child import PROGRAMS, trace_of

# case of programs/everyday.py: [[seconds since the case began, what it noted], ...]
EXPECTED: dict[str, list[list[Any]]] = {
    "sleep_loop_until_first_quote": [[4.0, "quoted"]],
    "timer_that_rearms_itself": [[0.0, 2], [60.0, 3], [120.0, 3], [180.0, 3]],
    "debounce": [[5.0, 3], [13.5, 11.5]],
    "events": [[0.5, False], [2.0, "set"], [2.0, True], [2.0, True]],
    "queues": [
        [1.0, [2, 1]],
        [3.5, "empty"],
        [4.5, [1, 2]],
        [7.0, "empty"],
        [8.0, [1, 2]],
        [10.5, "empty"],
        [11.5, [2, 1]],
        [14.0, "empty"],
        [18.0, "full"],
        [20.0, "joined"],
    ],
    "locks_are_handed_over_in_order": [
        [0.0, "a"],
        [0.75, False],
        [0.75, False],
        [1.0, "b"],
        [1.75, "d"],
        [2.0, "c"],
        [2.75, "e"],
    ],
    "conditions": [[3.0, True], [8.0, False]],
    "semaphores_and_barriers": [
        [1.0, "a"],
        [1.0, "b"],
        [2.0, "c"],
        [2.0, "past"],
        [2.0, "past"],
        [2.0, "past"],
        [21.0, "broken"],
    ],
    "pools": [[3.0, [3, 1, 2]], [6.0, [1, 2, 1, 3]], [8.0, "late"]],
    "joins": [[40.0, True], [100.0, False], [100.0, False]],
    "identity": [[0.0, True], [1.0, "dispatch"], [1.0, False], [3.0, 5]],
    "thread_locals": [[1.0, ["a", "a"]], [1.0, ["b", "b"]], [1.0, [False, "none"]]],
    "uncaught": [[0.0, ["ZeroDivisionError", "divider"]]],
    "asyncio_program": [
        [1.0, "b"],
        [2.0, "a"],
        [2.0, ["a", "b"]],
        [7.0, "thread"],
        [10.0, "timed out"],
        [11.0, 7],
        [15.0, "from outside"],
        [16.0, "later"],
        [17.0, "over"],
    ],
    "asyncio_loops_side_by_side": [[1.0, 42], [2.0, "a"], [3.0, "b"], [4.5, "a"], [6.5, "b"], [7.0, "a"], [10.0, "b"]],
    "asyncio_the_old_way": [[3.0, "slept"], [3.0, False]],
    "asyncio_without_network": [[0.0, "pes in it"]],
    "sched_module": [[1.0, 1], [2.0, 2], [3.0, 3]],
    "clocks": [
        [3600.0, True],
        [3600.0, [3600.0, 3600.0, 3600.0]],
        [3600.0, 3600000000000],
        [3600.0, True],
        [3600.0, True],
        [3600.0, True],
        [3600.0, "00"],
    ],
    "datetimes": [
        [0.123456, 123456],
        [0.123456, True],
        [0.123456, True],
        [0.123456, True],
        [0.123456, True],
        [0.123456, [True, True, True]],
        [0.123456, [True, True]],
        [0.123456, [True, True]],
        [0.123456, [True, False]],
    ],
    "bound_early": [[5.0, "slept"]],
    "polling_without_sleep": [[0.501, 1], [0.701, 2]],
    "callbacks_that_block": [
        [1.0, "first"],
        [5.0, "meanwhile"],
        [11.0, "first over"],
        [11.0, "second, late"],
        [20.0, "third"],
        [30.0, "on time again"],
    ],
    "callback_that_waits_for_ever": [[1.0, "Deadlock"], [2.0, "and on"]],
    "logging_handler_that_sleeps": [[1.0, "a"], [2.0, "b"]],
    "another_program_takes_no_time": [[0.0, "hello"]],
    "durations": [
        [0.1, 100000000],
        [0.4, 300000000],
        [1.5, 1100000000],
        [1.500000001, 1],
        [1.500000002, 1],
        [3.500000002, 2000000000],
        [3.500000002, "sleep length must be non-negative"],
        [3.500000002, "timeout value must be a non-negative number"],
        [3.500000002, "release unlocked lock"],
    ],
}


@pytest.fixture(scope="module", params=[("greenlet", 0), ("greenlet", 7), ("thread", 1)], ids=str)
def everyday(request: pytest.FixtureRequest) -> Any:
    backend, hash_seed = request.param
    return trace_of("run_cases.py", backend, str(PROGRAMS / "everyday.py"), hash_seed=hash_seed)


def test_every_case_has_an_expectation(everyday: Any) -> None:
    assert everyday.keys() == EXPECTED.keys()


@pytest.mark.parametrize("case", EXPECTED)
def test_the_standard_library_keeps_virtual_time(everyday: Any, case: str) -> None:
    assert everyday[case] == EXPECTED[case]


def test_pandas_reads_virtual_time() -> None:
    trace = trace_of("run_cases.py", "greenlet", str(PROGRAMS / "everyday.py"), "pandas_clock")
    assert trace == {"pandas_clock": [[0.0, True], [0.0, [True, True]]]}

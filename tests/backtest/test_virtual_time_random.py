"""Programs of several threads that no one thought of: the same on every run and on both back ends."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.backtest.virtual_child import trace_of

STEPS = (
    *("sleep", "put", "get", "hold", "try_to_hold", "set", "clear", "wait"),
    *("notify", "meet", "release", "acquire", "timer", "spawn"),
)
step = st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.integers(0, 12))
program = st.lists(st.lists(step, min_size=1, max_size=8), min_size=2, max_size=4)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(program, min_size=30, max_size=40))
def test_random_programs_leave_the_same_trace_on_every_run_and_back_end(
    programs: list[list[list[tuple[str, int, int]]]],
) -> None:
    given_programs = json.dumps(programs)
    once, again, on_os_threads = (
        trace_of("run_scripts.py", backend, hash_seed=hash_seed, given=given_programs)
        for backend, hash_seed in (("greenlet", 0), ("greenlet", 99), ("thread", 1))
    )
    assert once == again
    assert once == on_os_threads
    assert [bool(log) for log in once] == [True] * len(programs)
    for log in once:
        times = [entry[0] for entry in log if entry[0] != "timer"]
        assert times == sorted(times)

"""A bot that does not give way, or reaches outside the process, is reported with its line."""

import json

import pytest

from tests.backtest.virtual_child import PROGRAMS, run_child, trace_of

SOURCE = (PROGRAMS / "run_stalled.py").read_text().splitlines()


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(SOURCE, 1) if text in line)


@pytest.mark.parametrize("case", ["spin_after_sleeping", "swallow_once"])
def test_a_busy_loop_is_reported_with_thread_file_and_line(case: str) -> None:
    thread, file, line, has_stack = trace_of("run_stalled.py", case)
    assert (thread, file, has_stack) == ("worker", "run_stalled.py", True)
    assert line - line_of("while True:") in (0, 1)


def test_a_call_that_blocks_for_real_is_reported() -> None:
    assert trace_of("run_stalled.py", "block_in_c")[:3] == ["worker", "run_stalled.py", line_of("os.read(")]


def test_a_bot_that_swallows_the_report_and_goes_on_meets_the_last_resort() -> None:
    child = run_child("run_stalled.py", "swallow_for_ever")
    assert (child.returncode, json.loads(child.stdout)[0]) == (3, "worker")


@pytest.mark.parametrize("case", ["work_long_but_give_way", "count_without_switching"])
def test_a_run_that_gets_on_is_left_alone(case: str) -> None:
    child = run_child("run_stalled.py", case)
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


def test_each_place_that_reaches_outside_is_reported_once() -> None:
    assert trace_of("run_stalled.py", "call_outside") == [
        ["another program", "run_stalled.py", line_of("subprocess.run(")],
        ["a network connection", "run_stalled.py", line_of("client.connect(")],
    ]

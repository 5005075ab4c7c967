from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticklink.bot.schedule import SECOND_NS, Every, Expression, On, next_run, parse
from ticklink.model.candles import LEVELS_MS, candle_bin
from ticklink.model.errors import InputError


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000) * 1_000_000


def after(schedule: Any, now: str) -> str:
    run_ns = next_run(schedule, 0, ns(now))
    assert run_ns is not None
    return datetime.fromtimestamp(run_ns / SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("given_", "schedule"),
    [
        ({"every": 60}, Every(60 * SECOND_NS)),
        ({"every": 0.25}, Every(SECOND_NS // 4)),
        ({"on": "15m"}, On("15m")),
        ({"expr": "*/5 * * * *"}, Expression("*/5 * * * *")),
    ],
)
def test_one_argument_makes_a_schedule(given_: dict[str, Any], schedule: Any) -> None:
    assert parse(**given_) == schedule


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "takes exactly one of every=<seconds>, on='<level>', expr='<cron expression>'; given: none"),
        ({"every": 1, "on": "1m"}, "given: every, on"),
        ({"every": 0}, "every is a number of seconds, at least 0.001, not 0"),
        ({"every": float("inf")}, "not inf"),
        ({"every": float("nan")}, "not nan"),
        ({"every": "60"}, "every is a number of seconds, at least 0.001, not '60'"),
        ({"every": True}, "not True"),
        ({"on": "7m"}, "unknown candle level '7m'; use one of 1m, 3m"),
        ({"on": 15}, "on is a candle level such as '15m', not 15"),
        ({"expr": "* * * *"}, "expr has five fields (minute, hour, day of month, month, day of week), not '* * * *'"),
        ({"expr": "* * * * * *"}, "expr has five fields"),
        ({"expr": 5}, "expr has five fields"),
        ({"expr": "61 * * * *"}, "cannot read the cron expression '61 * * * *': Bad minute"),
        ({"expr": "0 0 30 2 *"}, "cannot read the cron expression '0 0 30 2 *': Bad day-of-month"),
    ],
)
def test_another_argument_is_refused(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(**given_)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("level", "now", "run"),
    [
        ("1m", "2023-09-29 19:42:26.768", "2023-09-29 19:43:00"),
        ("15m", "2023-09-29 19:42:26.768", "2023-09-29 19:45:00"),
        ("15m", "2023-09-29 19:45:00", "2023-09-29 20:00:00"),
        ("4h", "2023-09-29 19:42:26.768", "2023-09-29 20:00:00"),
        ("1d", "2023-09-29 19:42:26.768", "2023-09-30 00:00:00"),
        ("1w", "2023-09-29 19:42:26.768", "2023-10-02 00:00:00"),
        ("1w", "2023-10-02 00:00:00", "2023-10-09 00:00:00"),
    ],
)
def test_on_a_level_is_at_the_start_of_its_buckets(level: str, now: str, run: str) -> None:
    assert after(On(level), now) == run


@pytest.mark.parametrize(
    ("expr", "now", "run"),
    [
        ("* * * * *", "2023-09-29 19:42:26.768", "2023-09-29 19:43:00"),
        ("*/15 * * * *", "2023-09-29 19:45:00", "2023-09-29 20:00:00"),
        ("5,35 8-10 * * *", "2023-09-29 10:06:00", "2023-09-29 10:35:00"),
        ("5,35 8-10 * * *", "2023-09-29 10:36:00", "2023-09-30 08:05:00"),
        ("0 9 * * mon-fri", "2023-09-29 09:00:00", "2023-10-02 09:00:00"),
        ("0 0 1 JAN *", "2023-09-29 09:00:00", "2024-01-01 00:00:00"),
        ("0 12-23/6 * * 0", "2023-10-01 12:00:00", "2023-10-01 18:00:00"),
        ("0 0 29 2 *", "2023-09-29 09:00:00", "2024-02-29 00:00:00"),
        ("0 3 13 * fri", "2023-09-29 09:00:00", "2023-10-06 03:00:00"),  # either day will do, as in cron
    ],
)
def test_a_cron_expression_is_read_in_utc(expr: str, now: str, run: str) -> None:
    assert after(parse(expr=expr), now) == run


def test_every_counts_from_the_start_and_skips_what_was_missed() -> None:
    schedule, start = Every(60 * SECOND_NS), 7 * SECOND_NS
    assert next_run(schedule, start, start) == 67 * SECOND_NS
    assert next_run(schedule, start, 66 * SECOND_NS) == 67 * SECOND_NS
    assert next_run(schedule, start, 67 * SECOND_NS) == 127 * SECOND_NS
    assert next_run(schedule, start, 1000 * SECOND_NS) == 1027 * SECOND_NS


def test_an_expression_that_never_comes_has_no_next_run() -> None:
    assert next_run(Expression("* * */20 * 1L"), 0, ns("2023-09-29 00:00:00")) is None


moments = st.integers(0, 4_000_000_000 * SECOND_NS)


@settings(deadline=None)
@given(start=moments, now=moments, interval=st.integers(1_000_000, 10**15))
def test_every_is_the_first_multiple_after_now(start: int, now: int, interval: int) -> None:
    run = next_run(Every(interval), start, now)
    assert run is not None
    assert (run - start) % interval == 0
    assert run - interval <= now < run


@settings(deadline=None)
@given(now=moments, level=st.sampled_from(sorted(LEVELS_MS)))
def test_on_is_the_first_boundary_after_now(now: int, level: str) -> None:
    run = next_run(On(level), 0, now)
    assert run is not None
    assert candle_bin(run / 1e6, level) * 1_000_000 == run
    assert run - LEVELS_MS[level] * 1_000_000 <= now < run


@settings(deadline=None)
@given(now=moments)
def test_a_cron_expression_runs_strictly_after_now(now: int) -> None:
    run = next_run(Expression("*/7 * * * *"), 0, now)
    assert run is not None
    assert now < run <= now + 7 * 60 * SECOND_NS
    assert datetime.fromtimestamp(run // SECOND_NS, UTC).minute % 7 == 0

"""Schedules: when a cron job runs. Pure; times are epoch nanoseconds."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import cronsim
import msgspec

from ticklink.bot.arguments import is_number
from ticklink.model.candles import candle_bin, level_ms
from ticklink.model.errors import InputError

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_EVERY = 0.001


class Every(msgspec.Struct, frozen=True):
    """Every so many ns, counted from the start."""

    interval_ns: int


class On(msgspec.Struct, frozen=True):
    """At the start of each candle of a level."""

    level: str


class Expression(msgspec.Struct, frozen=True):
    """A cron expression: minute, hour, day of month, month, day of week, in UTC."""

    text: str


Schedule = Every | On | Expression


def parse(*, every: Any = None, on: Any = None, expr: Any = None) -> Schedule:
    """The schedule meant by the arguments of `cron.run`. InputError for none of them, several, or a wrong one."""
    given = [name for name, value in (("every", every), ("on", on), ("expr", expr)) if value is not None]
    if len(given) != 1:
        raise InputError(
            "cron.run takes exactly one of every=<seconds>, on='<level>', expr='<cron expression>'; "
            f"given: {', '.join(given) or 'none'}"
        )
    if every is not None:
        return _every(every)
    return _on(on) if on is not None else _expression(expr)


def next_run(schedule: Schedule, start_ns: int, now_ns: int) -> int | None:
    """When a job started at `start_ns` runs next, strictly after `now_ns`; None is never. Missed runs are skipped."""
    if isinstance(schedule, Every):
        done = (now_ns - start_ns) // schedule.interval_ns
        return start_ns + (done + 1) * schedule.interval_ns
    if isinstance(schedule, On):
        now_ms = now_ns // MS_NS
        return (candle_bin(now_ms, schedule.level) + level_ms(schedule.level)) * MS_NS
    return _next_match(schedule.text, now_ns)


def _every(seconds: Any) -> Every:
    if not is_number(seconds) or not MIN_EVERY <= seconds < math.inf:
        raise InputError(f"cron.run: every is a number of seconds, at least {MIN_EVERY}, not {seconds!r}")
    return Every(round(float(seconds) * SECOND_NS))


def _on(level: Any) -> On:
    if not isinstance(level, str):
        raise InputError(f"cron.run: on is a candle level such as '15m', not {level!r}")
    level_ms(level)
    return On(level)


def _expression(text: Any) -> Expression:
    if not isinstance(text, str) or len(text.split()) != 5:
        raise InputError(
            f"cron.run: expr has five fields (minute, hour, day of month, month, day of week), not {text!r}"
        )
    try:
        cronsim.CronSim(text, EPOCH)
    except cronsim.CronSimError as error:
        raise InputError(f"cron.run: cannot read the cron expression {text!r}: {error}") from None
    return Expression(text)


def _next_match(text: str, now_ns: int) -> int | None:
    now = EPOCH + timedelta(microseconds=now_ns // 1000)
    match = next(cronsim.CronSim(text, now), None)
    return None if match is None else (match - EPOCH) // timedelta(seconds=1) * SECOND_NS

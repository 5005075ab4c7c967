from datetime import UTC, datetime

import pytest

from ticklink.model.candles import LEVELS_MS, candle_bin, level_ms, time_range
from ticklink.model.errors import InputError


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_the_levels_are_those_of_the_contract() -> None:
    assert list(LEVELS_MS) == ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "3h", "4h", "6h", "12h", "1d", "1w"]
    minutes = [1, 3, 5, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 10080]
    assert [length // 60_000 for length in LEVELS_MS.values()] == minutes


@pytest.mark.parametrize(
    ("level", "down", "up"),
    [
        ("1m", "2023-09-29 19:42", "2023-09-29 19:43"),
        ("15m", "2023-09-29 19:30", "2023-09-29 19:45"),
        ("4h", "2023-09-29 16:00", "2023-09-29 20:00"),
        ("12h", "2023-09-29 12:00", "2023-09-30 00:00"),
        ("1d", "2023-09-29 00:00", "2023-09-30 00:00"),
        ("1w", "2023-09-25 00:00", "2023-10-02 00:00"),
    ],
)
def test_a_time_is_rounded_to_its_bucket(level: str, down: str, up: str) -> None:
    assert candle_bin(1696016546768, level) == ms(down)
    assert candle_bin(1696016546768, level, ceil=True) == ms(up)
    assert candle_bin(1696016546768.5, level) == ms(down)
    assert candle_bin(ms(down), level, ceil=True) == ms(down)


def test_a_range_begins_where_it_is_told_to_and_ends_on_its_end() -> None:
    assert time_range(5, 120_005, "1m") == [5, 60_005, 120_005]
    assert time_range(5, 120_004, "1m", include_start=False) == [60_005]
    assert time_range(5, 4, "1m") == []


@pytest.mark.parametrize("level", ["7m", "1M", "", None, 15, ["1m"]])
def test_another_level_is_refused(level: object) -> None:
    with pytest.raises(InputError, match="unknown candle level"):
        level_ms(level)  # type: ignore[arg-type]

"""Times survive exactly, and what is no time is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticklink.model.errors import WireError
from ticklink.venues.timestamps import iso_to_ns, ns_to_iso


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2021-07-22T22:36:10.014Z", 1_626_993_370_014_000_000),
        ("2021-04-17T16:43:37.075687Z", 1_618_677_817_075_687_000),
        ("2024-02-29T23:59:59.123456789Z", 1_709_251_199_123_456_789),
    ],
)
def test_times_are_exact(text: str, ns: int) -> None:
    assert iso_to_ns(text) == ns


@settings(deadline=None)
@given(st.integers(0, 4_000_000_000 * 10**9))
def test_nanoseconds_survive_a_round_trip(ns: int) -> None:
    assert iso_to_ns(ns_to_iso(ns, decimals=9)) == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2021-07-22",
        "2021-07-22T22:36:10",
        "2021-07-22T22:36:10.Z",
        "2021-13-22T22:36:10Z",
        "1969-12-31T23:59:59Z",
        "2021-07-22T22:36:10.1234567890Z",
        "2021-07-22T22:36:1²Z",
        "2021-07-22 22:36:10Z",
        "2021-07-22T22:36-10Z",
    ],
)
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(WireError):
        iso_to_ns(text)

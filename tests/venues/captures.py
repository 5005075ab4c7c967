"""Captures of real sessions, where they are at hand. TICKLINK_FIXTURES names their folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

FIXTURES = Path(os.environ.get("TICKLINK_FIXTURES", Path(__file__).parents[3] / "shared" / "fixtures"))


def capture(name: str) -> Path:
    """A capture's path; skips the test where it is absent."""
    path = FIXTURES / name
    if not path.exists():
        pytest.skip(f"the capture {name} is not here (TICKLINK_FIXTURES names the folder of captures)")
    return path


def received(path: Path) -> Iterator[tuple[int, str]]:
    """The frames received: (ns, text)."""
    for line in path.read_text().splitlines():
        head, colon, text = line.partition(": ")
        if colon and head.replace(".", "").isdigit():
            whole, _, fraction = head.partition(".")
            yield int(whole) * 10**9 + int(fraction.ljust(9, "0")[:9] or 0), text


def reply(path: Path) -> str:
    """The JSON of a recorded REST reply."""
    return path.read_text().partition(" -> ")[2].partition(": ")[2].splitlines()[0]

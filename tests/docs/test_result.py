"""Every key of a backtest's result is documented. (Metrics: tests/backtest/test_metrics.py.)"""

import re

import msgspec
import pytest

from tests.docs import pages
from ticklink.backtest import result

STRUCTS = [kind for kind in vars(result).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
KEYS = [(kind.__name__, field.encode_name) for kind in STRUCTS for field in msgspec.structs.fields(kind)]
CODE = pages.code(pages.section("docs/backtesting.md", "## The result"))


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_key_is_documented(kind: str, key: str) -> None:
    assert re.search(rf"\b{key}\b", CODE)

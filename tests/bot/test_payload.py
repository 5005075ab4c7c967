import json
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticklink.bot.payload import encode
from ticklink.model.errors import InputError

Point = namedtuple("Point", "x y")


class Colour(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("data", "carried"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        ("naïve", "naïve"),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array([[1.5, 2.5], [3.5, 4.5]]), [[1.5, 2.5], [3.5, 4.5]]),
        (np.array(7), 7),
        (np.array(["a", "b"]), ["a", "b"]),
        (pd.Series([1.5, 2.0]), [1.5, 2.0]),
        ((1, (2, [3])), [1, [2, [3]]]),
        (Point(1, 2), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (Colour.RED, 1),
        ({1: "a", np.int64(2): "b"}, {"1": "a", "2": "b"}),
    ],
)
def test_what_json_can_carry_arrives(data: Any, carried: Any) -> None:
    assert json.loads(encode(data, "publish('t')")) == carried


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (float("inf"), "t: data is inf, which JSON cannot carry; send None instead"),
        ([1, np.float64("nan")], "t: data[1] is nan, which JSON cannot carry; send None instead"),
        ({"closes": np.array([1.0, np.nan])}, "t: data['closes'][1] is nan"),
        ({"a": {"b": {1, 2}}}, "t: data['a']['b'] is a set, which JSON cannot carry"),
        ([object()], "t: data[0] is an object, which JSON cannot carry"),
        (b"bytes", "t: data is a bytes, which JSON cannot carry"),
        (datetime(2023, 9, 29, tzinfo=UTC), "t: data is a datetime, which JSON cannot carry"),
        (Decimal("1.5"), "t: data is a Decimal, which JSON cannot carry"),
        ([1j], "t: data[0] is a complex, which JSON cannot carry"),
        ({"a": lambda: 1}, "t: data['a'] is a function, which JSON cannot carry"),
        ({(1, 2): 3}, "t: data has the key (1, 2) (tuple); JSON's keys are text"),
        ({None: 3}, "t: data has the key None (NoneType); JSON's keys are text"),
        (["\ud800"], "t: data[0] is text with half a surrogate pair"),
        ([2**64], "t: data[0] is an integer beyond 64 bits; send it as text"),
        (LOOP, "is nested more than 100 deep, or contains itself"),
    ],
)
def test_what_json_cannot_carry_is_named_with_its_place(data: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        encode(data, "t")
    assert message in str(caught.value)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(data=plain)
def test_any_json_data_arrives_as_it_was(data: Any) -> None:
    assert json.loads(encode(data, "t")) == data

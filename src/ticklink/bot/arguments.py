"""Arguments: what counts as a number when a bot gives one."""

from decimal import Decimal
from numbers import Real
from typing import Any, TypeGuard


def is_number(value: Any) -> TypeGuard[float]:
    """An int, a float, a numpy number, a Decimal or a Fraction; neither a bool nor a text."""
    kind = type(value)
    # the common kinds first: asking an abstract class takes a microsecond
    return kind is float or kind is int or (kind is not bool and isinstance(value, Real | Decimal))

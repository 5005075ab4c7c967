"""Arrow columns as numpy arrays. pyarrow's own `to_numpy` imports pandas, which takes longer than reading most files."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def as_numpy(column: Any) -> npt.NDArray[Any]:
    """A column of numbers or booleans, without a copy where it can be; missing numbers become NaN."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
        return np.from_dlpack(column).astype(bool)
    if column.null_count:
        column = column.fill_null(float("nan"))
    return np.from_dlpack(column)


def first_missing(column: Any) -> int:
    """The row of the first missing value of a column that has one."""
    return int(as_numpy(column.is_null()).argmax())

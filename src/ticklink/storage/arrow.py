"""Arrow columns as numpy arrays and back. pyarrow's own ways import pandas, which takes longer than reading most files."""

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


def as_arrow(values: npt.NDArray[Any]) -> Any:
    """Numbers as an Arrow column, without a copy."""
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(whole.dtype), len(whole), [None, pa.py_buffer(whole)])


def first_missing(column: Any) -> int:
    """The row of the first missing value of a column that has one."""
    return int(as_numpy(column.is_null()).argmax())

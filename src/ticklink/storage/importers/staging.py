"""Where the rows of one source file wait until all of it has been read and nothing was wrong with it.

A file is imported whole or not at all: half a day would look like a whole one to a backtest. And rows can only be merged by
how often each occurs when all of a day's rows are at hand. What does not fit in memory waits in temporary files beside the
archive.
"""

import tempfile
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ticklink.storage import archive
from ticklink.storage.archive import Stream, Written
from ticklink.storage.columns import Columns, arrays, gather, is_sorted, join, shape_of

MEMORY_BYTES = 256 << 20
"""Rows wait in memory up to this size: some six million quotes."""

Place = tuple[Stream, str]
"""A stream and the name of one of its files."""


class Stage:
    """Use it as a context; what has not been committed by its end is forgotten."""

    def __init__(self, root: Path, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._root = root
        self._memory_bytes = memory_bytes
        self._waiting: dict[Place, list[Columns]] = defaultdict(list)
        self._spilled: dict[Place, list[Path]] = defaultdict(list)
        self._held_bytes = 0
        self._spills = 0
        self._last: dict[Stream, int] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.unordered = 0
        """How often a row was older than the one before it of its stream."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, stream: Stream, columns: Columns) -> None:
        """Put rows, in the order of the source, beside those that wait."""
        if not len(columns.time):
            return
        self._count_unordered(stream, columns)
        for name, part in archive.by_file(columns, stream.stream):
            self._waiting[stream, name].append(part)
            self._held_bytes += sum(array.nbytes for array in arrays(part))
        if self._held_bytes > self._memory_bytes:
            self._spill()

    def commit(self) -> dict[Stream, Written]:
        """Merge everything into the archive, a file at a time; how many rows and files of each stream are new."""
        written: dict[Stream, Written] = defaultdict(Written)
        for stream, name in sorted(self._waiting.keys() | self._spilled.keys()):
            parts = [_load(path, stream) for path in self._spilled.pop((stream, name), [])]
            parts += self._waiting.pop((stream, name), [])
            written[stream] += archive.write(self._root, stream, join(parts))
        return dict(written)

    def _count_unordered(self, stream: Stream, columns: Columns) -> None:
        time = columns.time
        self.unordered += int(time[0] < self._last.get(stream, 0))
        self.unordered += 0 if is_sorted(time) else int((time[1:] < time[:-1]).sum())
        self._last[stream] = int(time[-1])

    def _spill(self) -> None:
        if self._folder is None:
            self._root.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(prefix=".importing-", dir=self._root)
        for place, parts in self._waiting.items():
            path = Path(self._folder.name) / f"{self._spills}.npy"
            self._spills += 1
            with path.open("wb") as file:
                for array in arrays(join(parts)):
                    np.save(file, array)
            self._spilled[place].append(path)
        self._waiting.clear()
        self._held_bytes = 0


def _load(path: Path, stream: Stream) -> Columns:
    with path.open("rb") as file:
        return gather(shape_of(stream.stream), lambda _name: np.load(file))

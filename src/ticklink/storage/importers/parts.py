"""What every importer is given and gives: a file, what is wanted of it, and parts of streams."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from ticklink.model.errors import DataError
from ticklink.storage.archive import Stream
from ticklink.storage.columns import Columns

GZIP_MAGIC = b"\x1f\x8b"
HEAD_BYTES = 1 << 16


class Wanted(msgspec.Struct, frozen=True):
    """What a user asked for: where the rows belong where the file does not say it, and which symbols to take."""

    src: str | None = None
    sym: str | None = None
    level: str | None = None
    symbols: frozenset[str] = frozenset()
    """Empty: all."""

    def takes(self, symbol: str) -> bool:
        return not self.symbols or symbol in self.symbols


class Part(NamedTuple):
    """Some rows of one stream, checked."""

    stream: Stream
    columns: Columns


class Reading:
    """One file while it is read: how far, and what was noticed on the way."""

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.path = path
        self.wanted = wanted
        self.rows = 0
        self.notes: Counter[str] = Counter()
        self._raw: Any = None

    def open(self) -> Any:
        """The file's bytes, decompressed, as an Arrow stream."""
        self._raw = pa.OSFile(str(self.path))
        is_gzip = self._raw.read(2) == GZIP_MAGIC
        self._raw.seek(0)
        return pa.CompressedInputStream(self._raw, "gzip") if is_gzip else self._raw

    def head(self) -> bytes:
        """The first bytes, decompressed."""
        try:
            with self.open() as stream:
                return bytes(stream.read(HEAD_BYTES))
        except OSError as error:
            raise self.damage(f"breaks off or is damaged: {first_line(error)}", 1) from None

    def position(self) -> int:
        """Bytes of the file that have been read, as it lies on disk."""
        return 0 if self._raw is None or self._raw.closed else int(self._raw.tell())

    def damage(self, reason: str, row: int | None = None) -> DataError:
        return DataError(reason, file=str(self.path), row=row)


Importer = Callable[[Reading], Iterator[Part]]


def first_line(error: Exception) -> str:
    """What a library says of an error, without its context."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]

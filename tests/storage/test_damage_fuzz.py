"""Whatever is done to a file, an importer either imports it or says what is wrong with it; the archive stays readable."""

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage import test_importing as samples
from ticklink.model.errors import DataError
from ticklink.storage import archive
from ticklink.storage.importers.importing import FORMATS, import_files
from ticklink.storage.importers.parts import Wanted

WANTED = Wanted(src="bitmex", sym="XBTUSD")

TEXTS = {
    "bitmex-quotes": samples.BITMEX_QUOTES,
    "bitmex-trades": samples.BITMEX_TRADES,
    "tardis-trades": samples.TARDIS_TRADES,
    "tardis-quotes": samples.TARDIS_QUOTES,
    "tardis-book": samples.TARDIS_BOOK,
    "candles-csv": samples.CANDLES,
    "capture": samples.CAPTURE,
}

edits = st.lists(
    st.tuples(st.integers(0, 700), st.sampled_from(["cut", "drop", "put"]), st.binary(max_size=4)), max_size=3
)


def mutate(data: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    for position, kind, put in changes:
        at = position % (len(data) + 1)
        if kind == "cut":
            data = data[:at]
        else:
            data = data[:at] + put + data[at + (1 if kind == "drop" else len(put)) :]
    return data


def check(data: bytes, format: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, file = Path(folder) / "data", Path(folder) / "file"
        file.write_bytes(data)
        report = import_files([file], root, wanted=WANTED, format=format)
        assert len(report.files) + len(report.failed) == 1
        assert all(failed.reason for failed in report.failed)
        total = sum(s.added for f in report.files for s in f.streams)
        streams = archive.streams(root)
        assert total == sum(len(c.time) for s in streams for c in archive.open_stream(root, *s))


@pytest.mark.parametrize("name", TEXTS)
@given(changes=edits, is_zipped=st.booleans(), is_named=st.booleans())
@settings(max_examples=25, deadline=None)
def test_changed_files(name: str, changes: list[tuple[int, str, bytes]], is_zipped: bool, is_named: bool) -> None:
    text = TEXTS[name].encode()
    data = mutate(gzip.compress(text), changes) if is_zipped else mutate(text, changes)
    check(data, name if is_named else None)


@pytest.mark.parametrize("name", [*FORMATS, None])
@given(data=st.binary(max_size=60))
@settings(max_examples=10, deadline=None)
def test_noise(name: str | None, data: bytes) -> None:
    check(data, name)


@given(changes=edits)
@settings(max_examples=40, deadline=None)
def test_changed_archive_files(changes: list[tuple[int, str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, file = Path(folder) / "data", Path(folder) / "file"
        file.write_text(samples.BITMEX_QUOTES)
        import_files([file], root)
        (path,) = archive.files(root, "bitmex", "XBTUSD", "quotes")
        before = path.read_bytes()
        path.write_bytes(mutate(before, changes))
        try:
            chunks = list(archive.open_stream(root, "bitmex", "XBTUSD", "quotes"))
        except DataError:
            return
        assert sum(len(chunk.time) for chunk in chunks) <= 2

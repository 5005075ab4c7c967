"""Which contract a symbol is: the terms that ship with ticklink, and over them the ones a user imported.

    catalog(root)("bitmex", "XBTUSD") -> Instrument

Imported rows lie in `<root>/<src>/instruments.json`, in the venue's own form, in a JSON list. For an exchange without a
form of its own here, rows have the fields of `model.Instrument` (src may be left out).
"""

import os
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files as resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from ticklink.model.errors import DataError, InputError
from ticklink.model.instruments import Instrument
from ticklink.storage.archive import escape
from ticklink.venues.bitmex import instruments as bitmex
from ticklink.venues.coinbasepro import instruments as coinbasepro
from ticklink.venues.woo import instruments as woo

FILE_NAME = "instruments.json"


class Form(NamedTuple):
    """How a venue writes its instruments: the field with the symbol, and a row's meaning."""

    symbol: str
    instrument: Callable[[Mapping[str, Any]], Instrument]


FORMS: Mapping[str, Form] = MappingProxyType(
    {venue.SRC: Form(venue.SYMBOL, venue.instrument) for venue in (bitmex, coinbasepro, woo)}
)


class Catalog:
    """The instruments that are known. Call it with an exchange and a symbol."""

    def __init__(self, known: Mapping[str, Mapping[str, Instrument]]) -> None:
        self._known = known

    def __call__(self, src: str, sym: str) -> Instrument:
        """Raises InputError with near matches and the way to add one where the symbol is not known."""
        found = self._known.get(src, {}).get(sym)
        if found is None:
            raise InputError(_unknown(src, sym, self._known))
        return found

    def srcs(self) -> list[str]:
        return sorted(self._known)

    def symbols(self, src: str) -> list[str]:
        return sorted(self._known.get(src, ()))


def catalog(root: Path | None = None) -> Catalog:
    """What ships, overlaid by what an archive's users imported. Raises DataError where an instruments file is damaged."""
    known = {src: _shipped(src) for src in FORMS}
    for path in sorted(root.glob(f"*/{FILE_NAME}")) if root else ():
        src = unquote(path.parent.name)
        try:
            known[src] = known.get(src, {}) | _meaning(src, _stored(path))
        except InputError as error:
            raise error if isinstance(error, DataError) else DataError(str(error), file=str(path)) from None
    return Catalog(known)


def import_instruments(root: Path, src: str, file: Path) -> list[str]:
    """Keep a file's instruments in the archive; the symbols imported. A row replaces an earlier one of its symbol.

    Takes the venue's REST reply as JSON (a list, one row, or an object with the rows in `data.rows` or `rows`), or a capture
    of it with lines `URL -> epoch: JSON`. Raises DataError where the file or a row is damaged; nothing is kept then.
    """
    rows = _rows_of(file)
    if not rows:
        raise DataError("has no instruments", file=str(file))
    path = root / escape(src) / FILE_NAME
    given = {_symbol(src, row, file): row for row in rows}
    try:
        _meaning(src, rows)
    except InputError as error:
        raise DataError(str(error), file=str(file)) from None
    kept = {_symbol(src, row, path): row for row in _stored(path)} if path.exists() else {}
    if kept | given != kept:
        _replace(path, list((kept | given).values()))
    return sorted(given)


def _shipped(src: str) -> dict[str, Instrument]:
    text = (resources(f"ticklink.venues.{src}") / FILE_NAME).read_bytes()
    return _meaning(src, msgspec.json.decode(text)["rows"])


def _stored(path: Path) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"is not a JSON list of instrument rows: {error}", file=str(path)) from None


def _meaning(src: str, rows: Iterable[dict[str, Any]]) -> dict[str, Instrument]:
    form = FORMS.get(src) or Form("sym", lambda row: _own(src, row))
    found = (form.instrument(row) for row in rows)
    return {instrument.sym: instrument for instrument in found}


def _own(src: str, row: Mapping[str, Any]) -> Instrument:
    exact = {key: str(value) if isinstance(value, float) else value for key, value in row.items()}
    try:
        return msgspec.convert(exact | {"src": src, "native": dict(row)}, Instrument, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(f"instrument {row.get('sym', '?')} of {src}: {error}") from None


def _symbol(src: str, row: dict[str, Any], file: Path) -> str:
    field = FORMS[src].symbol if src in FORMS else "sym"
    symbol = row.get(field)
    if not isinstance(symbol, str):
        raise DataError(f"a row has no {field!r}; is this file of {src}?", file=str(file))
    return symbol


def _rows_of(file: Path) -> list[dict[str, Any]]:
    """The rows of a reply, or of every reply of a capture."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=str(file)) from None
    if text.lstrip()[:1] in (b"[", b"{"):
        return _reply(text, file, 1)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if b" -> " in line and b": " in line]
    if not lines:
        raise DataError("is neither JSON nor a capture with lines `URL -> epoch: JSON`", file=str(file))
    return [
        row for number, line in lines for row in _reply(line.partition(b" -> ")[2].partition(b": ")[2], file, number)
    ]


def _reply(text: bytes, file: Path, line: int) -> list[dict[str, Any]]:
    try:
        reply = msgspec.json.decode(text)
        for field in ("data", "rows"):
            reply = reply.get(field, reply) if isinstance(reply, dict) else reply
        return msgspec.convert(reply if isinstance(reply, list) else [reply], list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"is not a reply with instruments: {error}", file=str(file), row=line) from None


def _unknown(src: str, sym: str, known: Mapping[str, Mapping[str, Instrument]]) -> str:
    if src not in known:
        where = f"no instruments of exchange {src!r} are known (known: {', '.join(sorted(known))})"
    else:
        near = get_close_matches(sym.upper(), known[src], n=5, cutoff=0.5)
        where = f"{src} symbol {sym!r} is not known" + (f"; near it: {', '.join(near)}" if near else "")
    return f"{where}. To add it, save the exchange's instrument reply and run: ticklink import --src {src} --instruments FILE"


def _replace(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(b"[\n" + b",\n".join(msgspec.json.encode(row) for row in rows) + b"\n]\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

"""Checking: `ticklink check BOT.py`, printed as a table or as one JSON object."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ticklink.bot.inspection import Inspection, inspect
from ticklink.model.errors import LoadError

LABEL_WIDTH = 14


def check(path: str | Path, *, as_json: bool = False) -> int:
    """Inspect a bot file and print what was found. The exit code: 0, or 1 if the bot will not load."""
    try:
        inspection = inspect(path)
    except LoadError as error:
        inspection = Inspection(file=str(Path(path).absolute()), ok=False, reason=str(error), line=error.line)
    text = msgspec.json.encode(inspection).decode() if as_json else "\n".join(_lines(inspection))
    sys.stdout.write(text + "\n")
    return 0 if inspection.ok else 1


def _lines(inspection: Inspection) -> Iterator[str]:
    """The table. Written by hand: a library for it would take longer to import than the whole check."""
    if inspection.bot_class is not None:
        for label, entries in _rows(inspection):
            for i, entry in enumerate(entries or ["-"]):
                yield f"{label if i == 0 else '':{LABEL_WIDTH}}{entry}"
        yield ""
    for kind, remarks in (("error", inspection.errors), ("warning", inspection.warnings)):
        for remark in remarks:
            yield f"{kind:{LABEL_WIDTH}}line {remark.line}: {remark.message}"
    yield "The bot can be loaded." if inspection.ok else f"The bot cannot be loaded. {inspection.reason}"


def _rows(inspection: Inspection) -> Iterator[tuple[str, list[str]]]:
    place = inspection.file if inspection.line is None else f"{inspection.file}:{inspection.line}"
    yield "bot", [f"class {inspection.bot_class} in {place}"]
    yield "callbacks", inspection.callbacks
    yield "webhooks", [f"{route.http_method} {route.name}" for route in inspection.routes]
    yield "cron", [f"{job.handler} ({job.schedule})" for job in inspection.jobs]
    yield "venues", inspection.venues
    yield "sources", inspection.srcs
    yield "symbols", inspection.symbols
    yield "native calls", [f"{call.method} {call.path} ({call.version})" for call in inspection.endpoints]

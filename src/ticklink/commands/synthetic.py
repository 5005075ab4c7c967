"""Synthetic markets into an archive: what `ticklink data synth` and the demo share."""

from collections.abc import Iterable
from pathlib import Path

from ticklink.model.errors import InputError
from ticklink.simulator.market import Columns
from ticklink.storage import archive
from ticklink.storage.columns import Quotes, Trades, join


def write_synthetic(root: Path, src: str, sym: str, parts: Iterable[tuple[Columns, Columns]]) -> tuple[int, int]:
    """Write parts of (quotes, trades) to the archive; returns how many there were of each."""
    if any((each.src, each.sym) == (src, sym) for each in archive.streams(root)):
        raise InputError(
            f"{root} has data of {src}:{sym} already, and two markets must not be mixed; give another --out, or delete "
            f"{archive.folder(root, src, sym, 'quotes').parent}"
        )
    quotes, trades = zip(*((Quotes(**quotes), Trades(**trades)) for quotes, trades in parts), strict=True)
    archive.write_quotes(root, src, sym, join(list(quotes)))
    archive.write_trades(root, src, sym, join(list(trades)))
    return sum(len(part.time) for part in quotes), sum(len(part.time) for part in trades)

"""How fast a day of BitMEX quotes is imported, against pandas reading the same file into memory.

Run: python benchmarks/import_quotes.py [rows of the synthetic dump]
"""

import gzip
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ticklink.storage.importers.importing import import_files

DAY_NS = 86_400_000_000_000
START = np.datetime64("2024-01-01", "ns")
HEADER = b"timestamp,symbol,bidSize,bidPrice,askPrice,askSize\n"
CHUNK = 250_000


def main(rows: int = 5_000_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "20240101.csv.gz"
        write_dump(dump, rows)
        print(f"{rows:,} quotes of three symbols, {dump.stat().st_size / 1e6:,.0f} MB gzipped")
        baseline = timed(lambda: pd.read_csv(dump))
        print(
            f"pandas.read_csv   {baseline:6.2f} s  {rows / baseline:12,.0f} rows/s   (reads into memory, parses no times)"
        )
        fresh = timed(lambda: import_files([dump], Path(folder) / "archive"))
        report("ticklink import", fresh, rows, baseline)
        again = timed(lambda: import_files([dump], Path(folder) / "archive"))
        report("imported again", again, rows, baseline)


def report(name: str, seconds: float, rows: int, baseline: float) -> None:
    print(f"{name:17} {seconds:6.2f} s  {rows / seconds:12,.0f} rows/s   {baseline / seconds:.2f} x pandas")


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write_dump(path: Path, rows: int) -> None:
    """Three symbols one after the other, as the dumps are, each with the times of a day."""
    random = np.random.default_rng(1)
    shares = {"ETHUSD": (0.25, 2500.0, 0.05), "XBTUSD": (0.5, 42_000.0, 0.5), "XBTUSDT": (0.25, 42_000.0, 0.5)}
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(HEADER)
        for symbol, (share, price, tick) in shares.items():
            write_symbol(file, random, symbol, int(rows * share), price, tick)


def write_symbol(
    file: gzip.GzipFile, random: np.random.Generator, symbol: str, rows: int, price: float, tick: float
) -> None:
    times = np.sort(random.integers(0, DAY_NS // 1_000_000, rows))
    bid = price + tick * np.cumsum(random.choice([-1, 0, 0, 0, 1], rows))
    sizes = random.integers(1, 9000, (rows, 2)) * 100
    for start in range(0, rows, CHUNK):
        part = slice(start, start + CHUNK)
        stamps = np.datetime_as_string(START + times[part].astype("timedelta64[ms]"), "ns")
        lines = (
            f"{stamp[:10]}D{stamp[11:]},{symbol},{bid_size},{low:g},{low + tick:g},{ask_size}\n"
            for stamp, low, (bid_size, ask_size) in zip(stamps, bid[part].tolist(), sizes[part].tolist(), strict=True)
        )
        file.write("".join(lines).encode())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

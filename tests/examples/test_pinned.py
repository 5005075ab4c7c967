"""Results of examples that must not change by themselves. Where a change of them is meant, renew the table:

python -m tests.examples.test_pinned
"""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from tests.backtest.lab import Lab, running_server
from tests.examples.conftest import EXAMPLES, make_market

SEED = "3"


class Pin(NamedTuple):
    """What a run came to; `sha256` is that of its whole JSON but for its duration, and the versions and files it ran on."""

    orders: int
    fills: int
    net_pnl: float
    sha256: str


# fmt: off
PINS = {
    "grid_bot": Pin(78, 53, -82.844974, "d919231ce7d64498e5ae1c436b25428768a873646c90bc6e5d4af0018eea63b1"),
    "mean_reversion": Pin(3, 3, -4.353436, "4d9771e494d9a0f40d93a4c772cfdbfa4f2e5378c663068a1302ee62068e5d3f"),
    "native_post_only": Pin(10, 9, 0.477015, "f94baba2a9c034efaaac3efda50424af8c59fe14f09ff4021e33103ab8e820c2"),
}
# fmt: on
NAMES = ("grid_bot", "mean_reversion", "native_post_only")


def pin(lab: Lab, name: str) -> Pin:
    ended = lab.backtest(EXAMPLES / f"{name}.py", "--seed", SEED)
    assert (ended.code, ended.errors) == (0, "")
    result: dict[str, Any] = json.loads(ended.output)
    # the checksums of the archive's files change with the library that writes them
    del result["timing"], result["run"]["versions"], result["run"]["data"]
    digest = hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
    return Pin(len(result["orders"]), len(result["fills"]), round(result["metrics"]["net_pnl"], 6), digest)


@pytest.mark.parametrize("name", NAMES)
def test_a_pinned_result_is_the_same(lab: Lab, name: str) -> None:
    assert pin(lab, name) == PINS[name], "if this is meant: python -m tests.examples.test_pinned"


def renew() -> None:
    """Write the table anew."""
    with TemporaryDirectory() as folder, running_server() as server:
        lab = Lab(Path(folder), server)
        make_market(lab.data)
        table = "".join(f'    "{name}": Pin{tuple(pin(lab, name))},\n' for name in NAMES)
    path = Path(__file__)
    before, rest = path.read_text().split("PINS = {\n", 1)
    path.write_text(f"{before}PINS = {{\n{table.replace(chr(39), chr(34))}}}\n{rest.partition('}' + chr(10))[2]}")


if __name__ == "__main__":
    renew()

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
    "grid_bot": Pin(78, 53, -82.844974, "4db6fdea35acad203d4a46c9e0af184acb11a71f3301413360cf1d80a840d76e"),
    "mean_reversion": Pin(3, 3, -4.353436, "eee4c18ba436d65e5874e9c5e3acb17777c581df3ba44672abeb7af1de97d932"),
    "native_post_only": Pin(10, 9, 0.477015, "4820da535f6b878ad9268ec8f35df048faa7dc8641d85c1386e1a8aa95b37c68"),
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

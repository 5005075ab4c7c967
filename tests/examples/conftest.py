from pathlib import Path

import pytest

from tests.backtest.conftest import server as server  # the fixture, for this folder too
from tests.backtest.lab import Lab, Server
from ticklink.commands.synthetic import write_synthetic
from ticklink.simulator.market import generate
from ticklink.storage.instruments import catalog

EXAMPLES = Path(__file__).parents[2] / "examples"
HOURS, SEED = 1 / 3, 2


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty minutes of synthetic XBTUSD."""
    return make_market(tmp_path_factory.mktemp("synthetic"))


@pytest.fixture
def lab(tmp_path: Path, server: Server, market: Path) -> Lab:
    """A folder whose archive is the synthetic market."""
    lab = Lab(tmp_path, server)
    lab.data = market
    return lab


def make_market(root: Path) -> Path:
    parts = generate(catalog(None)("bitmex", "XBTUSD"), hours=HOURS, seed=SEED)
    write_synthetic(root, "bitmex", "XBTUSD", parts)
    return root

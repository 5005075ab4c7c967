"""The same backtest gives the same bytes, whatever randomness the bot uses."""

import json
from typing import Any

import msgspec
import pytest

from tests.backtest.lab import Lab, said, speaking
from ticklink.backtest.result import Result

RANDOM = speaking("""
    def on_start(self):
        import os, random, secrets, uuid
        import numpy as np
        names = {"alpha", "beta", "gamma", "delta", "epsilon"}
        self.say("random", random.random(), random.SystemRandom().random(), random.SystemRandom().randrange(10**9))
        self.say("numpy", np.random.rand(2), np.random.default_rng().integers(10**9), np.random.RandomState().rand())
        self.say("ids", str(uuid.uuid4()), secrets.token_hex(8), secrets.randbelow(10**9), os.urandom(4).hex())
        self.say("names", list(names), hash("text"), min({object(), object()}, key=repr) is None)
        self.say("unseeded", random.Random().random(), secrets.randbits(64), random.randbytes(4).hex(), str(uuid.uuid1()))
        random.seed()
        np.random.seed()
        self.say("reseeded", random.random(), np.random.rand())
        self.say("fixed", random.Random(1).random(), np.random.default_rng(1).integers(10**9))
    def quote_update(self, src, sym, data):
        import random
        if random.random() < 0.5:
            self.create_limit_order("BitMEX", "XBTUSD", random.choice(["Buy", "Sell"]), 100, 60_000 + random.randint(-3, 3))
""")


def untimed(output: bytes) -> Any:
    """The JSON but for how long the run took."""
    result = json.loads(output)
    del result["timing"]
    return json.dumps(result)


def test_two_runs_are_the_same_and_another_seed_is_not(lab: Lab) -> None:
    lab.calm(60)
    bot = lab.bot(RANDOM)
    first, second, other = (lab.backtest(bot, "--latency", "3ms~10ms", "--seed", seed) for seed in ("5", "5", "6"))
    assert (first.code, first.errors, first.result.run.status) == (0, "", "completed")
    assert len(first.result.orders) > 10
    assert untimed(first.output) == untimed(second.output)
    assert said(first.result) != said(other.result)
    told = {name: values for name, *values, _ in said(first.result)}
    others = {name: values for name, *values, _ in said(other.result)}
    for name in ("random", "numpy", "ids", "reseeded"):
        assert all(one != two for one, two in zip(told[name], others[name], strict=True)), name
    assert told["unseeded"] != others["unseeded"][:3]
    assert told["fixed"] == others["fixed"]


def test_the_python_that_was_started_does_not_matter(lab: Lab) -> None:
    """The command begins anew with a fixed hash seed, so that sets of texts have one order."""
    import os
    import subprocess
    import sys

    lab.calm(5)
    bot = lab.bot(speaking('def on_start(self):\n    self.say(list({"alpha", "beta", "gamma", "delta", "epsilon"}))'))
    words = ["backtest", str(bot), "--data", str(lab.data), "--market", "bitmex:XBTUSD", "--venue", "BitMEX=bitmex"]
    command = [sys.executable, "-W", "error", "-m", "ticklink", *words, "--json", "-"]
    child = subprocess.run(
        command, capture_output=True, timeout=100, check=False, env={**os.environ, "PYTHONHASHSEED": "123"}
    )
    assert (child.returncode, child.stderr) == (0, b"")
    assert untimed(child.stdout) == untimed(lab.backtest(bot).output)


def test_the_json_has_every_field_of_the_result_and_no_other(lab: Lab) -> None:
    lab.calm(5)
    output = lab.backtest(RANDOM).output
    given = json.loads(output)
    assert given == json.loads(msgspec.json.encode(msgspec.json.decode(output, type=Result, strict=True)))
    assert list(given) == list(Result.__struct_fields__)
    assert list(given["run"])[4:6] == ["from", "to"]


@pytest.mark.parametrize("events", [0, 3])
def test_events_are_counted_once_the_bot_is_wired(lab: Lab, events: int) -> None:
    lab.calm(2)
    result = lab.play(
        speaking(f"""
        def __init__(self):
            time.sleep({5 if not events else 0.8})
            super().__init__()
        def quote_update(self, *event):
            self.say("quote")
        def trade_update(self, *event):
            self.say("trade")
        """)
    )
    assert len(said(result)) == events
    assert result.run.events == 5  # what went by before counts: it was replayed

"""Chance: what is random in a backtest's process is the same on every run of a seed."""

import os
import random
import secrets
import uuid
from types import ModuleType
from typing import Any

import numpy as np


def seed_everything(seed: int) -> None:
    """From here on random, numpy, uuid and secrets give what the seed decides, generators made without a seed too."""
    entropy = random.Random(f"ticklink {seed}")
    os.urandom = entropy.randbytes
    _replace(random.SystemRandom, "random", lambda _self: entropy.random())
    _replace(random.SystemRandom, "getrandbits", lambda _self, bits: entropy.getrandbits(bits))
    _replace(random.SystemRandom, "randbytes", lambda _self, count: entropy.randbytes(count))
    # these took the method before it was replaced
    _replace(secrets, "randbits", entropy.getrandbits)
    _replace(np.random.bit_generator, "randbits", entropy.getrandbits)
    _seed_unseeded(entropy)
    # uuid1: by Python, whose clock is the virtual one, not by the system's library; on a machine of no address
    _replace(uuid, "_generate_time_safe", None)
    _replace(uuid, "_node", entropy.getrandbits(48))
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _seed_unseeded(entropy: random.Random) -> None:
    """`random.Random()` and `random.seed()` ask the operating system, in C."""
    by_value = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        by_value(self, entropy.getrandbits(256) if a is None else a, version)

    _replace(random.Random, "seed", seed)
    _replace(random, "seed", random.getrandbits.__self__.seed)  # type: ignore[attr-defined]


def _replace(owner: ModuleType | type, name: str, value: object) -> None:
    setattr(owner, name, value)

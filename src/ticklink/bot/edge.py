"""The edge to a bot's own code: where it is called, and what it raises is logged."""

import logging
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("ticklink.bot")
"""The logger a bot imports. It takes any object as message."""


def call(target: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a bot's function. What it raises is logged with its traceback, and the result is None.

    SystemExit passes: it ends the thread, which is what both sys.exit in a bot and the end of a run mean by it.
    """
    try:
        return target(*args, **kwargs)
    except Exception:
        logger.exception("%s raised an exception", name_of(target))
        return None


def name_of(target: Callable[..., Any]) -> str:
    """A function's name as its author knows it; functools.partial and callable objects have none of their own."""
    inner = getattr(target, "func", target)
    return getattr(inner, "__qualname__", None) or type(inner).__name__

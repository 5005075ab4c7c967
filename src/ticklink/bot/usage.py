"""Usage: the venues, sources, symbols, levels and native endpoints that a bot's source names."""

import ast
from collections.abc import Iterator

import msgspec

from ticklink.bot.constants import Scope, scopes, strings
from ticklink.bot.link import Link
from ticklink.bot.trading import ExchangeCalls

PLACES = ("quotes", "trades", "instruments", "market_streams")
"""Attributes that are read as [src][sym]."""

ROLES = {"venue": "venue", "src": "src", "sym": "sym", "symbol": "sym"}
"""What a name that is compared with a string says the string is."""

NAMED = ("venue", "src", "sym", "level", "side")
"""Parameters whose strings are worth knowing."""

ASKING = tuple(name for name in vars(ExchangeCalls) if not name.startswith("_"))
LOOKING = ("last_quote", "last_trade", "get_bars", "signal", "candle_bin", "time_range")


class Endpoint(msgspec.Struct, frozen=True):
    """A call of a venue's native REST API; `path` is source text where it is put together at run time."""

    method: str
    path: str
    version: str
    line: int


class Named(msgspec.Struct, frozen=True):
    """A string in its role: a venue, a src, a sym, a level or a side."""

    role: str
    text: str
    line: int


class Usage(msgspec.Struct, frozen=True):
    named: list[Named]
    endpoints: list[Endpoint]

    def of(self, role: str) -> list[str]:
        """What is named in a role, each once, in alphabetical order."""
        return sorted({named.text for named in self.named if named.role == role})


def usage(tree: ast.Module) -> Usage:
    """Reads the whole file: a bot is more than its class."""
    found: list[Named] = []
    endpoints: list[Endpoint] = []
    for nodes, scope in scopes(tree):
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found += _call(node, node.func, scope)
                if node.func.attr == "call_endpoint":
                    endpoints.append(_endpoint(node, scope))
            elif isinstance(node, ast.Compare):
                found += _comparison(node, scope)
            elif isinstance(node, ast.Subscript):
                found += _place(node, scope)
    return Usage(found, sorted(endpoints, key=lambda endpoint: endpoint.line))


def _call(node: ast.Call, function: ast.Attribute, scope: Scope) -> Iterator[Named]:
    is_own = isinstance(function.value, ast.Name) and function.value.id == "self"
    if function.attr in ASKING or (is_own and function.attr in LOOKING):
        for name, value in _arguments(node, function.attr).items():
            if name in NAMED:
                yield from (Named(name, text, node.lineno) for text in strings(value, scope))


def _arguments(node: ast.Call, call: str) -> dict[str, ast.expr]:
    code = getattr(Link, call).__code__
    names = code.co_varnames[1 : code.co_argcount]
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
    return dict(zip(names, node.args, strict=False)) | given


def _endpoint(node: ast.Call, scope: Scope) -> Endpoint:
    arguments = _arguments(node, "call_endpoint")
    path, version, method = (_spelt(arguments.get(name), scope) for name in ("path", "version", "method"))
    return Endpoint(method or "GET", path, version, node.lineno)


def _spelt(value: ast.expr | None, scope: Scope) -> str:
    """The one string meant, or the source text."""
    if value is None:
        return ""
    found = set(strings(value, scope))
    return found.pop() if len(found) == 1 else ast.unparse(value)


def _comparison(node: ast.Compare, scope: Scope) -> Iterator[Named]:
    sides = [node.left, *node.comparators]
    for side in sides:
        role = _role(side)
        if role is not None:
            texts = (text for other in sides if other is not side for text in strings(other, scope))
            yield from (Named(role, text, node.lineno) for text in texts)


def _role(node: ast.expr) -> str | None:
    """What `sym`, `self.sym`, `data["sym"]` or `data.get("sym")` stands for."""
    if isinstance(node, ast.Name):
        return ROLES.get(node.id)
    if isinstance(node, ast.Attribute):
        return ROLES.get(node.attr)
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        key = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        key = node.args[0]
    return ROLES.get(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


def _place(node: ast.Subscript, scope: Scope) -> Iterator[Named]:
    """`self.quotes["bitmex"]["XBTUSD"]`, `self.venues["BitMEX"]`"""
    if isinstance(node.value, ast.Subscript) and _own_attribute(node.value.value) in PLACES:
        yield from (Named("sym", text, node.lineno) for text in strings(node.slice, scope))
    role = "venue" if _own_attribute(node.value) == "venues" else "src"
    if _own_attribute(node.value) in (*PLACES, "venues"):
        yield from (Named(role, text, node.lineno) for text in strings(node.slice, scope))


def _own_attribute(node: ast.expr) -> str | None:
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if is_own and isinstance(node, ast.Attribute) else None

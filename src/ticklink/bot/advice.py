"""Advice: what in a bot's source will not do what its author means, told without running it."""

import ast
import difflib
import re
from collections.abc import Iterator

import msgspec

from ticklink.bot import schedule
from ticklink.bot.bot_class import BotClass, Method
from ticklink.bot.constants import Scope, numbers, strings
from ticklink.bot.hooks import ROUTE_NAME
from ticklink.bot.link import CALLBACKS, CANDLE_CALLBACKS, Link
from ticklink.bot.usage import Usage
from ticklink.model.candles import LEVELS_MS
from ticklink.model.errors import InputError
from ticklink.model.requests import SIDES

EVENTS = ("quote", "trade", "order", "fill", "position")
NEARNESS = 0.8
"""How alike two names are that are taken for one, from 0 to 1."""


class Remark(msgspec.Struct, frozen=True):
    line: int
    message: str


def errors(bot: BotClass, scope: Scope) -> Iterator[Remark]:
    """What makes loading fail: the decorators of webhooks and jobs, used wrongly."""
    for method in bot.methods.values():
        for decorator in bot.decorators(method, "http.route"):
            yield from _route_errors(method, decorator)
        for decorator in bot.decorators(method, "cron.run"):
            yield from _job_errors(method, decorator, scope)


def warnings(bot: BotClass, tree: ast.Module, used: Usage) -> Iterator[Remark]:
    """What loads and will not work as meant."""
    for method in bot.methods.values():
        yield from _callback_warnings(method)
        if method.name == "__init__" and not _constructs_link(method):
            yield Remark(method.lineno, "__init__ does not call super().__init__(): no callback will ever be called")
    yield from _misspelt(bot, tree)
    yield from _unknown_words(used)


def job_schedule(decorator: ast.expr, scope: Scope) -> dict[str, object]:
    """The arguments of `cron.run` with the values that can be told; source text stands for the others."""
    if not isinstance(decorator, ast.Call):
        return {}
    names = ("every", "on", "expr")
    given = dict(zip(names, decorator.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in decorator.keywords if keyword.arg is not None}
    return {name: _value(node, scope) for name, node in given.items()}


class Unknown(str):
    """Source text whose value shows at run time."""


def _value(node: ast.expr, scope: Scope) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    found = [*strings(node, scope), *numbers(node, scope)]
    return found[0] if len(found) == 1 else Unknown(ast.unparse(node))


def _route_errors(method: Method, decorator: ast.expr) -> Iterator[Remark]:
    if isinstance(decorator, ast.Call):
        yield Remark(decorator.lineno, "@http.route takes no arguments; the method's name is the route")
    elif ROUTE_NAME.fullmatch(method.name) is None:
        yield Remark(
            decorator.lineno,
            f"@http.route is on {method.name}, but a route is named get_<name> or post_<name>, "
            f"such as get_{method.name.strip('_')}",
        )
    if not _takes(method, 2):
        yield Remark(method.lineno, f"@http.route: {method.name} has to take (self, data)")


def _job_errors(method: Method, decorator: ast.expr, scope: Scope) -> Iterator[Remark]:
    if not isinstance(decorator, ast.Call):
        yield Remark(decorator.lineno, "@cron.run needs a schedule: every=60, on='15m' or expr='0 9 * * *'")
        return
    given = job_schedule(decorator, scope)
    unknown = sorted(given.keys() - {"every", "on", "expr"})
    if unknown:
        yield Remark(decorator.lineno, f"cron.run takes every, on or expr, not {', '.join(unknown)}")
    elif len(given) != 1 or not any(isinstance(value, Unknown) for value in given.values()):
        try:
            schedule.parse(**given)
        except InputError as error:
            yield Remark(decorator.lineno, str(error))
    if not _takes(method, 1):
        yield Remark(method.lineno, f"@cron.run: {method.name} has to take (self)")


def _callback_warnings(method: Method) -> Iterator[Remark]:
    count = 1 if method.name == "on_start" else 4
    if method.name not in (*CALLBACKS, "on_start") and not method.name.startswith("candle_update_"):
        return
    if isinstance(method, ast.AsyncFunctionDef):
        yield Remark(method.lineno, f"{method.name} is async, and callbacks are not awaited: it will never run")
    if not _takes(method, count):
        last = "bars" if method.name.startswith("candle_update_") else "data"
        wanted = "(self)" if count == 1 else f"(self, src, sym, {last})"
        yield Remark(method.lineno, f"{method.name} will be called with {wanted}, which it cannot take")
    if method.name.startswith("candle_update_") and method.name not in CANDLE_CALLBACKS:
        level = method.name.removeprefix("candle_update_")
        yield Remark(method.lineno, f"{method.name}: there is no level {level!r}; there are {', '.join(LEVELS_MS)}")


def _takes(method: Method, count: int) -> bool:
    """Whether the method can be called with that many positional arguments, self included."""
    static = any(
        isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in method.decorator_list
    )
    arguments = method.args
    named = len(arguments.posonlyargs) + len(arguments.args) + static
    needs_keyword = any(default is None for default in arguments.kw_defaults)
    return named - len(arguments.defaults) <= count and (count <= named or bool(arguments.vararg)) and not needs_keyword


def _constructs_link(method: Method) -> bool:
    called = (node.func for node in ast.walk(method) if isinstance(node, ast.Call))
    return any(isinstance(function, ast.Attribute) and function.attr == "__init__" for function in called)


def _misspelt(bot: BotClass, tree: ast.Module) -> Iterator[Remark]:
    """Methods that nothing in the file speaks of, with names like that of a callback."""
    spoken_of = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for method in bot.methods.values():
        if method.name in spoken_of or hasattr(Link, method.name) or method.decorator_list:
            continue
        meant = _callback_meant(method.name)
        if meant is not None and meant not in bot.methods:
            yield Remark(method.lineno, f"{method.name} is not a callback and nothing calls it; did you mean {meant}?")


def _callback_meant(name: str) -> str | None:
    if name.startswith(("_", "candle_update_")):
        return None
    words = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", name).lower())
    event = next((event for event in EVENTS if {event, f"{event}s"} & set(words)), None)
    if event is not None and {"on", "update", "updates", "updated", "handle", "handler", "callback"} & set(words):
        return f"{event}_update"
    if "candle" in words and ("on" in words or "update" in words):
        return "candle_update_1m"
    close = difflib.get_close_matches(name.lower(), [*CALLBACKS, "on_start"], 1, NEARNESS)
    return close[0] if close else None


def _unknown_words(used: Usage) -> Iterator[Remark]:
    for named in used.named:
        if named.role == "level" and named.text not in LEVELS_MS:
            yield Remark(named.line, f"there is no level {named.text!r}; there are {', '.join(LEVELS_MS)}")
        if named.role == "side" and named.text not in SIDES:
            yield Remark(named.line, f"there is no side {named.text!r}; there are Buy and Sell")

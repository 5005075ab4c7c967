"""BotClass: the class Trading(Link) of a source that is not run, with its methods and what decorates them."""

import ast
from collections.abc import Iterator

import msgspec

from ticklink.bot import source
from ticklink.bot.constants import FUNCTIONS, dotted

Method = ast.FunctionDef | ast.AsyncFunctionDef
PACKAGES = ("ticklink", "profitview")


class BotClass(msgspec.Struct, frozen=True):
    """`methods` include those of base classes in the same file. `line` is None where the class is imported."""

    name: str
    line: int | None
    methods: dict[str, Method]
    api: dict[str, str]
    """How the file spells the names of the bot API: {"web.route": "http.route"} after `from ticklink import http as web`."""

    def decorators(self, method: Method, name: str) -> Iterator[ast.expr]:
        """A method's decorators that are `http.route` or `cron.run`, called or not."""
        for decorator in method.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if spelt(called, self.api) == name:
                yield decorator


def find(tree: ast.Module, file: str) -> BotClass:
    """The bot of a source. Raises LoadError that says what was found instead."""
    api = dict(_api_names(tree))
    top = [node for statement in tree.body for node in _outside_functions(statement)]
    classes = {node.name: node for node in top if isinstance(node, ast.ClassDef)}
    imported = {name for node in top if isinstance(node, ast.Import | ast.ImportFrom) for name in _bound_names(node)}
    for name in source.BOT_CLASSES:
        class_name = next((alias for alias in _aliases(top, name) if alias in classes), name)
        if class_name in classes and _derives(classes[class_name], classes, api, imported, set()):
            node = classes[class_name]
            return BotClass(class_name, node.lineno, _methods(node, classes, set()), api)
        if class_name in imported and class_name not in classes:
            return BotClass(class_name, None, {}, api)
    raise source.no_bot_class(tree, file)


def spelt(node: ast.expr, api: dict[str, str]) -> str:
    """A dotted name with what the file calls the bot API put back into its own names."""
    first, _, rest = dotted(node).partition(".")
    plain = api.get(first, first)
    return f"{plain}.{rest}" if plain and rest else plain or rest


def _api_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            top, _, inner = node.module.partition(".")
            if top in PACKAGES:
                prefix = f"{inner}." if inner in ("http", "cron") else ""
                yield from ((alias.asname or alias.name, f"{prefix}{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, "") for alias in node.names if alias.name in PACKAGES)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


def _bound_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]


def _aliases(top: list[ast.AST], name: str) -> list[str]:
    """`Trading = Grid`"""
    assigned = [node for node in top if isinstance(node, ast.Assign)]
    return [dotted(node.value) for node in assigned if name in map(dotted, node.targets)]


def _derives(
    node: ast.ClassDef, classes: dict[str, ast.ClassDef], api: dict[str, str], imported: set[str], seen: set[str]
) -> bool:
    """From Link; what another module gives is taken to."""
    seen = seen | {node.name}
    for base in node.bases:
        name = dotted(base)
        if spelt(base, api) in ("Link", "link.Link"):
            return True
        if name in classes and name not in seen and _derives(classes[name], classes, api, imported, seen):
            return True
        first = name.partition(".")[0]
        if first in imported and first not in api:
            return True
    return False


def _methods(node: ast.ClassDef, classes: dict[str, ast.ClassDef], seen: set[str]) -> dict[str, Method]:
    methods: dict[str, Method] = {}
    seen = seen | {node.name}
    for base in reversed(node.bases):
        name = dotted(base)
        if name in classes and name not in seen:
            methods |= _methods(classes[name], classes, seen)
    return methods | {child.name: child for child in node.body if isinstance(child, FUNCTIONS)}

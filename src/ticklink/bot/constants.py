"""Constants: which strings an expression in a bot's source may stand for, as far as that can be told without running it."""

import ast
from collections import ChainMap
from collections.abc import Iterator

MAX_DEPTH = 8
"""How many names lead to one another before we stop following."""

Bindings = dict[str, list[ast.expr]]
Scope = ChainMap[str, list[ast.expr]]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def strings(node: ast.expr | None, scope: Scope, depth: int = 0) -> list[str]:
    """The strings that an expression may be or hold: a literal, a name for one, a list of them, the keys of a dict."""
    if node is None or depth > MAX_DEPTH:
        return []
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    return [text for part in _parts(node, scope) for text in strings(part, scope, depth + 1)]


def numbers(node: ast.expr, scope: Scope, depth: int = 0) -> list[float]:
    """The number that an expression stands for: a literal, a name for one, a product or quotient of such."""
    if depth > MAX_DEPTH:
        return []
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, int | float) and not isinstance(node.value, bool) else []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        factors = numbers(node.left, scope, depth + 1), numbers(node.right, scope, depth + 1)
        return [factors[0][0] * factors[1][0]] if all(len(factor) == 1 for factor in factors) else []
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [-number for number in numbers(node.operand, scope, depth + 1)]
    name = dotted(node)
    return [number for bound in scope.get(name, ()) for number in numbers(bound, scope, depth + 1)] if name else []


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a name or an attribute of one, else ''."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def scopes(tree: ast.Module) -> Iterator[tuple[list[ast.AST], Scope]]:
    """Every stretch of code with the names that are bound in it: each function, each class, the module."""
    shared = module_scope(tree)
    for function in _outer_functions(tree):
        nodes = list(ast.walk(function))
        yield nodes, shared.new_child(_bound(nodes))
    for owner in (tree, *_classes(tree)):
        yield list(_own_nodes(owner)), shared


def module_scope(tree: ast.Module) -> Scope:
    """The names that hold throughout a file: of the module, of its classes (`NAME`, `self.NAME`), and what methods set."""
    shared = _bound(list(_own_nodes(tree)))
    for class_ in _classes(tree):
        for name, values in _bound(list(_own_nodes(class_))).items():
            for spelling in (name, f"self.{name}", f"cls.{name}", f"{class_.name}.{name}"):
                shared.setdefault(spelling, []).extend(values)
    for function in _outer_functions(tree):
        for name, values in _bound(list(ast.walk(function))).items():
            if "." in name:
                shared.setdefault(name, []).extend(values)
    return ChainMap(shared)


def _parts(node: ast.expr, scope: Scope) -> list[ast.expr | None]:
    """The expressions whose strings are those of this one."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return list(node.elts)
    if isinstance(node, ast.Dict):
        return list(node.keys)
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return list(node.values)
    if isinstance(node, ast.Starred):
        return [node.value]
    if isinstance(node, ast.NamedExpr):
        return [node.value]
    if isinstance(node, ast.Subscript):
        return _item(node, scope)
    if isinstance(node, ast.Call):
        return _called(node, scope)
    return list(scope.get(dotted(node), ()))


def _item(node: ast.Subscript, scope: Scope, depth: int = 0) -> list[ast.expr | None]:
    """`CONFIG["venue"]` of a dict, `PAIRS[0]` of a list; where the key shows at run time only, any of them."""
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    found: list[ast.expr | None] = []
    for holder in _holders(node.value, scope, depth):
        if isinstance(holder, ast.Dict):
            pairs = zip(holder.keys, holder.values, strict=True)
            found += [value for name, value in pairs if key is None or _is_constant(name, key)]
        elif isinstance(key, int) and -len(holder.elts) <= key < len(holder.elts):
            found += [holder.elts[key]]
        else:
            found += holder.elts
    return found


def _called(node: ast.Call, scope: Scope) -> list[ast.expr | None]:
    """`data.get("venue", "BitMEX")`, `CONFIG.values()`, `CONFIG.keys()`, `sorted(SYMS)`."""
    if isinstance(node.func, ast.Name):
        return list(node.args[:1]) if node.func.id in ("sorted", "list", "tuple", "set", "str", "reversed") else []
    if not isinstance(node.func, ast.Attribute):
        return []
    name, owner = node.func.attr, node.func.value
    if name == "get":
        return list(node.args[1:2])
    if name in ("keys", "items"):
        return [owner]
    if name == "values":
        return [value for holder in _holders(owner, scope) if isinstance(holder, ast.Dict) for value in holder.values]
    return [owner] if name in ("upper", "lower", "strip", "split") else []


def _holders(node: ast.expr | None, scope: Scope, depth: int = 0) -> list[ast.Dict | ast.List | ast.Tuple | ast.Set]:
    """The literal dicts and lists that an expression may be."""
    if node is None or depth > MAX_DEPTH:
        return []
    if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set):
        return [node]
    inner = _item(node, scope, depth + 1) if isinstance(node, ast.Subscript) else scope.get(dotted(node), ())
    return [holder for part in inner for holder in _holders(part, scope, depth + 1)]


def _is_constant(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _classes(tree: ast.Module) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def _own_nodes(owner: ast.AST) -> Iterator[ast.AST]:
    """What belongs to a module or a class itself, not to a class or function within."""
    for child in ast.iter_child_nodes(owner):
        if not isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield child
            yield from _own_nodes(child)


def _outer_functions(owner: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods, without the functions inside them."""
    for child in ast.iter_child_nodes(owner):
        if isinstance(child, FUNCTIONS):
            yield child
        else:
            yield from _outer_functions(child)


def _bound(nodes: list[ast.AST]) -> Bindings:
    bindings: Bindings = {}
    for node in nodes:
        for target, value in _assignments(node):
            name = dotted(target)
            if name:
                bindings.setdefault(name, []).append(value)
    return bindings


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpacked(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.comprehension):
        yield from _looped(node.target, node.iter)
    elif isinstance(node, ast.arguments):
        named = [*node.posonlyargs, *node.args]
        pairs = zip(named[len(named) - len(node.defaults) :], node.defaults, strict=True)
        for parameter, default in (*pairs, *zip(node.kwonlyargs, node.kw_defaults, strict=True)):
            if default is not None:
                yield ast.Name(parameter.arg), default


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    both = (ast.Tuple, ast.List)
    if isinstance(target, both) and isinstance(value, both) and len(target.elts) == len(value.elts):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


def _looped(target: ast.expr, iterated: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """`for sym in SYMS` binds sym to what SYMS holds; `for venue, sym in PAIRS` each name to its place in the pairs."""
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, iterated
        return
    function = iterated.func if isinstance(iterated, ast.Call) else None
    columns: list[ast.expr] = []
    if isinstance(function, ast.Attribute) and function.attr == "items":
        columns = [iterated, ast.Subscript(function.value, ast.Name("_"))]
    elif isinstance(iterated, ast.Call) and dotted(iterated.func) == "zip":
        columns = iterated.args
    elif isinstance(iterated, ast.Call) and dotted(iterated.func) == "enumerate":
        columns = [ast.Constant(0), *iterated.args[:1]]
    else:
        row = ast.Subscript(iterated, ast.Name("_"))
        columns = [ast.Subscript(row, ast.Constant(i)) for i in range(len(target.elts))]
    yield from zip(target.elts, columns, strict=False)

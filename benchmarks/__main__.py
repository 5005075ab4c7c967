"""Runs the benchmarks one after the other: `./dev bench`, or `./dev bench NAME ...`.

A benchmark is a module of this package with a `main`. One that imports what .venv lacks (it compares with another engine)
runs in .venv-bench, where benchmarks/requirements.lock is installed, and is skipped where that is missing too.
"""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
OTHER_PYTHON = ROOT / ".venv-bench/bin/python"
SET_UP = "uv venv .venv-bench && uv pip install --python .venv-bench/bin/python -r benchmarks/requirements.lock -e ."


def main(names: list[str]) -> int:
    known = benchmarks()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    failed = [name for name in names or known if not run(name)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def benchmarks() -> list[str]:
    return [path.stem for path in sorted(FOLDER.glob("*.py")) if "main" in functions(path) and path.stem != "__main__"]


def run(name: str) -> bool:
    """Whether it ran to its end, or had a reason not to begin."""
    print(f"\n== {name}: {headline(name)}", flush=True)
    needed = imports(FOLDER / f"{name}.py")
    python, absent = sys.executable, [package for package in needed if find_spec(package) is None]
    if absent and OTHER_PYTHON.exists():
        python, absent = str(OTHER_PYTHON), [package for package in needed if not has(OTHER_PYTHON, package)]
    if absent:
        print(f"skipped: it needs {', '.join(absent)}, which .venv-bench does not have. To make that: {SET_UP}")
        return True
    return subprocess.run([python, "-m", f"benchmarks.{name}"], cwd=ROOT).returncode == 0


def headline(name: str) -> str:
    return (ast.get_docstring(tree(FOLDER / f"{name}.py")) or "").partition("\n")[0]


def imports(path: Path) -> list[str]:
    """The packages that a module imports when it is imported."""
    names: list[str] = []
    for statement in tree(path).body:
        if isinstance(statement, ast.Import):
            names += [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            names.append(statement.module or "")
    return sorted({name.partition(".")[0] for name in names})


def functions(path: Path) -> set[str]:
    return {statement.name for statement in tree(path).body if isinstance(statement, ast.FunctionDef)}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def has(python: Path, package: str) -> bool:
    finding = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", finding], cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

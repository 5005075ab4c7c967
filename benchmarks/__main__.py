"""Runs the benchmarks one after the other, each in a process of its own: `./dev bench`, or `./dev bench NAME ...`.

A benchmark is a module of this package with a `main`. One whose imports are not all installed is skipped, and said so.
"""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent


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
    return [path.stem for path in sorted(FOLDER.glob("*.py")) if path.stem != "__main__" and "main" in functions(path)]


def run(name: str) -> bool:
    """Whether it ran to its end, or had a reason not to begin."""
    path = FOLDER / f"{name}.py"
    print(f"\n== {name}: {(ast.get_docstring(tree(path)) or '').partition(chr(10))[0]}", flush=True)
    absent = [package for package in imports(path) if find_spec(package) is None]
    if absent:
        print(f"skipped: {', '.join(absent)} is not installed")
        return True
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=FOLDER.parent).returncode == 0


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

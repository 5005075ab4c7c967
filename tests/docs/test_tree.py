"""The tree itself: modules introduce themselves and stay small, dependencies are justified, nothing names a machine."""

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.docs import pages

MODULES = sorted((pages.ROOT / "src").rglob("*.py"))
MOST_LINES = 400
PLACE = re.compile(r"(?<![\w.:/-])/(?:home|Users|root|mnt|srv)/\w")
INDEX = re.compile(r"pypi\.|pythonhosted|--(?:extra-)?index-url|--find-links")
THIS = "tests/docs/test_tree.py"


@pytest.mark.parametrize("module", MODULES, ids=pages.name)
def test_a_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", MODULES, ids=pages.name)
def test_a_module_is_one_idea(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_every_dependency_has_its_line_and_every_line_its_dependency() -> None:
    project = tomllib.loads(pages.read("pyproject.toml"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!~;\[ ]", requirement)[0] for requirement in needed}
    assert set(re.findall(r"^\| `([\w-]+)` \|", pages.read("DEPENDENCIES.md"), re.MULTILINE)) == names


def test_no_file_names_a_machine_or_a_package_index() -> None:
    named = [
        f"{path}:{number}: {line.strip()}"
        for path in tracked()
        for number, line in enumerate((pages.ROOT / path).read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if PLACE.search(line) or INDEX.search(line) or str(pages.ROOT) in line
    ]
    assert named == []


def tracked() -> list[str]:
    """Every file of the repository."""
    if shutil.which("git") is None or not (pages.ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    listing = ["git", "ls-files", "-z"]
    names = subprocess.run(listing, cwd=pages.ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and name != THIS and (pages.ROOT / name).is_file()]

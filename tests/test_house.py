"""What import-linter cannot see of the house that docs/architecture.md draws."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import ebm_studio

ROOT = Path(ebm_studio.__file__).parent


def imported(path: Path) -> set[str]:
    """The modules that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_studio_draws_nothing():
    files = sorted((ROOT / "app" / "studio").rglob("*.py"))
    assert files
    assert [path.name for path in files if "PySide6.QtWidgets" in imported(path)] == []


def test_nothing_lies_loose_in_the_app():
    assert {path.name for path in (ROOT / "app").glob("*.py")} == {"__init__.py", "main.py"}


def test_the_window_names_no_page():
    names = {name for name in imported(ROOT / "app" / "shell" / "window.py") if name.startswith("ebm_studio.app.pages")}
    assert names == {"ebm_studio.app.pages.page", "ebm_studio.app.pages.page.Page"}


def test_files_and_functions_stay_short():
    """A file is read in one sitting, and a function is seen on one screen."""
    assert lines(ROOT / "app" / "shell" / "window.py") < 250
    files = sorted(ROOT.rglob("*.py"))
    assert [f"{path.name}: {lines(path)} lines" for path in files if lines(path) > 400] == []
    long = [
        f"{path.name}: {node.name}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert long == []


def test_no_file_takes_a_private_name_from_another():
    """What several files need has a public name."""
    taken = [
        f"{path.name}: {name}"
        for path in ROOT.rglob("*.py")
        for name in imported(path)
        if name.startswith("ebm_studio.") and any(part.startswith("_") for part in name.split(".") if part[:2] != "__")
    ]
    assert taken == []


def test_the_files_that_the_architecture_names_exist():
    repository = ROOT.parent
    text = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = [name.replace("NAME", "*") for name in re.findall(r"`([\w/]+/\w+\.py)`", text)]
    assert len(named) > 30
    assert [name for name in named if not [*ROOT.glob(name), *repository.glob(name)]] == []


def test_the_activation_is_asked_in_one_place():
    files = [path for path in ROOT.rglob("*.py") if re.search(r"activation [!=]= ", path.read_text(encoding="utf-8"))]
    assert [path.name for path in files] == ["specs.py"]

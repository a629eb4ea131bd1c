"""What import-linter cannot see of the house that docs/architecture.md draws."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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


def public(path: Path) -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """A file's public functions and methods, each with its name and its docstring, and that of its class."""

    def within(node: ast.AST, owner: str, about: str) -> Iterator[tuple[str, ast.FunctionDef, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
                text = about + (ast.get_docstring(child) or "")
                if isinstance(child, ast.ClassDef):
                    yield from within(child, f"{child.name}.", text)
                elif ast.get_docstring(child):
                    yield f"{path.name}: {owner}{child.name}", child, text

    return within(ast.parse(path.read_text(encoding="utf-8")), "", "")


ARRAYS = re.compile(r"\b(Tensor|NDArray|Pixels|Floats|Bytes|Values)\b")
"""Types of arrays whose own names tell no shape, as `Points` and `Rows` do."""
SHAPES = re.compile(r"\([\w.()+ ]+,([\w. +/×]+(,[\w. +/×]+)*,?)?\)|\(\.\.\., |\bshapes?\b|See `")


def test_public_functions_give_the_shapes_of_their_arrays():
    untold = []
    for name, function, text in (found for path in sorted(ROOT.rglob("*.py")) for found in public(path)):
        arguments = [*function.args.args, *function.args.kwonlyargs]
        hints = [ast.unparse(hint) for hint in (*(a.annotation for a in arguments), function.returns) if hint]
        if any(ARRAYS.search(hint) and "Callable" not in hint for hint in hints) and not SHAPES.search(text):
            untold.append(name)
    assert untold == []


def raised(node: ast.AST) -> Iterator[str]:
    """The classes that a function itself raises."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and isinstance(child.exc, ast.Call):
            yield ast.unparse(child.exc.func)
        elif not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield from raised(child)


def test_public_functions_name_the_errors_that_they_raise():
    untold = [
        name
        for path in sorted(ROOT.rglob("*.py"))
        for name, function, text in public(path)
        if any(kind.endswith("Error") and kind not in INSIDE for kind in raised(function)) and "Error`" not in text
        if not re.search(r"[Rr]aise|[Rr]efuse|See `", text)
    ]
    assert untold == []


INSIDE = ("NotImplementedError", "ValueError", "TypeError", "OSError", "AssertionError")
"""Of abstract methods, and those that are caught where they are raised."""

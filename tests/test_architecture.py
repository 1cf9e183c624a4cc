"""The rules of the house that a reader would otherwise have to remember."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = sorted((ROOT / "nnviz").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PACKAGING = sorted((ROOT / "packaging").rglob("*.py"))
EVERYTHING = [*PACKAGE, *TESTS, *PACKAGING]

MOST_LINES = 450
HEAVY = ("torch", "sklearn", "polars", "scipy", "numba", "optuna", "dask", "distributed", "ray")
LOAD_HEAVY = (  # themselves imported inside functions alone
    "nnviz.network.torch_modules",
    "nnviz.engines.compiled_engine",
    *(f"nnviz.engines.compiled.{path.stem}" for path in (ROOT / "nnviz" / "engines" / "compiled").glob("[a-z]*.py")),
)
HARMLESS = ("nnviz.engines.compiled.program", "nnviz.engines.compiled.folder")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nobody_imports_upwards() -> None:
    run("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))")


def test_ruff_has_nothing_to_say() -> None:
    run("-m", "ruff", "check", "--no-cache", ".")


def test_everything_is_formatted() -> None:
    run("-m", "ruff", "format", "--no-cache", "--check", ".")


@pytest.mark.slow
def test_mypy_has_nothing_to_say() -> None:
    run("-m", "mypy")


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_no_file_is_longer_than_anyone_would_read(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{relative(path)} has {lines} lines: split it along what it does."


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_every_module_says_what_it_is(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text, f"{relative(path)} has no docstring."


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    banned = re.compile(r"(utils?|helpers?|misc|common|manager|handler)s?$")
    assert [relative(path) for path in EVERYTHING if banned.search(path.stem)] == []


def test_nothing_is_left_to_do() -> None:
    words = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
    assert [relative(path) for path in EVERYTHING if words.search(path.read_text(encoding="utf-8"))] == []


def test_registry_siblings_do_not_import_each_other() -> None:
    from nnviz.registry import REGISTRIES

    for module in (
        "experiment",
        "probes",
        "cures",
        "findings",
        "studies.axes",
        "commands",
        "bench",
        "gui.views",
        "gui.laboratory.page",
    ):
        __import__(f"nnviz.{module}")
    for registry in REGISTRIES:
        homes = {member.__module__ for member in registry}
        for name in homes:
            siblings = imported(ROOT / f"{name.replace('.', '/')}.py") & (homes - {name})
            assert not siblings, f"{name} imports {siblings}"


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_heavy_libraries_are_loaded_only_when_needed() -> None:
    """The window opens before torch is there: importing every module must not load what takes a second."""
    names = [module_name(path) for path in PACKAGE if path.name != "__main__.py"]
    names = [name for name in names if name not in LOAD_HEAVY or name in HARMLESS]
    code = f"""
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
    heavy = [m for m in {HEAVY!r} if m in sys.modules]
    assert not heavy, f"{{name}} loads {{heavy}}"
"""
    run("-c", code)


def test_below_the_window_nobody_loads_qt() -> None:
    names = [module_name(path) for path in PACKAGE if "gui" not in path.parts and path.name != "__main__.py"]
    code = f"""
import importlib, sys
for name in {[name for name in names if name not in LOAD_HEAVY]!r}:
    importlib.import_module(name)
assert not [m for m in sys.modules if m.startswith(("PySide6", "pyqtgraph"))]
"""
    run("-c", code)


def test_on_windows_torch_is_loaded_before_qt() -> None:
    """pytorch/pytorch#166628: the other way round, loading torch's libraries fails there."""
    code = """
import builtins, sys, types
order = []
load = builtins.__import__
def noted(name, *rest):
    order.append(name.split(".")[0])
    return load(name, *rest)
sys.modules["torch"] = types.ModuleType("torch")  # the real one would look for Windows
sys.modules["msvcrt"] = types.ModuleType("msvcrt")  # Windows has it
import nnviz.__main__
assert "PySide6" not in sys.modules
builtins.__import__, sys.platform, sys.argv = noted, "win32", ["nnviz", "--version"]
try:
    nnviz.__main__.main()
except SystemExit:
    pass
assert "torch" in order and "PySide6" not in order[: order.index("torch")], order
"""
    run("-c", code)

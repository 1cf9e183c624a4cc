"""The wheel and the sdist: made, installed into an environment of their own, and used there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import nnviz

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
BIN = "Scripts" if os.name == "nt" else "bin"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
ON_TORCH = ("--set", "training.engine=torch")  # the kernels of another place would be compiled anew


def run(*command: object, cwd: Path = ROOT) -> str:
    """Run a command and return what it prints; its whole output is in the failure when it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, encoding="utf-8", errors="replace", timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel made from the sdist, as pip makes it where there is no wheel: so that the sdist is complete."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", folder, sdist, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean environment with the wheel in it; what nnviz needs is taken from the environment of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / BIN / ("python.exe" if os.name == "nt" else "python")
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # A path in a .pth file is searched, but its own .pth files are not followed: nnviz is not found there.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    run(*PIP, "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel, cwd=folder)
    return folder / "venv"


def program(environment: Path, name: str) -> Path:
    return environment / BIN / (f"{name}.exe" if os.name == "nt" else name)


def test_the_sdist_holds_what_building_and_testing_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "NOTICE", "README.md", "packaging/build.py", "tests/conftest.py"} <= names
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "resources").rglob("*.toml")} <= names
    assert not [name for name in names if re.match(r"(build|dist|\.venv)/", name) or name.endswith(".pyc")]


def test_the_wheel_holds_every_module_and_resource(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = [path for path in (ROOT / "nnviz").rglob("*") if path.suffix in (".py", ".js")]
    resources = [path for path in (ROOT / "resources").rglob("*") if path.is_file()]
    assert {path.relative_to(ROOT).as_posix() for path in sources} <= names
    assert {f"nnviz/_resources/{path.relative_to(ROOT / 'resources').as_posix()}" for path in resources} <= names
    assert not [name for name in names if name.split("/")[0] not in ("nnviz", f"nnviz-{nnviz.__version__}.dist-info")]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = f"nnviz-{nnviz.__version__}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{folder}/METADATA").decode())
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
    assert metadata["Version"] == nnviz.__version__
    assert metadata["License-Expression"] == "MIT"
    assert {"LICENSE", "NOTICE"} <= set(metadata.get_all("License-File"))
    assert "[console_scripts]\nnnviz = nnviz.__main__:main" in entry_points
    assert "[gui_scripts]\nnnviz-gui = nnviz.__main__:main" in entry_points


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "nnviz/__init__.py"
    stated = re.compile(rf"(?<![\d.=]){re.escape(nnviz.__version__)}(?![\d.])")
    files = [path for folder in ("packaging", ".github") for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [path for path in files if path.suffix in (".py", ".spec", ".iss", ".yml")]
    assert len(texts) > 5
    assert [path for path in texts if stated.search(path.read_text(encoding="utf-8"))] == []


def test_the_installed_program_runs_by_itself(installed: Path, tmp_path: Path) -> None:
    where = run(program(installed, "python"), "-c", "import nnviz; print(nnviz.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed), "the checkout was imported, not what is installed"
    assert run(program(installed, "nnviz"), "--version", cwd=tmp_path) == f"nnviz {nnviz.__version__}\n"
    assert run(program(installed, "nnviz-gui"), "--version", cwd=tmp_path) == f"nnviz {nnviz.__version__}\n"
    said = run(program(installed, "nnviz"), "train", "circles", "--epochs", 2, *ON_TORCH, "--out", "run", cwd=tmp_path)
    assert "Reached the epoch limit of 2." in said
    assert (tmp_path / "run" / "circles.experiment.toml").exists()


def test_the_installed_program_has_its_pictures(installed: Path, tmp_path: Path) -> None:
    run(
        program(installed, "nnviz"), "screenshot", "iris", "--epochs", 5, *ON_TORCH, "--out", "window.png", cwd=tmp_path
    )
    assert (tmp_path / "window.png").stat().st_size > 50_000

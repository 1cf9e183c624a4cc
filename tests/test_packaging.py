"""The bootstrap, without installing anything: what it would do, and what it says where it cannot."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = """
[project]
dependencies = ["numpy>=2", "torch"]
[project.optional-dependencies]
test = ["pytest"]
frozen = ["pyinstaller"]
"""


class Shell:
    """Stands in for subprocess.run: remembers commands and says how each ends."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.failing: set[str] = set()

    def __call__(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        self.commands.append(command)
        return subprocess.CompletedProcess(command, int(any(word in self.failing for word in command)))

    def pip(self) -> list[list[str]]:
        """Return what pip was asked to install, command by command."""
        return [command[command.index("--constraint") + 2 :] for command in self.commands if "install" in command]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the bootstrap as it is in a checkout of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "packaging" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "constraints.txt").write_text("torch==1")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "CONSTRAINTS", tmp_path / "constraints.txt")
    return module


@pytest.fixture
def environment(bootstrap: ModuleType) -> Any:
    """Return the environment of that checkout, with a Python in it."""
    made = bootstrap.Environment(bootstrap.ROOT / ".venv")
    made.python.parent.mkdir(parents=True)
    made.python.touch()
    return made


@pytest.fixture
def shell(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell()
    monkeypatch.setattr(bootstrap.subprocess, "run", made)
    return made


# ---------------------------------------------------------------- installing


def test_torch_is_installed_first_and_alone(bootstrap: ModuleType, environment: Any, shell: Shell) -> None:
    environment.install({"test"})
    assert shell.pip() == [["torch"], ["--editable", f"{bootstrap.ROOT}[test]"]]
    assert all(str(bootstrap.CONSTRAINTS) in command for command in shell.commands if "install" in command)


def test_nothing_is_done_when_nothing_changed(environment: Any, shell: Shell) -> None:
    environment.install({"test"})
    shell.commands.clear()
    environment.install({"test"})
    environment.install(set())
    assert shell.commands == []


def test_more_extras_are_added_and_none_is_lost(bootstrap: ModuleType, environment: Any, shell: Shell) -> None:
    environment.install(set())
    environment.install({"test"})
    assert [command[-1] for command in shell.pip()][1::2] == [str(bootstrap.ROOT), f"{bootstrap.ROOT}[test]"]
    shell.commands.clear()
    (bootstrap.ROOT / "pyproject.toml").write_text(PROJECT + "# changed")
    environment.install(set())
    assert len(shell.pip()) == 2, "a changed project is installed again"


def test_the_frozen_app_gets_what_nnviz_needs_and_no_test_tools(bootstrap: ModuleType, shell: Shell) -> None:
    made = bootstrap.Environment(bootstrap.ROOT / "build" / "venv", editable=False)
    made.folder.mkdir(parents=True)
    made.install({"frozen"})
    assert shell.pip() == [["torch"], ["numpy>=2", "torch", "pyinstaller"]]


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_what_decides_the_installation_is_in_the_fingerprint(bootstrap: ModuleType, file: str) -> None:
    before = bootstrap.fingerprint()
    (bootstrap.ROOT / file).write_text("something else")
    assert bootstrap.fingerprint() != before


def test_an_interrupted_installation_is_not_taken_for_a_complete_one(
    bootstrap: ModuleType, environment: Any, shell: Shell
) -> None:
    environment.install(set())
    (bootstrap.ROOT / "constraints.txt").write_text("torch==2")
    shell.failing = {"torch"}
    with pytest.raises(bootstrap.BootstrapError, match="Installing torch failed"):
        environment.install(set())
    assert not environment.stamp.exists()
    shell.failing = set()
    shell.commands.clear()
    environment.install(set())
    assert len(shell.pip()) == 2


@pytest.mark.parametrize("content", ["", "\0", "only-a-hash-of-something-else\ntest\n"])
def test_a_stamp_that_makes_no_sense_is_ignored(environment: Any, shell: Shell, content: str) -> None:
    environment.stamp.write_text(content)
    environment.install(set())
    assert len(shell.pip()) == 2


def test_an_environment_of_another_python_is_made_anew(environment: Any, shell: Shell) -> None:
    shell.failing = {f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"}
    environment.make()
    assert shell.commands[-1] == [sys.executable, "-m", "venv", "--clear", str(environment.folder)]


def test_an_environment_without_pip_is_completed(environment: Any, shell: Shell) -> None:
    shell.failing = {"import pip"}
    environment.make()
    assert shell.commands[-1] == [sys.executable, "-m", "venv", str(environment.folder)]


def test_a_python_without_venv_names_the_package(
    bootstrap: ModuleType, environment: Any, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.failing = {"import pip"}
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(bootstrap, "can_install", lambda: False)
    version = "{}.{}".format(*sys.version_info[:2])
    with pytest.raises(bootstrap.BootstrapError, match=f"apt-get install python{version}-venv"):
        environment.make()


# ---------------------------------------------------------------- what the system must have


@pytest.fixture
def without_libraries(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "loads", lambda name: name not in ("libEGL.so.1", "libxcb-cursor.so.0"))
    monkeypatch.setattr(bootstrap, "can_install", lambda: False)


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("apt-get", "sudo apt-get install -y --no-install-recommends libegl1 libxcb-cursor0"),
        ("dnf", "sudo dnf install -y libglvnd-egl xcb-util-cursor"),
        ("pacman", "sudo pacman -S --needed libglvnd xcb-util-cursor"),
    ],
)
@pytest.mark.usefixtures("without_libraries")
def test_missing_libraries_come_with_the_command_that_installs_them(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tool: str, command: str
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name if name == tool else None)
    with pytest.raises(bootstrap.BootstrapError) as caught:
        bootstrap.check_libraries("run")
    assert str(caught.value) == f"Qt needs libEGL.so.1. Install them with: {command}"


@pytest.mark.usefixtures("without_libraries")
def test_the_tests_need_no_x11(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(bootstrap, "loads", lambda name: name != "libxcb-cursor.so.0")
    bootstrap.check_libraries("test")
    assert capsys.readouterr().out == ""
    bootstrap.check_libraries("run")
    assert "no window opens under X11" in capsys.readouterr().out


@pytest.mark.usefixtures("without_libraries")
def test_root_on_debian_gets_them_installed(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    present: set[str] = set()
    monkeypatch.setattr(bootstrap, "can_install", lambda: True)
    monkeypatch.setattr(bootstrap, "loads", lambda name: bool(shell.commands) or name in present)
    bootstrap.check_libraries("test")
    assert [command[:2] for command in shell.commands] == [["apt-get", "update"], ["apt-get", "install"]]
    assert "libegl1" in shell.commands[1]


@pytest.mark.usefixtures("without_libraries")
def test_a_failed_installation_stops_only_what_cannot_do_without(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "can_install", lambda: True)
    shell.failing = {"apt-get"}
    with pytest.raises(bootstrap.BootstrapError, match=r"Qt needs libEGL\.so\.1"):
        bootstrap.check_libraries("run")
    monkeypatch.setattr(bootstrap, "loads", lambda name: name != "libxcb-cursor.so.0")
    bootstrap.check_libraries("run")
    assert "no window opens under X11" in capsys.readouterr().out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the wheels of other systems bring everything")
def test_the_list_of_libraries_is_what_qt_needs(bootstrap: ModuleType) -> None:
    """Whatever the plugins of the installed Qt name and neither Qt, Python nor every Linux brings."""
    import PySide6

    qt = Path(PySide6.__file__).parent / "Qt"
    files = [qt / "plugins" / "platforms" / f"libq{name}.so" for name in ("xcb", "offscreen")]
    modules = ("Core", "Gui", "Widgets", "DBus", "XcbQpa", "OpenGL", "Svg")
    files += [qt / "lib" / f"libQt6{name}.so.6" for name in modules]
    needed = {name for file in files for name in needed_libraries(file)}
    everywhere = re.compile(r"libQt6|libicu|lib(c|m|gcc_s|stdc\+\+|pthread|dl|rt|z|xcb|glib-2\.0)\.so")
    known = {*bootstrap.QT_LIBRARIES, *bootstrap.X11_LIBRARIES}
    assert {name for name in needed if not everywhere.match(name)} <= known


def needed_libraries(file: Path) -> set[str]:
    """Return the names of shared libraries that an ELF file holds, its own among them."""
    found = re.findall(rb"\x00(lib[\w+.-]+\.so\.\d[\w.]*)(?=\x00)", file.read_bytes())
    return {name.decode() for name in found} - {file.name}


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["build"], 2), (["--help"], 0)])
def test_without_a_task_it_explains_itself(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    assert bootstrap.main(arguments) == status
    assert "bootstrap.py run" in capsys.readouterr().out


def test_what_stands_in_the_way_is_one_sentence(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(environment: Any, extras: set[str]) -> None:
        raise bootstrap.BootstrapError("No space left.")

    monkeypatch.setattr(bootstrap, "check_libraries", lambda task: None)
    monkeypatch.setattr(bootstrap.Environment, "install", fails)
    assert bootstrap.main(["run"]) == 1
    assert capsys.readouterr().err == "bootstrap: No space left.\n"


def test_the_exit_status_is_that_of_what_was_run(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", ROOT)
    assert bootstrap.start(Path(sys.executable), ["nnviz", "--version"]) == 0
    assert bootstrap.start(Path(sys.executable), ["nnviz", "nothing-of-this-name"]) == 2


def test_an_old_python_is_told_so(tmp_path: Path) -> None:
    code = "import sys; sys.version_info = (3, 9, 1); exec(open(sys.argv[1]).read())"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "packaging" / "bootstrap.py")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "nnviz needs Python 3.11 or newer; this is Python 3.9.\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_continuous_check_is_the_bootstrap_and_the_frozen_app() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert 'python3 packaging/bootstrap.py test "$@"' in lines
    assert "python3 packaging/build.py --only app --smoke" in lines


# ---------------------------------------------------------------- constraints


def pinned() -> dict[str, str]:
    lines = (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_pinned() -> None:
    """Directly needed or not, on any system: what is installed here must be what is installed there."""
    seen: set[str] = set()
    waiting = [("nnviz", frozenset({"test", "frozen", ""}))]
    while waiting:
        name, extras = waiting.pop()
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # another system's
        for text in requirements:
            requirement = Requirement(text)
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
                if normal(requirement.name) not in seen:
                    waiting.append((requirement.name, frozenset({*requirement.extras, ""})))
                seen.add(normal(requirement.name))
    assert seen - set(pinned()) == set()


def test_pins_are_within_what_the_project_asks_for() -> None:
    for text in distribution("nnviz").requires or []:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pinned()[normal(requirement.name)]), text

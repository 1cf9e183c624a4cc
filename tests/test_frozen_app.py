"""The parts that make the frozen app and its packages, without making one; `build.py --smoke` tries the app itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def packaging_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the modules of `packaging` be imported by their names, as build.py does."""
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Return a folder laid out as a frozen app, whose program is the one of this environment."""
    made = tmp_path / "dist" / "nnviz"
    (made / "_internal").mkdir(parents=True)
    (made / "_internal" / "libexample.so.1").write_bytes(b"\0" * 3_000_000)
    program = made / "nnviz"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nnviz "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (made / "licenses").mkdir()
    (made / "licenses" / "README.txt").write_text("The texts are in this folder.\nexample 1.0: MIT\n", encoding="utf-8")
    return made


@pytest.mark.usefixtures("packaging_folder")
def test_what_the_app_does_not_need_is_left_out_with_its_links() -> None:
    import contents

    kept = [
        ("PySide6/Qt/lib/libQt6Gui.so.6", "/x", "BINARY"),
        ("libQt6Gui.so.6", "PySide6/Qt/lib/libQt6Gui.so.6", "SYMLINK"),
        ("torch/nn/functional.py", "/x", "DATA"),
        ("torch/bin/torch_shm_manager", "/x", "BINARY"),
        ("torch/_inductor/config.py", "/x", "DATA"),
        ("nnviz-0.1.0.dist-info/METADATA", "/x", "DATA"),
        ("resources/experiments/circles.toml", "/x", "DATA"),
    ]
    dropped = [
        ("PySide6/Qt/lib/libQt6EglFSDeviceIntegration.so.6", "/x", "BINARY"),
        ("libQt6EglFSDeviceIntegration.so.6", "PySide6/Qt/lib/libQt6EglFSDeviceIntegration.so.6", "SYMLINK"),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", "/x", "BINARY"),
        ("PySide6/Qt/plugins/platforms/libqeglfs.so", "/x", "BINARY"),
        ("torch/include/torch/all.h", "/x", "DATA"),
        ("torch/bin/protoc", "/x", "BINARY"),
        ("torch/lib/libtorchbind_test.so", "/x", "BINARY"),
        ("numpy/_core/tests/data/big.csv", "/x", "DATA"),
    ]
    assert contents.wanted([*dropped, *kept]) == kept


@pytest.mark.usefixtures("packaging_folder")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries of Linux")
@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is missing")
def test_libraries_that_nothing_needs_are_removed(tmp_path: Path) -> None:
    import trim

    inside = tmp_path / "app" / "_internal"
    (inside / "package").mkdir(parents=True)
    needing = next(Path(np.__file__).parent.glob("_core/_multiarray_umath*.so"))
    shutil.copy(needing, inside / "package")
    wanted = next(name for name in sorted(trim.needed(needing)) if name.startswith("lib"))
    for name in (wanted, "libgtk-3.so.0"):
        shutil.copy(needing, inside / name)
    assert trim.drop_unreached(tmp_path / "app") == ["libgtk-3.so.0"]
    assert (inside / wanted).exists()


@pytest.mark.usefixtures("packaging_folder")
def test_sizes_are_told_by_part(app: Path) -> None:
    import sizes

    first, largest, *_ = sizes.report(app).splitlines()
    assert first == "nnviz: 3 MB (3 MiB)"
    assert largest == "     3.0  libexample.so.1"


@pytest.mark.usefixtures("packaging_folder")
@pytest.mark.skipif(os.name == "nt", reason="a shell script starts the program")
def test_the_manual_has_a_section_for_every_command(app: Path) -> None:
    import manual

    from nnviz.commands import commands

    lines = manual.page(app / "nnviz", "1.2").splitlines()
    assert lines[0] == '.TH NNVIZ 1 "" "nnviz 1.2" "User Commands"'
    assert [f".SH NNVIZ {name.upper()}" in lines for name in commands.names()] == [True] * len(commands)
    requests = {line.split()[0] for line in lines if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".nf", ".fi"}, "a line of the help became a request"


@pytest.mark.usefixtures("packaging_folder")
@pytest.mark.skipif(shutil.which("dpkg-deb") is None or shutil.which("objdump") is None, reason="not a Debian")
def test_the_debian_package_brings_menu_type_manual_and_licenses(app: Path, tmp_path: Path) -> None:
    import deb

    package = deb.make(app, app.parent, tmp_path / "work", "1.2.3")
    listed = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, encoding="utf-8").stdout
    for path in (
        "./opt/nnviz/_internal/libexample.so.1",
        "./usr/bin/nnviz -> ../../opt/nnviz/nnviz",
        "./usr/share/applications/nnviz.desktop",
        "./usr/share/mime/packages/nnviz.xml",
        "./usr/share/man/man1/nnviz.1.gz",
        "./usr/share/icons/hicolor/scalable/apps/nnviz.svg",
        "./usr/share/doc/nnviz/copyright",
        "./usr/share/doc/nnviz/licenses/README.txt",
    ):
        assert f" {path}\n" in listed
    assert all(line.split()[1] == "root/root" for line in listed.splitlines())
    fields = subprocess.run(["dpkg-deb", "-f", package], check=True, capture_output=True, encoding="utf-8").stdout
    assert "Version: 1.2.3\n" in fields
    assert "libxcb-cursor0" in fields, "what the app does not bring must be installed"
    assert not (tmp_path / "work").exists()


@pytest.mark.usefixtures("packaging_folder")
def test_every_workflow_runs_scripts_that_are_there() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        named = re.findall(r"packaging/\w+\.py", file.read_text(encoding="utf-8"))
        assert named
        assert all((ROOT / name).is_file() for name in named), file


@pytest.mark.usefixtures("packaging_folder")
def test_every_part_brings_its_license(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import licenses

    monkeypatch.setattr(licenses, "_BESIDES", ())  # the freezer is not in the environment of the tests
    for name in ("numpy-2.4.6", "pyside6_essentials-6.10.3", "tomli_w-1.2.0"):
        (app / "_internal" / f"{name}.dist-info").mkdir()
    licenses.main(app, tmp_path / "texts")
    listed = (tmp_path / "texts" / "README.txt").read_text(encoding="utf-8")
    assert re.search(r"PySide6_Essentials \S+: LGPL-3.0-only", listed)
    assert f"Python {sys.version.split()[0]}: PSF-2.0" in listed
    assert "libexample.so.1" in listed
    assert (tmp_path / "texts" / "PySide6_Essentials" / "LGPL-3.0-only.txt").stat().st_size > 7000
    assert "Redistribution" in (tmp_path / "texts" / "numpy" / "LICENSE.txt").read_text(encoding="utf-8")
    assert all(any(folder.iterdir()) for folder in (tmp_path / "texts").iterdir() if folder.is_dir())

"""The parts that make the frozen app and its packages, without making one; `build.py --smoke` tries the app itself."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import time
from ctypes.util import find_library
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
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries of Linux")
@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is missing")
def test_modules_of_qt_that_nothing_needs_are_removed_with_their_links(tmp_path: Path) -> None:
    import PySide6
    import trim

    there = Path(PySide6.__file__).parent
    inside = tmp_path / "app" / "_internal"
    modules = inside / "PySide6" / "Qt" / "lib"
    modules.mkdir(parents=True)
    shutil.copy(there / "QtCore.abi3.so", inside / "PySide6")
    for name in ("libQt6Core.so.6", "libQt6Network.so.6"):
        shutil.copy(there / "Qt" / "lib" / name, modules)
        (inside / name).symlink_to(modules / name)
    assert trim.drop_unreached(tmp_path / "app") == ["libQt6Network.so.6"]
    assert sorted(file.name for file in inside.glob("*.so*")) == ["libQt6Core.so.6"]
    assert sorted(file.name for file in modules.iterdir()) == ["libQt6Core.so.6"]


# ---------------------------------------------------------------- ICU's data


def package_of(names: list[str], first: int = 0) -> bytes:
    """Return an ICU data package whose items hold their own names, the first one `first` zeros besides."""
    texts = [f"icudt1l/{name}\0".encode() for name in sorted(names)]
    contents = [text.ljust(32 if i else 32 + first, b"\0") for i, text in enumerate(texts)]
    start = 4 + 8 * len(texts)
    body = -(-(start + sum(map(len, texts))) // 16) * 16
    pairs = [
        struct.pack("<II", start + sum(map(len, texts[:i])), body + sum(map(len, contents[:i])))
        for i in range(len(texts))
    ]
    table = struct.pack("<I", len(texts)) + b"".join(pairs) + b"".join(texts)
    header = struct.pack("<HBBHHBBBB4s", 32, 0xDA, 0x27, 20, 0, 0, 0, 2, 0, b"CmnD").ljust(32, b"\0")
    return header + table.ljust(body, b"\0") + b"".join(contents)


@pytest.mark.usefixtures("packaging_folder")
def test_what_qt_never_asks_for_is_left_out_of_the_data_of_icu() -> None:
    import icu

    kept = ["cnvalias.icu", "coll/de.res", "coll/root.res", "nfkc.nrm", "root.res", "supplementalData.res"]
    dropped = [
        "brkitr/word.brk",
        "curr/de.res",
        "de.res",
        "sr_Latn_BA.res",
        "euc-jp-2007.cnv",
        "rfc3491.spp",
        "zone/a.res",
    ]
    package = package_of(kept + dropped, first=48)
    assert icu.reduced(package) == package_of(kept)
    assert icu.reduced(icu.reduced(package)) == icu.reduced(package)
    assert dict(icu.items(package_of(kept)[32:]))["icudt1l/coll/de.res"].rstrip(b"\0") == b"icudt1l/coll/de.res"
    with pytest.raises(icu.IcuError, match="no package of ICU's data"):
        icu.reduced(b"\0" * 200)


SORTING = """
from itertools import product
from PySide6.QtCore import QCollator, QLocale
words = "a ä z å ø ö o n ñ c ch d l ll ß ss é e 10 9 Ä A żaba zebra čaj дом ёлка 中 国 あ ア 가 나 ก א -x ı i".split()
names = "C en_US de_DE sv_SE es_ES cs_CZ ru_RU zh_CN zh_TW ja_JP ko_KR tr_TR th_TH".split()
for locale in map(QLocale, names):
    collator = QCollator(locale)
    order = [collator.compare(a, b) for a, b in product(words, words)]
    print(locale.name(), order, locale.toUpper("istraße"), locale.toLower("Iİ"))
print({line.split()[-1] for line in open("/proc/self/maps") if "icudata" in line})
"""


@pytest.mark.usefixtures("packaging_folder")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ICU comes with Qt on Linux alone")
@pytest.mark.skipif(any(shutil.which(name) is None for name in ("objcopy", "as", "ld")), reason="binutils are missing")
def test_qt_sorts_words_as_before_with_the_smaller_data(tmp_path: Path) -> None:
    import icu
    import PySide6

    library = next((Path(PySide6.__file__).parent / "Qt" / "lib").glob("libicudata.so.*"))
    smaller = tmp_path / "app" / library.name
    smaller.parent.mkdir()
    shutil.copy(library, smaller)
    icu.trim(tmp_path / "app")
    assert smaller.stat().st_size < library.stat().st_size / 5

    def said(preloaded: Path) -> list[str]:
        environment = {**os.environ, "LD_PRELOAD": str(preloaded)}
        command = [sys.executable, "-c", SORTING]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, encoding="utf-8"
        ).stdout.splitlines()

    (*before, used_before), (*after, used_after) = said(library), said(smaller)
    assert before == after
    assert len(before) == 13
    assert str(library) in used_before
    assert str(smaller) in used_after


# ---------------------------------------------------------------- sizes


@pytest.mark.usefixtures("packaging_folder")
def test_sizes_are_told_by_part(app: Path) -> None:
    import sizes

    first, largest, *_ = sizes.report(app).splitlines()
    assert first == "nnviz: 3.0 MB of at most 900"
    assert largest == "     3.0  libexample.so.1"


@pytest.mark.usefixtures("packaging_folder")
def test_what_is_larger_than_it_may_be_stops_the_build(
    app: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import build
    import sizes

    sizes.check_app(app)
    sizes.check_package(app / "_internal" / "libexample.so.1")
    monkeypatch.setattr(sizes, "APP_BUDGET", 2)
    monkeypatch.setattr(sizes, "PACKAGE_BUDGET", 2)
    with pytest.raises(sizes.TooLargeError, match=r"libexample.so.1 is 3\.0 MB large; it may be 2 MB\."):
        sizes.check_package(app / "_internal" / "libexample.so.1")
    monkeypatch.setattr(build, "build", lambda wanted, smoke: sizes.check_app(app))
    assert build.main(["--only", "app"]) == 1
    assert capsys.readouterr().err.startswith("build: nnviz is 3.0 MB large; it may be 2 MB.")


# ---------------------------------------------------------------- keys, and what is looked at

WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow
application = QApplication(sys.argv)
window = QMainWindow()
window.setWindowTitle("a window (1+1)")
leave = QAction("Quit", window)
leave.setShortcut("Ctrl+Q")
leave.triggered.connect(window.close)
window.addAction(leave)
dialog = QDialog(window)
dialog.setWindowTitle("a question")
ready = QAction("Yes", dialog)
ready.setShortcut("Return")
ready.triggered.connect(dialog.accept)
QTimer.singleShot(700, lambda: dialog.addAction(ready))  # as a dialog does that has to read a file first
window.show()
dialog.open()
sys.exit(application.exec())
"""

needs_keys = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("Xvfb", "xdotool")) or find_library("xcb-cursor") is None,
    reason="Xvfb, xdotool or what Qt needs for X11 is missing",
)


def program(folder: Path, code: str) -> Path:
    """Return a program that runs some Python."""
    (folder / "code.py").write_text(code, encoding="utf-8")
    made = folder / "program"
    made.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder / "code.py"}" "$@"\n', encoding="utf-8")
    made.chmod(0o755)
    return made


@needs_keys
@pytest.mark.usefixtures("packaging_folder")
def test_keys_answer_dialogs_and_quit(tmp_path: Path) -> None:
    import frozen
    import window

    with frozen.app(program(tmp_path, WINDOW)) as app, window.opened(app) as keys:
        keys.focus("a question")
        assert sorted(keys.titles()) == ["a question", "a window (1+1)"]
        keys.answer("a question", "Return")
        keys.focus("a window (1+1)")
        assert keys.titles() == ["a window (1+1)"]


@needs_keys
@pytest.mark.usefixtures("packaging_folder")
def test_an_app_that_ends_or_does_not_quit_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import frozen
    import window

    ending = program(tmp_path, "import sys; sys.exit('no plugin')")
    with (
        pytest.raises(frozen.SmokeError, match=r"(?s)ended with 1, before 'nnviz'.*no plugin"),
        frozen.app(ending) as app,
        window.opened(app) as keys,
    ):
        keys.focus("nnviz")
    monkeypatch.setattr(window, "PATIENCE", 2.0)
    staying = program(tmp_path, WINDOW.replace("leave.triggered", "leave.changed"))
    with (
        pytest.raises(frozen.SmokeError, match=r"does not quit; its windows are .*a window"),
        frozen.app(staying) as app,
        window.opened(app) as keys,
    ):
        keys.focus("a question")


@needs_keys
@pytest.mark.usefixtures("packaging_folder")
def test_the_display_stays_as_it_is_when_its_last_client_has_gone() -> None:
    """A server that starts anew then drops whoever connects meanwhile, and puts the pointer back into the middle."""
    import frozen

    def tool(name: str, *words: str) -> str:
        command = ["xdotool", *words]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, "DISPLAY": name}
        ).stdout

    with frozen.display() as name:
        tool(name, "mousemove", "12", "34")
        time.sleep(0.3)
        assert tool(name, "getmouselocation").startswith("x:12 y:34 ")


@pytest.mark.usefixtures("packaging_folder")
def test_pictures_are_compared_below_their_titles(tmp_path: Path) -> None:
    import smoke
    from PySide6.QtGui import QImage, QPainter

    def picture(name: str, *areas: tuple[int, int, int, int]) -> Path:
        image = QImage(120, 90, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(0xFF202020)
        painter = QPainter(image)
        for area in areas:
            painter.fillRect(*area, 0xFF4080FF)
        painter.end()
        image.save(str(tmp_path / name))
        return tmp_path / name

    empty, titled = picture("empty.png"), picture("titled.png", (5, 5, 60, 12))
    drawn = picture("drawn.png", (5, 5, 60, 12), (40, 60, 9, 9))
    assert smoke.drawn(empty) == smoke.drawn(titled)
    assert smoke.drawn(titled) != smoke.drawn(drawn)


# ---------------------------------------------------------------- packages and what comes with them


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

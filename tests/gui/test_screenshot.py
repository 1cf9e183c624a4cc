"""Pictures of the real window, and of views in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from nnviz.experiment import bundled
from nnviz.gui import screenshot
from nnviz.gui.main_window import MainWindow
from nnviz.gui.screenshot import ScreenshotError, take
from nnviz.gui.view_dock import ViewDock
from nnviz.gui.views import views


def colours(picture: QImage) -> int:
    """Return how many colours are in the lower two thirds of a picture, below the title of a view."""
    places = ((x, y) for y in range(picture.height() // 3, picture.height(), 2) for x in range(0, picture.width(), 2))
    return len({picture.pixel(x, y) for x, y in places})


@pytest.mark.usefixtures("qtbot")
def test_every_view_is_opened_in_the_window(tmp_path: Path) -> None:
    out = tmp_path / "window.png"
    written = take(bundled("circles"), 20, (1200, 800), "dark", 2, out, views.names())
    assert written == [out, *(tmp_path / f"window-{name}.png" for name in views.names())]
    window, *others = (QImage(str(file)) for file in written)
    assert (window.width(), window.height()) == (2400, 1600)
    assert all(picture.width() < window.width() / 2 for picture in others), "a picture is of the dock alone"
    assert {
        name: colours(picture) for name, picture in zip(views.names(), others, strict=True) if colours(picture) < 8
    } == {}
    assert len({file.read_bytes() for file in written}) == len(written)


@pytest.mark.usefixtures("qtbot")
def test_a_view_that_does_not_come_forward_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screenshot, "_SETTLING", 0.2)
    monkeypatch.setattr(ViewDock, "come_forward", lambda dock: None)
    with pytest.raises(ScreenshotError, match=r"^The view loss has no room in a window of this size"):
        take(bundled("circles"), 0, (1200, 800), "light", 1, tmp_path / "window.png", ["loss"])


@pytest.mark.usefixtures("qtbot")
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[MainWindow] = []
    close = MainWindow.close
    monkeypatch.setattr(MainWindow, "close", lambda window: (closed.append(window), close(window))[1])
    with pytest.raises(ScreenshotError, match=r"window\.nothing cannot be written"):
        take(bundled("circles"), 0, (1200, 800), "light", 1, tmp_path / "window.nothing")
    assert len(closed) == 1


@pytest.mark.usefixtures("qtbot")
def test_a_page_of_the_laboratory_trains_and_is_pictured(tmp_path: Path) -> None:
    experiment = bundled("circles").with_settings(["data.source.samples=40", "training.epochs=5"])
    out = tmp_path / "lab.png"
    written = take(experiment, 5, (1200, 800), "light", 1, out, pages=["double-descent"])
    assert written == [out, tmp_path / "lab-double-descent.png"]
    assert colours(QImage(str(written[1]))) > 20

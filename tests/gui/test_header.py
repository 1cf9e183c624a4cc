"""The read-outs of the header: legible from the first epoch to the hundred-millionth."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from window_stage import closed, opened

from nnviz.experiment import bundled
from nnviz.gui.controller import Controller
from nnviz.gui.header import Header, ReadOut, count_text, speed_text
from nnviz.gui.theme import DARK


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (0.0, "0.0"),
        (1.0, "1.0"),
        (9.96, "10"),
        (123.4, "123"),
        (9_999.4, "9,999"),
        (9_999.6, "10.0k"),
        (52_345.0, "52.3k"),
        (99_949.0, "99.9k"),
        (99_951.0, "100k"),
        (500_000.0, "500k"),
        (999_499.0, "999k"),
        (999_501.0, "1.00M"),
    ],
)
def test_speeds_are_short(speed: float, words: str) -> None:
    assert speed_text(speed) == words


@pytest.mark.parametrize(
    ("epoch", "words"),
    [
        (0, "0"),
        (1_234, "1,234"),
        (9_999_999, "9,999,999"),
        (10_000_000, "10.00M"),
        (100_000_000, "100.00M"),
        (999_994_999, "999.99M"),
        (999_995_000, "1.00G"),
    ],
)
def test_epochs_are_exact_until_they_are_too_long(epoch: int, words: str) -> None:
    assert count_text(epoch) == words


def test_every_number_fits_into_its_read_out(controller: Controller, qtbot: object) -> None:
    header = Header(controller, DARK)
    epochs = [count_text(int(m * 10**k)) for m, k in itertools.product((1, 8.888888888), range(10))]
    speeds = [f"{speed_text(m * 10**k)} ep/s" for m, k in itertools.product((1, 8.888888), range(-1, 6))]
    for name, texts in (("epoch", epochs), ("speed", speeds)):
        out = header._outs[name]
        label = out.findChildren(QLabel)[1]
        for text in texts:
            assert QFontMetricsF(label.font()).horizontalAdvance(text) <= out.width(), text
    header.deleteLater()


@pytest.mark.parametrize("name", ["circles", "noisy-labels"])
def test_nothing_in_it_overlaps_at_any_width(qtbot: QtBot, name: str) -> None:
    window = opened(qtbot, bundled(name), remember=False)
    header = window.header
    for width in (1100, 1200, 1419, 1420, 1440, 1500, 1600):
        window.resize(width, 700)
        qtbot.waitUntil(lambda width=width: header.width() == width)
        header.layout().activate()
        shown = sorted((w for w in header.children() if isinstance(w, QWidget) and w.isVisible()), key=QWidget.x)
        assert len(shown) >= 15
        for left, right in itertools.pairwise(shown):
            assert left.geometry().right() < right.x(), (width, left, right)
        assert shown[-1].geometry().right() < width
    assert header._name.text() == name, "there is room for it in the end"
    closed(window)


def test_a_read_out_tells_more_in_its_tooltip(qtbot: object) -> None:
    out = ReadOut("Speed", "muted", "Epochs per second.", 100)
    out.set("52.3k ep/s", more="Trained by the compiled engine.")
    assert out.toolTip() == "Epochs per second. Trained by the compiled engine."
    assert out.accessibleDescription() == out.toolTip()
    assert out.accessibleName() == "SPEED 52.3k ep/s"
    out.set("paused")
    assert out.toolTip() == "Epochs per second."
    out.deleteLater()

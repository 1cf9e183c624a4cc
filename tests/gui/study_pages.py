"""Pages of the laboratory with quick studies: options that make each small, and a wait for what it finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytestqt.qtbot import QtBot

from nnviz.gui.laboratory.page import pages
from nnviz.gui.laboratory.study_page import StudyPage
from nnviz.gui.plot import Plot

STUDY_PAGES = sorted(page.name for page in pages if issubclass(page, StudyPage))

SMALL: dict[str, dict[str, int]] = {
    "bias-variance": {"networks": 3, "epochs": 4},
    "cross-validation": {"folds": 2, "epochs": 4},
    "double-descent": {"count": 3, "high": 12, "seeds": 1, "epochs": 4},
    "gap-parts": {"seeds": 2, "epochs": 4},
    "influence": {"controls": 0},
    "learning-curve": {"seeds": 1, "count": 5, "smallest": 5, "epochs": 4},
    "memorisation": {"networks": 2},
    "random-labels": {"seeds": 1, "epochs": 4},
    "regularisation-path": {"count": 3, "folds": 2, "epochs": 4},
    "test-vault": {"candidates": 4, "samples": 5, "epochs": 4},
}
"""Numbers of fields, by the name of the page."""


def make_small(page: Any) -> None:
    """Set options so that the page's study takes a fraction of a second; choose samples where some are wanted."""
    page.refresh()
    for name, value in SMALL.get(page.name, {}).items():
        getattr(page, name).setValue(value)
    if page.name == "bias-variance":
        page.samples.setCurrentIndex(1)  # the bootstrap, which there is for all samples
    if page.name == "influence":
        page._sweep([0, 1], False)


def study_on(page: Any, qtbot: QtBot) -> None:
    """Begin the page's study and show all that it finds."""
    page.begin()
    study = page.study
    assert study is not None, page.problem.text()
    qtbot.waitUntil(study.settled, timeout=60_000)
    page.refresh()
    assert study.progress().state != "failed", study.progress().text
    if hasattr(page, "_frames"):  # a plot a frame
        qtbot.waitUntil(lambda: not page._due, timeout=10_000)


def plots_of(page: StudyPage[Any]) -> Iterable[Plot]:
    """Return the plots of a page that can be seen."""
    return [plot for plot in page.findChildren(Plot) if plot.isVisible()]

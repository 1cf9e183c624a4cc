"""The page of sweeps in a real laboratory, how to wait for it, and tables of results that are made by hand."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.laboratory.pages.sweep import SweepPage
from nnviz.gui.laboratory.window import LaboratoryWindow
from nnviz.gui.theme import DARK
from nnviz.snapshot import Status
from nnviz.sweeps.plan import Plan
from nnviz.sweeps.sweep import Sweep
from nnviz.sweeps.table import GrowingTable, Table

QUICK = Experiment(name="quick").with_settings(
    ["data.source.samples=60", "data.label_noise=0.2", "network.layers=[{kind='linear', units=4}, 'tanh']"]
)
UNITS, DECAY = "network.layers[0].units", "training.weight_decay"
VARY = ((UNITS, "1,2,4"), (DECAY, "0,1e-2"))


def open_page(qtbot: QtBot) -> Iterator[SweepPage]:
    """Yield the page, asked for twelve trainings of five epochs; the laboratory and its run end afterwards."""
    controller = Controller(QUICK)
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.READY, timeout=60_000)
    laboratory = LaboratoryWindow(controller, DARK, remember=False)
    laboratory.show()
    laboratory.show_page("sweep")
    page = laboratory.page
    assert isinstance(page, SweepPage)
    page.form.rows.set_varied(VARY)
    page.form.seeds.setValue(2)
    page.form.epochs.setValue(5)
    settled(page, qtbot)
    yield page
    laboratory.close()
    laboratory.deleteLater()
    QApplication.processEvents()
    controller.close()
    controller.deleteLater()


def settled(page: SweepPage, qtbot: QtBot) -> None:
    """Wait until everything is known about what is asked, and seen."""
    qtbot.waitUntil(lambda: page.answer is not None and page.answer.settled, timeout=60_000)
    page._show_answer()


def planned(page: SweepPage, qtbot: QtBot) -> None:
    """Wait until it is known whether what is asked can be done."""
    qtbot.waitUntil(lambda: page.answer is not None, timeout=60_000)
    page._show_answer()


def over(page: SweepPage, qtbot: QtBot) -> None:
    """Wait until the sweep has ended, and the page has said so."""
    qtbot.waitUntil(lambda: page._told, timeout=60_000)


def swept(page: SweepPage, qtbot: QtBot) -> Sweep:
    """Start, wait for the end, and return the sweep."""
    page.button.click()
    over(page, qtbot)
    assert page.sweep is not None
    return page.sweep


def by_hand(plan: Plan, objective: list[float], statuses: list[str] | None = None) -> Table:
    """Return a table of a grid whose objective is given, row by row: all points, then all again."""
    table = GrowingTable(plan.axes)
    points = list(plan.strategy().points())
    for row, value in enumerate(objective):
        cells = dict(zip([axis.path for axis in plan.axes], points[row % len(points)], strict=True))
        measured = dict.fromkeys(("train_loss", "train_error", "validation_loss", "validation_error"), 0.5)
        table.add(
            [
                {
                    "member": f"{row}",
                    "point": row % len(points),
                    **cells,
                    "seed": row // len(points),
                    "n_parameters": 10,
                    "epochs": 5,
                    **measured,
                    "test_loss": value,
                    "test_error": value,
                    "best_epoch": 1,
                    "best_test_error": value,
                    "seconds": 0.1,
                    "engine": "compiled",
                    "status": statuses[row] if statuses else "finished",
                    "sentence": "",
                    "parameters_sha256": "",
                }
            ]
        )
    return table.table()

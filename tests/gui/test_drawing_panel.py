"""The drawing panel on a real controller: what is shown, and what drawing does to the experiment."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from nnviz.data.bundled.digits import Digits
from nnviz.data.bundled.iris import Iris
from nnviz.data.drawings.drawing import Drawing
from nnviz.data.generators.circles import Circles
from nnviz.data.generators.noisy_sine import NoisySine
from nnviz.data.generators.plane import TiltedPlane
from nnviz.data.settings import DataSettings
from nnviz.experiment import Experiment
from nnviz.gui.controller import Controller
from nnviz.gui.panels.drawing import DrawingPanel
from nnviz.gui.theme import DARK, LIGHT
from nnviz.snapshot import Status

LEFT, NOTHING = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def panel(qtbot, controller):
    made = DrawingPanel(controller, DARK)
    qtbot.addWidget(made)
    made.resize(264, 260)
    made.canvas.rng = np.random.default_rng(0)
    made.layout().activate()
    settle(qtbot, controller)
    return made


def settle(qtbot, controller: Controller) -> None:
    """Wait until there is a snapshot of the experiment as it is now."""

    def there() -> bool:
        controller.tick()
        snapshot = controller.run.snapshot
        return snapshot is not None and snapshot.experiment == controller.experiment

    qtbot.waitUntil(there, timeout=60_000)


def show(qtbot, controller: Controller, source: object) -> None:
    controller.open(Experiment(data=DataSettings(source=source)))
    settle(qtbot, controller)


def drag(qtbot, panel: DrawingPanel, *places: tuple[float, float], release: bool = True) -> None:
    canvas = panel.canvas
    pixels = [canvas.frame.to_pixel(*place).toPoint() for place in places]
    qtbot.mousePress(canvas, LEFT, NOTHING, pixels[0])
    for pixel in pixels[1:]:
        qtbot.mouseMove(canvas, pixel)
        canvas.advance()
    if release:
        qtbot.mouseRelease(canvas, LEFT, NOTHING, pixels[-1])


def source(controller: Controller) -> object:
    return controller.experiment.data.source


# ------------------------------------------------------------ drawing


def test_the_samples_of_a_generator_are_shown(panel):
    samples = panel.canvas.picture.samples
    assert len(samples) == Circles().samples
    assert panel.canvas.editable
    assert np.bincount(samples.part_of(slice(None)), minlength=3).tolist() == [250, 0, 250]


def test_a_first_stroke_adds_to_the_samples_that_are_there(qtbot, controller, panel):
    dataset = Circles().load(0)
    drag(qtbot, panel, (-5, 5), (5, 5))
    drawing = source(controller)
    assert isinstance(drawing, Drawing)
    assert drawing.n_points > 520
    assert np.allclose(drawing.positions[:500], dataset.features, atol=1e-5)
    assert controller.undo_stack.count() == 1
    assert controller.undo_stack.undoText() == "Draw"


def test_undo_and_redo_restore_exactly(qtbot, controller, panel):
    experiments = [controller.experiment]
    drag(qtbot, panel, (-5, 5), (5, 5))
    experiments.append(controller.experiment)
    panel.canvas.set_tool("erase")
    drag(qtbot, panel, (-5, 0), (5, 0))
    experiments.append(controller.experiment)
    panel.clear()
    experiments.append(controller.experiment)
    assert controller.undo_stack.count() == 3
    for wanted in reversed(experiments[:-1]):
        panel.tools.undo.click()
        assert controller.experiment == wanted
    for wanted in experiments[1:]:
        panel.tools.redo.click()
        assert controller.experiment == wanted
        assert panel.canvas.sketch.drawing == wanted.data.source
    assert not panel.tools.redo.isEnabled()


def test_after_undoing_the_first_stroke_the_generator_is_back_on_the_canvas(qtbot, controller, panel):
    drag(qtbot, panel, (-5, 5), (5, 5))
    controller.undo_stack.undo()
    assert source(controller) == Circles()
    settle(qtbot, controller)
    assert len(panel.canvas.picture.samples) == 500
    assert panel.canvas.editable
    drag(qtbot, panel, (-5, -5), (5, -5))
    assert isinstance(source(controller), Drawing)


def test_escape_leaves_no_step_to_undo_or_redo(qtbot, controller, panel):
    drag(qtbot, panel, (-5, 5), (5, 5))
    before, steps = controller.experiment, controller.undo_stack.count()
    drag(qtbot, panel, (-5, -5), (5, -5), release=False)
    assert controller.experiment != before
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Escape)
    assert controller.experiment == before
    assert controller.undo_stack.count() == steps
    assert not controller.undo_stack.canRedo()


def test_the_data_under_the_network_follow_the_stroke(qtbot, controller, panel):
    controller.toggle()
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.epoch >= 1, timeout=60_000)
    drag(qtbot, panel, (-5, 5), (5, 5))
    n = source(controller).n_points

    def arrived() -> bool:
        controller.tick()
        data = controller.run.snapshot.data if controller.run.snapshot is not None else None
        return data is not None and len(data.train) + len(data.test) == n

    qtbot.waitUntil(arrived, timeout=60_000)
    assert controller.run.status is Status.RUNNING


def test_clear_gives_an_empty_canvas_and_says_what_to_draw(qtbot, controller, panel):
    panel.tools.clear.click()
    assert source(controller) == Drawing()
    assert "two classes" in panel.canvas.words.text
    drag(qtbot, panel, (-4, 0), (4, 0))
    assert "another class" in panel.canvas.words.hint
    panel.tools.chips[1].click()
    drag(qtbot, panel, (-4, 3), (4, 3))
    assert panel.canvas.words == type(panel.canvas.words)()
    settle(qtbot, controller)
    assert controller.run.snapshot.data.n_classes == 2


def test_a_shared_split_moves_no_point_when_others_are_erased(qtbot, controller, panel):
    drag(qtbot, panel, (-5, 5), (5, 5))
    samples = panel.canvas.picture.samples
    before = dict(zip(samples.identities.tolist(), samples.part_of(slice(None)).tolist(), strict=True))
    panel.canvas.set_tool("erase")
    drag(qtbot, panel, (-5, 0), (5, 0))
    samples = panel.canvas.picture.samples
    after = dict(zip(samples.identities.tolist(), samples.part_of(slice(None)).tolist(), strict=True))
    assert len(after) < len(before)
    assert all(before[number] == part for number, part in after.items())


def test_the_train_share_moves_points_between_the_parts(controller, panel):
    panel.tools.clear.click()
    rng = np.random.default_rng(0)
    drawing = Drawing.of("classification", rng.uniform(-5, 5, (200, 2)), np.arange(200) % 2)
    controller.change(controller.experiment.replace(data=DataSettings(source=drawing)), "Open")
    held = (panel.canvas.picture.samples.part_of(slice(None)) > 0).mean()
    controller.set("data.train_share", 0.9, "Train share")
    assert held == pytest.approx(0.5, abs=0.1)
    assert (panel.canvas.picture.samples.part_of(slice(None)) > 0).mean() == pytest.approx(0.1, abs=0.06)


def test_a_third_class_can_be_added_and_drawn(qtbot, controller, panel):
    panel.tools.add.click()
    assert [chip.text() for chip in panel.tools.chips] == ["A", "B", "C"]
    drag(qtbot, panel, (-5, 5), (5, 5))
    assert source(controller).n_classes == 3
    for _ in range(20):
        panel.tools.add.click()
    assert len(panel.tools.chips) == 10
    assert not panel.tools.add.isEnabled()
    show(qtbot, controller, Circles())
    assert len(panel.tools.chips) == 2
    assert panel.canvas.label == 0


# ------------------------------------------------------------ other samples


def test_a_regression_of_one_feature_is_drawn_without_classes(qtbot, controller, panel):
    show(qtbot, controller, NoisySine())
    assert panel.tools.chips[0].isHidden()
    drag(qtbot, panel, (-5, -1), (5, -1))
    drawing = source(controller)
    assert drawing.mode == "regression"
    assert drawing.n_points > NoisySine().samples
    assert (abs(drawing.positions[NoisySine().samples :, 1] + 1) < 0.6).all()
    panel.clear()
    assert source(controller) == Drawing(mode="regression")


@pytest.mark.parametrize("other", [Iris(), TiltedPlane(), Digits(samples=200)], ids=["iris", "plane", "digits"])
def test_samples_that_cannot_be_drawn_on_are_shown_and_left_alone(qtbot, controller, panel, other):
    show(qtbot, controller, other)
    assert not panel.canvas.editable
    assert not panel.tools.tools["brush"].isEnabled()
    assert "Clear to begin" in panel.tools.tools["brush"].toolTip()
    assert panel.canvas.words.foot
    before = controller.experiment
    drag(qtbot, panel, (0, 0), (1, 1))
    panel.canvas.paste()
    assert controller.experiment == before
    assert not panel.canvas.grab().isNull()
    panel.tools.clear.click()
    assert isinstance(source(controller), Drawing)
    assert panel.tools.tools["brush"].isEnabled()


def test_a_source_that_fails_shows_its_sentence(qtbot, controller, panel):
    data = DataSettings(source=Iris(), train_share=0.95, validation_share=0.5)
    controller.open(Experiment(data=data.replace(source=Circles(samples=2), train_share=0.05)))
    qtbot.waitUntil(lambda: controller.tick() is not None and controller.run.status is Status.FAILED, timeout=60_000)
    assert panel.canvas.words.failed
    assert panel.canvas.words.text == controller.run.text
    assert not panel.canvas.editable


def test_slow_samples_are_announced(controller, panel):
    controller.run.snapshot = None
    panel._still_waiting()
    assert panel.canvas.words.text == "Preparing the samples…"


def test_what_is_shown_is_not_drawn_again(controller, panel, monkeypatch):
    drawn = []
    redraw = type(panel.canvas.picture).redraw

    def counted(self):
        drawn.append(1)
        redraw(self)

    monkeypatch.setattr(type(panel.canvas.picture), "redraw", counted)
    for _ in range(3):
        controller.ticked.emit()
    controller.set("training.learning_rate", 0.5, "Learning rate")
    assert not drawn


# ------------------------------------------------------------ tools


@pytest.mark.parametrize("width", [230, 264, 330, 400, 460, 500])
@pytest.mark.parametrize("n_classes", [2, 5, 10])
def test_the_tools_fit_every_width(panel, width, n_classes):
    tools = panel.tools
    tools.set_classes(n_classes)
    panel.show()  # only then a style sheet, if a window of another test has left one, has its say on all sizes
    for across in (width + 40, width):
        panel.resize(across, 420)
        panel.grab()
    assert width - 18 <= tools.width() <= width - 16, "the frame of the card is drawn once a window has been there"
    shown = [*tools.chips, tools.add, *tools.tools.values(), tools.slider, tools.undo, tools.redo, tools.clear]
    for widget in shown:
        assert tools.rect().contains(widget.geometry()), widget.accessibleName()
    for k, widget in enumerate(shown):
        for other in shown[k + 1 :]:
            assert not widget.geometry().intersects(other.geometry()), (
                widget.accessibleName(),
                other.accessibleName(),
            )
    assert tools.slider.width() >= 60


def test_every_control_has_a_name_and_a_tooltip(panel):
    tools = panel.tools
    for control in (*tools.chips, tools.add, *tools.tools.values(), tools.slider, tools.undo, tools.redo, tools.clear):
        assert control.accessibleName()
        assert control.toolTip()
    assert panel.canvas.accessibleName()
    assert "(E)" in tools.tools["erase"].toolTip()


def test_tools_and_canvas_agree(qtbot, panel):
    canvas, tools = panel.canvas, panel.tools
    tools.tools["spray"].click()
    assert canvas.tool == "spray"
    qtbot.keyClick(canvas, "L")
    assert tools.tools["lasso"].isChecked()
    tools.slider.setValue(tools.slider.maximum())
    assert canvas.radius == pytest.approx(2.5)
    qtbot.keyClicks(canvas, "[[[[")
    assert tools.slider.value() < tools.slider.maximum()
    tools.chips[1].click()
    assert canvas.label == 1
    qtbot.keyClick(canvas, "1")
    assert tools.chips[0].isChecked()


def test_the_theme_reaches_everything(panel):
    panel.apply_theme(LIGHT)
    image = panel.canvas.grab().toImage()
    assert image.pixelColor(QPoint(6, 6)).lightness() > 200

"""Rows, sliders and forms: what they show, what they report, and what they leave alone."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from nnviz.engines.optimizers import Optimizer
from nnviz.engines.optimizers.adam import Adam
from nnviz.engines.optimizers.momentum import Momentum
from nnviz.engines.settings import TrainingSettings
from nnviz.gui.form import Form
from nnviz.gui.widgets.choice import ChoiceRow, Entry
from nnviz.gui.widgets.scale import NumberFormat, Scale
from nnviz.gui.widgets.section import Section
from nnviz.gui.widgets.slider import SliderRow
from nnviz.gui.widgets.switch import SwitchRow
from nnviz.gui.widgets.text import TextRow
from nnviz.registry import REGISTRIES
from nnviz.settings import Settings, changed, fields, knob


class Inner(Settings, frozen=True):
    depth: Annotated[int, knob("Depth", "How deep.", ge=1, le=9)] = 2


class Sample(Settings, frozen=True):
    """One of everything that a form can show, and two fields that it cannot."""

    count: Annotated[int, knob("Count", "How many.", ge=1, le=200, unit="epochs")] = 10
    rate: Annotated[float, knob("Rate", "How fast.", gt=0.0, le=100.0, soft_max=10.0, scale="log", live=True)] = 0.1
    share: Annotated[float, knob("Share", "How much.", ge=0.0, le=1.0)] = 0.25
    flag: Annotated[bool, knob("Flag", "Whether.")] = False
    side: Annotated[Literal["left", "right"], knob("Side", "Where.")] = "left"
    name: Annotated[str, knob("Name", "What it is called.")] = "ann"
    optimizer: Annotated[Optimizer, knob("Optimizer", "How.", live=True)] = Momentum()
    inner: Annotated[Inner, knob("Inner", "A group.")] = Inner()
    hidden: Annotated[float, knob("Hidden", "Rarely.", ge=0.0, le=1.0, advanced=True)] = 0.5
    blob: bytes = b""
    many: tuple[int, ...] = ()


class Owner:
    """Answers a form as a panel does."""

    def __init__(self, form: Form) -> None:
        self.form, self.settings = form, Sample()
        self.heard: list[tuple[str, object, str, bool]] = []
        form.edited.connect(self.hear)
        form.show_settings(self.settings)

    def hear(self, path: str, value: object, text: str, final: bool) -> None:
        self.heard.append((path, value, text, final))
        try:
            self.settings = changed(self.settings, path.removeprefix("sample."), value)
        except ValueError as error:
            self.form.show_problem(path, f"sample.{error}")
        else:
            self.form.show_settings(self.settings)


@pytest.fixture
def form(qtbot):
    made = Form(Sample, "sample")
    qtbot.addWidget(made)
    made.resize(280, 500)
    made.show()
    return made


@pytest.fixture
def owner(form):
    return Owner(form)


def type_into(row: SliderRow, text: str, key: Qt.Key = Qt.Key.Key_Return) -> None:
    QTest.mouseClick(row.number, Qt.MouseButton.LeftButton)
    QTest.keyClicks(QApplication.focusWidget(), text)
    QTest.keyClick(QApplication.focusWidget(), key)


# ---------------------------------------------------------------- scales and numbers


@pytest.mark.parametrize(
    ("scale", "first", "last"),
    [
        (Scale(0.0, 10.0, log=True, open_minimum=True), 1e-5, 10),
        (Scale(0.0, 1.0, log=True), 0, 1),
        (Scale(1, 512, log=True, integer=True), 1, 512),
        (Scale(0.05, 0.95), 0.05, 0.95),
        (Scale(0.0, 1.0, open_maximum=True), 0, 0.99),
        (Scale(2, 5, integer=True), 2, 5),
        (Scale(0, 10_000, log=True, integer=True), 0, 10_000),
    ],
)
def test_a_scale_reaches_from_end_to_end_in_round_numbers(scale, first, last):
    assert scale.stops[0] == pytest.approx(first)
    assert scale.stops[-1] == last
    assert list(scale.stops) == sorted(set(scale.stops))
    assert all(len(f"{v:g}".replace(".", "").replace("e-0", "e").lstrip("0")) <= 5 for v in scale.stops)
    assert [scale.index(v) for v in scale.stops] == list(range(len(scale.stops)))


def test_a_logarithmic_scale_with_minimum_0_has_0_and_then_decades():
    stops = Scale(0.0, 1.0, log=True).stops
    assert stops[:2] == (0, pytest.approx(1e-6))
    assert {0.001, 0.01, 0.1}.issubset(stops)


def test_a_scale_finds_the_stop_nearest_to_any_number():
    scale = Scale(0.0, 1.0)
    assert scale.stops[scale.index(0.333)] == 0.33
    assert scale.index(-5) == 0
    assert scale.index(99) == len(scale.stops) - 1


def test_numbers_are_written_short_and_read_generously():
    number, percent = NumberFormat(), NumberFormat(percent=True)
    count = NumberFormat(integer=True, words={0: "off"})
    assert [number.shown(v) for v in (0, 3e-5, 0.12, 1 / 3, 12345.0)] == ["0", "3e-5", "0.12", "0.3333", "12,345"]
    assert number.parse("1,5") == 1.5
    assert number.parse("−2") == -2
    assert number.parse("many") == "many"
    assert percent.shown(0.1) == "10 %"
    assert percent.parse("12.5 %") == percent.parse("12,5") == 0.125
    assert count.shown(0) == "off"
    assert count.parse("Off") == 0
    assert count.parse("2,000") == 2000
    assert isinstance(count.parse("1e3"), int)
    assert NumberFormat(unit="°").parse("45°") == 45


# ---------------------------------------------------------------- slider rows


@pytest.fixture
def slider(qtbot):
    row = SliderRow("Noise", Scale(0.0, 2.0))
    qtbot.addWidget(row)
    row.resize(280, 28)
    row.set_value(0.5)
    row.show()
    row.changes, row.commits = [], []
    row.changed.connect(row.changes.append)
    row.committed.connect(row.commits.append)
    return row


def test_setting_a_value_emits_nothing(slider):
    slider.set_value(1.25)
    assert slider.number.text() == "1.25"
    assert slider.scale.stops[slider.slider.value()] == 1.25
    assert slider.changes == slider.commits == []


def test_a_drag_reports_every_value_and_commits_once_at_the_release(slider):
    bar = slider.slider
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(20, bar.height() // 2))
    for x in (30, 40, 50):
        QTest.mouseMove(bar, QPoint(x, bar.height() // 2))
    slider.set_value(0.5)  # what the settings still say does not pull the slider back
    assert len(slider.changes) >= 3
    assert slider.commits == []
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(50, bar.height() // 2))
    assert slider.commits == [slider.changes[-1]]


def test_a_press_beside_the_handle_jumps_there(slider):
    bar = slider.slider
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() - 2, bar.height() // 2))
    assert slider.commits == [2.0]


def test_keys_move_it_and_settle_after_a_moment(slider, qtbot):
    slider.slider.setFocus()
    with qtbot.waitSignal(slider.committed, timeout=5_000):
        QTest.keyClick(slider.slider, Qt.Key.Key_Right)
        QTest.keyClick(slider.slider, Qt.Key.Key_Right)
    assert slider.changes == [0.51, 0.52]
    assert slider.commits == [0.52]


def test_the_wheel_is_for_scrolling_unless_the_slider_has_the_focus(slider):
    def turn() -> None:
        centre = QPointF(slider.slider.rect().center())
        event = QWheelEvent(
            centre,
            slider.slider.mapToGlobal(centre),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(slider.slider, event)

    slider.slider.clearFocus()
    turn()
    assert slider.changes == []
    slider.slider.setFocus()
    turn()
    assert len(slider.changes) == 1


def test_a_number_can_be_typed_beyond_the_end_of_the_slider(slider):
    type_into(slider, "4.5")
    assert slider.commits == [4.5]
    assert slider.number.text() == "4.5"
    assert slider.slider.value() == slider.slider.maximum()
    assert QApplication.focusWidget() is slider.slider


def test_return_on_the_slider_opens_the_field_and_a_digit_begins_it(slider):
    slider.slider.setFocus()
    QTest.keyClick(slider.slider, Qt.Key.Key_Return)
    assert slider.editing
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not slider.editing
    QTest.keyClick(slider.slider, "1")
    QTest.keyClicks(QApplication.focusWidget(), ".5")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert slider.commits == [1.5]


def test_escape_gives_up_typing(slider):
    type_into(slider, "1.9", Qt.Key.Key_Escape)
    assert slider.commits == []
    assert slider.number.text() == "0.5"


def test_a_change_from_outside_wins_over_an_open_field(slider):
    slider.edit()
    slider.set_value(0.5)
    assert slider.editing
    slider.set_value(1.0)
    assert not slider.editing
    assert slider.number.text() == "1"


# ---------------------------------------------------------------- other rows


def test_a_choice_reports_its_value_and_keeps_what_was_chosen_when_entries_change(qtbot):
    row = ChoiceRow("Side", [Entry(1, "one", "The first."), Entry(2, "two")])
    qtbot.addWidget(row)
    heard: list[object] = []
    row.committed.connect(heard.append)
    row.set_value(2)
    row.box.set_entries([Entry(2, "zwei"), Entry(3, "drei")])
    assert (row.value, row.text, heard) == (2, "zwei", [])
    row.show()
    row.box.setFocus()
    QTest.keyClick(row.box, Qt.Key.Key_Down)
    assert heard == [3]


def test_a_refused_choice_can_be_taken_back(qtbot):
    row = ChoiceRow("Side", [Entry(1, "one"), Entry(2, "two")])
    qtbot.addWidget(row)
    row.set_value(1)
    row.committed.connect(lambda value: row.set_error("Not that one."))
    row.box.setCurrentIndex(1)
    row.box.activated.emit(1)
    row.set_value(1)  # the settings have not changed: the choice and the reason stay
    assert (row.value, row.error) == (2, "Not that one.")
    row.box.setCurrentIndex(0)
    row.box.activated.emit(0)
    assert (row.value, row.error) == (1, "")


def test_text_is_settled_with_return_once(qtbot):
    row = TextRow("Name")
    qtbot.addWidget(row)
    heard: list[object] = []
    row.committed.connect(heard.append)
    row.set_value("ann")
    row.field.selectAll()
    QTest.keyClicks(row.field, "bob")
    row.set_value("ann")
    assert row.value == "bob"
    QTest.keyClick(row.field, Qt.Key.Key_Return)
    row.field.clearFocus()
    assert heard == ["bob"]


# ---------------------------------------------------------------- forms


def test_a_form_has_a_row_for_every_setting_it_can_show(form):
    shown = {name for name in Sample.__struct_fields__ if form.row(f"sample.{name}") is not None}
    assert shown == {"count", "rate", "share", "flag", "side", "name", "optimizer", "hidden"}
    assert isinstance(form.row("sample.flag"), SwitchRow)
    assert isinstance(form.row("sample.inner.depth"), SliderRow)


def test_every_control_has_a_name_and_a_tooltip_that_says_when_it_applies(form, owner):
    for name, when in (("count", "Starts a new run."), ("rate", "Applies at once.")):
        assert when in form.row(f"sample.{name}").toolTip()
    assert "epochs" in form.row("sample.count").toolTip()
    focusable = [w for w in form.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert len(focusable) >= 10
    assert [w for w in focusable if not w.accessibleName()] == []


def test_showing_settings_emits_nothing(form, owner):
    other = Sample(
        count=7, rate=2.0, share=0.5, flag=True, side="right", name="bob", optimizer=Adam(), inner=Inner(depth=4)
    )
    form.show_settings(other)
    assert owner.heard == []
    assert form.row("sample.count").number.text() == "7"
    assert form.row("sample.side").text == "Right"
    assert form.row("sample.optimizer").value == "adam"
    assert form.row("sample.optimizer.beta1") is not None
    assert form.row("sample.optimizer.momentum") is None


def test_edits_are_reported_with_path_value_and_words(form, owner):
    QTest.mouseClick(form.row("sample.flag").switch, Qt.MouseButton.LeftButton, pos=_switch_place(form))
    type_into(form.row("sample.count"), "42")
    form.row("sample.side").box.setFocus()
    QTest.keyClick(form.row("sample.side").box, Qt.Key.Key_Down)
    assert owner.heard == [
        ("sample.flag", True, "Flag on", True),
        ("sample.count", 42, "Count", True),
        ("sample.side", "right", "Side Right", True),
    ]


def _switch_place(form: Form) -> QPoint:
    switch = form.row("sample.flag").switch
    return QPoint(switch.width() - 10, switch.height() // 2)


def test_changing_the_kind_reports_the_kind_and_shows_its_settings(form, owner):
    row = form.row("sample.optimizer")
    row.box.setFocus()
    row.box.setCurrentIndex([e.value for e in row.entries].index("adam"))
    row.box.activated.emit(row.box.currentIndex())
    assert owner.heard == [("sample.optimizer", {"kind": "adam"}, "Optimizer Adam", True)]
    assert form.row("sample.optimizer.beta1").number.text() == "0.9"
    assert form.row("sample.optimizer.beta1").isVisible()


def test_choosing_the_same_kind_again_changes_nothing(form, owner):
    form.show_settings(Sample(optimizer=Momentum(momentum=0.5)))
    row = form.row("sample.optimizer")
    row.box.activated.emit(row.box.currentIndex())
    assert owner.heard == []


def test_widgets_are_made_once_and_never_torn_down(form, owner):
    beta = None
    before = form.row("sample.rate")
    for kind in (Adam(), Momentum(), Adam(beta1=0.5)):
        form.show_settings(Sample(optimizer=kind))
        beta = beta or form.row("sample.optimizer.beta1")
    assert form.row("sample.optimizer.beta1") is beta
    assert form.row("sample.rate") is before
    assert beta.number.text() == "0.5"


def test_what_is_refused_stays_in_its_field_with_the_reason(form, owner):
    row = form.row("sample.count")
    type_into(row, "900")
    assert "at most 200" in row.error
    assert not row.error.startswith("sample.")
    assert row.editing
    assert owner.settings.count == 10
    form.show_settings(owner.settings)  # as a change of another setting would
    assert row.editing
    assert "at most 200" in row.error
    QTest.keyClicks(QApplication.focusWidget(), "90")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert (row.error, row.editing, owner.settings.count) == ("", False, 90)


def test_words_instead_of_a_number_are_refused_too_and_escape_returns(form, owner):
    row = form.row("sample.rate")
    type_into(row, "fast")
    assert row.error
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert (row.error, row.number.text(), owner.settings.rate) == ("", "0.1", 0.1)


def test_an_undo_takes_the_refused_text_away(form, owner):
    row = form.row("sample.count")
    type_into(row, "900")
    form.show_settings(Sample(count=33))
    assert (row.error, row.editing, row.number.text()) == ("", False, "33")


def test_open_ends_are_not_offered_by_the_slider(form):
    assert form.row("sample.rate").scale.stops[0] > 0
    assert form.row("sample.optimizer.momentum") is None
    form.show_settings(Sample())
    assert form.row("sample.optimizer.momentum").scale.stops[-1] < 1


def test_advanced_settings_are_folded_away(form, owner):
    section = next(s for s in form.findChildren(Section) if s.button.text() == "Advanced")
    assert not form.row("sample.hidden").isVisible()
    QTest.mouseClick(section.button, Qt.MouseButton.LeftButton)
    assert form.row("sample.hidden").isVisible()


def test_a_folded_choice_says_its_settings_in_a_line(qtbot):
    form = Form(TrainingSettings, "training", folded=("training.optimizer",))
    qtbot.addWidget(form)
    form.show()
    form.show_settings(TrainingSettings(optimizer=Momentum(momentum=0.8)))
    section = next(s for s in form.findChildren(Section) if s.isVisible() and "Momentum" in s.button.text())
    assert section.button.text() == "Momentum 0.8"
    QTest.keyClick(section.button, Qt.Key.Key_Space)
    assert form.row("training.optimizer.momentum").isVisible()


def test_labels_and_values_line_up(form, owner):
    form.show_settings(Sample(rate=1234.0, count=3))
    rows = [form.row(f"sample.{name}") for name in ("count", "rate", "share")]
    assert len({row.slider.geometry().left() for row in rows}) == 1
    assert len({row.number.geometry().right() for row in rows}) == 1
    assert {row.height() for row in rows} == {28}


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.noun)
def test_every_registered_kind_has_a_form_that_is_narrow_enough(registry, qtbot):
    for cls in registry:
        if not (isinstance(cls, type) and issubclass(cls, Settings)):
            continue
        form = Form(cls, "kind")
        qtbot.addWidget(form)
        form.show_settings(cls())
        assert form.minimumSizeHint().width() <= 216
        for field in fields(cls):
            row = form.row(f"kind.{field.name}")
            if isinstance(row, SliderRow) and field.default is not None:
                assert row.value == field.default

"""From settings to a form: one row for each setting, made from what the setting says about itself.

A form shows settings and reports what the user does; it changes nothing. Whoever owns it listens to `edited`,
replaces the setting, and answers with `show_settings`, or with `show_problem` when the value is not acceptable.
"""

from __future__ import annotations

import html
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Meta
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from nnviz.gui.widgets.choice import ChoiceRow, Entry
from nnviz.gui.widgets.number import NumberRow
from nnviz.gui.widgets.row import Row
from nnviz.gui.widgets.scale import NumberFormat, Scale
from nnviz.gui.widgets.section import Section
from nnviz.gui.widgets.slider import SliderRow
from nnviz.gui.widgets.switch import SwitchRow
from nnviz.gui.widgets.text import TextRow
from nnviz.settings import Field, Settings, fields, kind_of

INDENT = 12
COUNTS_END = 10_000
"""Where the slider of a count ends that has no end of its own below this."""

PERCENT = NumberFormat(percent=True)


class Form(QWidget):
    """The settings of one group, in the order of declaration, or those named in `only`, in that order.

    `formats` says by path how numbers are written when a plain number would not do, `options` what the permitted
    values of a setting are called when their own names would not do. Choices whose path is in `folded` show the
    settings of the chosen kind as one line that unfolds. Fields of bytes and tuples are left out.
    """

    edited = Signal(str, object, str, bool)
    """Path, new value, words for the list of undoable steps, and whether the user settled on the value."""

    def __init__(
        self,
        cls: type[Settings],
        path_prefix: str = "",
        parent: QWidget | None = None,
        *,
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        formats: Mapping[str, NumberFormat] | None = None,
        options: Mapping[str, str] | None = None,
        folded: Sequence[str] = (),
        indent: int = 0,
    ) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._prefix = f"{path_prefix}." if path_prefix else ""
        self._formats, self._folded, self._indent = formats or {}, folded, indent
        self._options = options or {}
        self._rows: dict[str, Row] = {}
        self._kinds: dict[str, KindForms] = {}
        self._groups: dict[str, Form] = {}
        self._open_ends = _open_ends(cls)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        named = {field.name: field for field in fields(cls) if field.name not in skip}
        wanted = [named[name] for name in only] if only else list(named.values())
        for field in wanted:
            if not field.advanced:
                self._add(field, self._column)
        advanced = [field for field in wanted if field.advanced]
        if advanced:
            section = Section("Advanced", self, indent=indent)
            self._column.addWidget(section)
            for field in advanced:
                self._add(field, section.body)

    # ------------------------------------------------------------ what is shown

    def show_settings(self, settings: Settings) -> None:
        """Show the values of a group without emitting anything; edits that are under way are not disturbed."""
        for name, row in self._rows.items():
            row.set_value(getattr(settings, name))
        for name, forms in self._kinds.items():
            kind = getattr(settings, name)
            self._rows[name].set_value(kind.kind)
            forms.show_settings(kind)
        for name, form in self._groups.items():
            form.show_settings(getattr(settings, name))

    def show_problem(self, path: str, sentence: str) -> None:
        """Say beside a setting what is wrong with the value that was typed for it; ignores paths of other forms."""
        row = self.row(path)
        if row is not None:
            row.set_error(sentence.removeprefix(f"{path}: "))

    def row(self, path: str) -> Row | None:
        """Return the row of a setting; None when the form does not show it at present."""
        name = path.removeprefix(self._prefix)
        if path.startswith(self._prefix) and name in self._rows:
            return self._rows[name]
        inner = (form.row(path) for form in self._inner())
        return next((row for row in inner if row is not None), None)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to set."""
        return not self._rows and not self._groups

    def summary(self) -> str:
        """Return the settings as one line, the way the rows show them."""
        return " · ".join(f"{row.title} {_shown(row)}" for row in self._rows.values())

    def _inner(self) -> Iterator[Form]:
        yield from self._groups.values()
        for forms in self._kinds.values():
            if forms.current is not None:
                yield forms.current

    # ------------------------------------------------------------ making rows

    def _add(self, field: Field, column: QVBoxLayout) -> None:
        path = self._prefix + field.name
        if isinstance(field.type, type) and issubclass(field.type, Settings):
            self._add_group(field, path, column)
            return
        row = self._make_row(field, path)
        if row is None:
            return
        _Reporter(path, row, field.registry is not None).edited.connect(self.edited)
        self._rows[field.name] = row
        column.addWidget(row)
        if field.registry is not None:
            forms = KindForms(path, self, self._formats, fold=path in self._folded, indent=self._indent + INDENT)
            forms.edited.connect(self.edited)
            self._kinds[field.name] = forms
            column.addWidget(forms)

    def _add_group(self, field: Field, path: str, column: QVBoxLayout) -> None:
        form = Form(field.type, path, self, formats=self._formats, folded=self._folded, indent=self._indent + INDENT)
        form.edited.connect(self.edited)
        section = Section(field.title, self, opened=True, indent=self._indent)
        section.add(form)
        self._groups[field.name] = form
        column.addWidget(section)

    def _make_row(self, field: Field, path: str) -> Row | None:
        title, help, indent = field.title, _tooltip(field), self._indent
        if field.registry is not None:
            entries = [Entry(kind_of(kind), kind.title, _kind_help(kind)) for kind in field.registry]
            return ChoiceRow(title, entries, help, self, indent=indent)
        if field.options:
            entries = [Entry(o, self._options.get(str(o)) or _option_text(o)) for o in field.options]
            return ChoiceRow(title, entries, help, self, indent=indent)
        if field.type is bool:
            return SwitchRow(title, help, self, indent=indent)
        if field.type in (int, float):
            return self._number_row(field, path, help)
        if field.type is str:
            return TextRow(title, help, self, indent=indent)
        return None

    def _number_row(self, field: Field, path: str, help: str) -> Row:
        integer = field.type is int
        unit = field.unit if len(field.unit) <= 2 else ""
        format = self._formats.get(path, NumberFormat(integer=integer, unit=unit))
        lowest = field.minimum if field.minimum is not None else min(0.0, -10.0 * abs(field.default or 0))
        bound = field.maximum if field.maximum is not None else max(10.0, 10.0 * abs(field.default or 0))
        log, end = field.scale == "log", field.soft_max if field.soft_max is not None else bound
        if integer and field.soft_max is None and end - lowest > COUNTS_END:
            log, end = True, COUNTS_END
        open_minimum, open_maximum = self._open_ends.get(field.name, (False, False))
        open_maximum = open_maximum and end == field.maximum
        scale = Scale(lowest, end, log, integer, open_minimum, open_maximum)
        return SliderRow(field.title, scale, help, self, format=format, indent=self._indent)


class KindForms(QWidget):
    """The form of whichever kind is chosen. Forms that were made are kept, so that none is ever torn down."""

    edited = Signal(str, object, str, bool)

    def __init__(
        self,
        path: str,
        parent: QWidget | None = None,
        formats: Mapping[str, NumberFormat] | None = None,
        *,
        skip: Sequence[str] = (),
        fold: bool = False,
        indent: int = 0,
    ) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._path, self._formats, self._skip, self._indent = path, formats, skip, indent
        self._forms: dict[type[Settings], Form] = {}
        self.current: Form | None = None
        self._title = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._body = column
        self._section: Section | None = None
        if fold:
            self._section = Section("", self, indent=indent - INDENT)
            self._section.toggled.connect(self._name_section)
            column.addWidget(self._section)
            self._body = self._section.body
        self.hide()

    def show_settings(self, settings: Settings) -> None:
        """Show the settings of one kind, in its form."""
        cls = type(settings)
        form = self._forms.get(cls)
        if form is None:
            form = Form(cls, self._path, self, skip=self._skip, formats=self._formats, indent=self._indent)
            form.edited.connect(self.edited)
            self._forms[cls] = form
            self._body.addWidget(form)
        if form is not self.current:
            if self.current is not None:
                self.current.hide()
            self.current = form
            form.show()
            self.setVisible(not form.empty)
        self._title = getattr(cls, "title", "")
        form.show_settings(settings)
        self._name_section()

    @Slot()
    def _name_section(self) -> None:
        if self._section is None or self.current is None:
            return
        opened, summary = self._section.opened, self.current.summary()
        self._section.button.setText(f"{self._title} settings" if opened else summary)
        self._section.button.setAccessibleName(f"{self._title} settings: {summary}")
        self._section.button.update()


class _Reporter(QObject):
    """Says which setting a row belongs to, and in which words its change can be undone."""

    edited = Signal(str, object, str, bool)

    def __init__(self, path: str, row: Row, of_kinds: bool) -> None:
        super().__init__(row)
        self._path, self._row, self._of_kinds = path, row, of_kinds
        row.changed.connect(self._changed)
        row.committed.connect(self._committed)

    @Slot(object)
    def _changed(self, value: object) -> None:
        self._report(value, False)

    @Slot(object)
    def _committed(self, value: object) -> None:
        self._report(value, True)

    def _report(self, value: object, final: bool) -> None:
        row = self._row
        words = f"{row.title} {_shown(row)}" if isinstance(row, ChoiceRow | SwitchRow) else row.title
        self.edited.emit(self._path, {"kind": value} if self._of_kinds else value, words, final)


def _shown(row: Row) -> str:
    """Return the value of a row in words."""
    if isinstance(row, NumberRow):
        return row.format.shown(row.value)
    if isinstance(row, ChoiceRow):
        return row.text
    return ("on" if row.value else "off") if isinstance(row, SwitchRow) else ""


def _kind_help(kind: Any) -> str:
    """Return what a kind is for, and its formula where it has one."""
    parts = [kind.help, getattr(kind, "formula", "")]
    return "<br>".join(html.escape(part) for part in parts if part)


def _option_text(option: object) -> str:
    text = str(option)
    return text.capitalize() if text.isalpha() else text


def _tooltip(field: Field) -> str:
    """Return what a setting means, its unit, and what a change of it does, as rich text so that it wraps."""
    unit = f"In {field.unit}. " if field.unit.isalpha() else ""
    when = "Applies at once." if field.live else "Starts a new run."
    return f"<p><b>{html.escape(field.title)}</b></p><p>{html.escape(field.help)}</p><p>{unit}{when}</p>"


def _open_ends(cls: type[Settings]) -> dict[str, tuple[bool, bool]]:
    """Return which numbers may not take their lower and upper bound themselves."""
    hints = typing.get_type_hints(cls, include_extras=True)
    metas = {name: m for name, hint in hints.items() for m in getattr(hint, "__metadata__", ()) if isinstance(m, Meta)}
    return {name: (meta.gt is not None, meta.lt is not None) for name, meta in metas.items()}

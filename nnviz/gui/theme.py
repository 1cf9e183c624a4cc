"""All colours, fonts and distances of the window, in one place.

Chrome follows the theme; data colours mean the same everywhere: train is blue, test is orange,
validation is violet, the gap is a light red fill, positive is blue and negative orange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette, QPen

from nnviz import resources

RADIUS = 6

CLASS_COLORS = (
    "#e5862f",
    "#3a8fd6",
    "#009e73",
    "#cc79a7",
    "#b8a800",
    "#56b4e9",
    "#d55e00",
    "#8a6fdf",
    "#7f7f7f",
    "#5f9e3f",
)
"""Classes in Okabe-Ito order, so the second of two is blue like a positive output; further ones begin again."""

LAYER_COLORS = ("#6f8dff", "#2fb27c", "#d07fce", "#cdb13c", "#4fb3c8", "#e08a5b", "#9a8cf0", "#8fa35a")
"""Layers from the input to the output."""

POSITIVE, NEGATIVE = "#3a8fd6", "#d97f33"
"""Diverging data: weights, activations, surfaces."""


@dataclass(frozen=True)
class Theme:
    """The colours of one appearance. `pixel` is the width of a hairline; exports draw wider ones."""

    name: str
    window: str
    card: str
    field: str
    border: str
    text: str
    muted: str
    accent: str
    accent_text: str
    train: str
    test: str
    validation: str
    gap: str
    danger: str
    good: str
    pixel: float = 1.0
    font_size: float = 0.0  # points of the base font; 0 takes the application's
    export: bool = False  # drawing for paper: axis labels, legends, no hover
    grid: bool = True
    classes: tuple[str, ...] = CLASS_COLORS
    layers: tuple[str, ...] = LAYER_COLORS
    positive: str = POSITIVE
    negative: str = NEGATIVE

    @property
    def dark(self) -> bool:
        return QColor(self.window).lightnessF() < 0.5

    def color(self, name: str, alpha: float = 1.0) -> QColor:
        """Return a colour of this theme, by field name or as #rrggbb, with an opacity of 0..1."""
        color = QColor(getattr(self, name, name))
        color.setAlphaF(alpha)
        return color

    def pen(
        self, name: str, width: float = 1.0, alpha: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine
    ) -> QPen:
        """Return a cosmetic pen: its width does not scale with the plot. Live curves use width 1, the fast path."""
        pen = QPen(self.color(name, alpha))
        pen.setWidthF(width * self.pixel)
        pen.setStyle(style)
        pen.setCosmetic(True)
        return pen

    def class_color(self, number: int) -> QColor:
        """Return the colour of a class."""
        return QColor(self.classes[number % len(self.classes)])

    def layer_color(self, number: int) -> QColor:
        """Return the colour of a layer's curve."""
        return QColor(self.layers[number % len(self.layers)])

    def diverging(self) -> NDArray[np.uint8]:
        """Return 256 colours from negative through the card's colour to positive: (256, 4) uint8 RGBA."""
        return _ramp((self.negative, self.card, self.positive))

    def sequential(self) -> NDArray[np.uint8]:
        """Return 256 colours from the card's colour to the accent: (256, 4) uint8 RGBA."""
        return _ramp((self.card, self.accent))


DARK = Theme(
    name="dark",
    window="#1b1f26",
    card="#222731",
    field="#1b1f26",
    border="#2e3541",
    text="#eef1f6",
    muted="#98a1b0",
    accent="#7c9cff",
    accent_text="#0f1420",
    train="#56b4e9",
    test="#f2a33c",
    validation="#b48cf2",
    gap="#e5635e",
    danger="#f0706b",
    good="#3fbf8f",
)

LIGHT = Theme(
    name="light",
    window="#fafbfc",
    card="#ffffff",
    field="#ffffff",
    border="#dfe3e9",
    text="#1b212c",
    muted="#5b6472",
    accent="#3b5bdb",
    accent_text="#ffffff",
    train="#0072b2",
    test="#c26a00",
    validation="#7b4fc9",
    gap="#e5635e",
    danger="#c73a35",
    good="#0a7d55",
)

EXPORT = replace(LIGHT, name="export", window="#ffffff", border="#c9ced6", muted="#3a424e", pixel=1.5, export=True)
"""For figures: light, wider lines, labelled axes."""

EXPORT_DARK = replace(DARK, name="export-dark", border="#434c5b", muted="#c3cad5", pixel=1.5, export=True)
"""For figures on dark slides and pages."""

THEMES = {"dark": DARK, "light": LIGHT}


def _ramp(colors: Sequence[str]) -> NDArray[np.uint8]:
    stops = np.array([QColor(c).getRgb() for c in colors], np.float64)
    t = np.linspace(0, len(colors) - 1, 256)
    ramp = np.column_stack([np.interp(t, np.arange(len(colors)), stops[:, i]) for i in range(4)])
    return ramp.round().astype(np.uint8)


def system_theme() -> Theme:
    """Return the theme that the desktop asks for; light where it does not say."""
    scheme = QGuiApplication.styleHints().colorScheme()
    return DARK if scheme == Qt.ColorScheme.Dark else LIGHT


@cache
def font_family() -> str:
    """Register the bundled font and return its family; the system's own when it cannot be loaded."""
    numbers = [QFontDatabase.addApplicationFont(str(f)) for f in sorted(resources.path("fonts").glob("*.otf"))]
    families = [family for n in numbers if n >= 0 for family in QFontDatabase.applicationFontFamilies(n)]
    return families[0] if families else QGuiApplication.font().family()


def font(size: str = "body", bold: bool = False, tabular: bool = False) -> QFont:
    """Return one of the three sizes: `small` (captions), `body`, `large` (read-outs).

    `tabular` figures are all equally wide, so that live numbers do not jitter.
    """
    made = QFont(font_family())
    made.setPixelSize({"small": 11, "body": 13, "large": 18}[size])
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    if tabular:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def palette(theme: Theme) -> QPalette:
    """Return the palette of the window's controls."""
    made = QPalette()
    role = QPalette.ColorRole
    roles: dict[Any, str] = {
        role.Window: theme.window,
        role.Base: theme.field,
        role.AlternateBase: theme.card,
        role.Button: theme.card,
        role.WindowText: theme.text,
        role.Text: theme.text,
        role.ButtonText: theme.text,
        role.ToolTipBase: theme.card,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.accent_text,
        role.Link: theme.accent,
        role.Mid: theme.border,
        role.Dark: theme.border,
        role.Light: theme.card,
        role.Accent: theme.accent,
    }
    for which, color in roles.items():
        made.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, theme.color("muted", 0.6))
    return made


def style_sheet(theme: Theme) -> str:
    """Return the style of standard widgets: hairlines, radius 6, one accent."""
    chevron = resources.path("icons", f"chevron-{'dark' if theme.dark else 'light'}.svg").as_posix()
    return f"""
    * {{ outline: none; }}
    QToolTip {{ background: {theme.card}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px 6px; }}
    QMainWindow, QDialog {{ background: {theme.window}; }}
    QMainWindow::separator {{ background: {theme.border}; width: 1px; height: 1px; }}
    QFrame#card {{ background: {theme.card}; border: 1px solid {theme.border}; border-radius: {RADIUS}px; }}
    QLabel#caption {{ color: {theme.muted}; font-size: 11px; font-weight: 600; letter-spacing: 1px; }}
    QLabel#caption-note {{ color: {theme.muted}; font-size: 11px; font-weight: 600; }}
    QLabel#muted {{ color: {theme.muted}; }}
    QLabel#error {{ color: {theme.danger}; }}
    QPushButton, QToolButton {{
        background: {theme.card}; color: {theme.text}; border: 1px solid {theme.border};
        border-radius: {RADIUS}px; padding: 4px 10px; min-height: 20px;
    }}
    QToolButton {{ padding: 4px 6px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {theme.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {theme.window}; }}
    QPushButton:focus, QToolButton:focus {{ border-color: {theme.accent}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {theme.color("muted", 0.6).name(QColor.NameFormat.HexArgb)}; }}
    QToolButton:checked {{ border: 1px solid {theme.accent}; color: {theme.accent}; }}
    QPushButton#primary {{ background: {theme.accent}; color: {theme.accent_text}; border: 1px solid {theme.accent}; }}
    QPushButton#primary:focus {{ border-color: {theme.text}; }}
    QPushButton#primary:disabled {{
        background: {theme.border}; border-color: {theme.border}; color: {theme.muted};
    }}
    QPushButton::menu-indicator, QToolButton::menu-indicator {{ image: none; width: 0; }}
    QToolButton#chip, QToolButton#error-chip {{
        padding: 0 6px; min-height: 0; border-radius: 4px; font-size: 11px; background: {theme.window};
    }}
    QToolButton#chip {{ border-color: {theme.border}; }}
    QToolButton#chip:hover, QToolButton#chip:focus {{ border-color: {theme.accent}; }}
    QToolButton#error-chip {{ border: 1px solid {theme.danger}; color: {theme.danger}; }}
    QToolButton#insert {{
        padding: 0 0 2px 0; min-height: 0; border-radius: 10px; color: {theme.muted}; background: {theme.card};
    }}
    QToolButton#insert:hover, QToolButton#insert:focus {{ color: {theme.accent}; border-color: {theme.accent}; }}
    QToolButton#flat {{ border: 1px solid transparent; background: transparent; padding: 1px 3px; min-height: 16px; }}
    QToolButton#flat:hover, QToolButton#flat:focus {{ border-color: {theme.border}; }}
    QToolButton#flat:checked {{ color: {theme.accent}; border-color: {theme.border}; }}
    QToolBar {{ border: none; padding: 0; spacing: 0; background: {theme.window}; }}
    QToolBar#bar-header {{ border-bottom: 1px solid {theme.border}; }}
    QToolBar#bar-timeline {{ border-top: 1px solid {theme.border}; }}
    QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{
        background: {theme.card}; color: {theme.text}; border: 1px solid {theme.border};
        border-radius: {RADIUS}px; padding: 3px 8px; min-height: 20px;
        selection-background-color: {theme.accent}; selection-color: {theme.accent_text};
    }}
    QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover, QLineEdit:hover {{ border-color: {theme.accent}; }}
    QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus {{ border-color: {theme.accent}; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QComboBox::down-arrow {{ image: url({chevron}); width: 14px; height: 14px; }}
    QComboBox QAbstractItemView {{
        background: {theme.card}; color: {theme.text}; border: 1px solid {theme.border};
        selection-background-color: {theme.accent}; selection-color: {theme.accent_text};
    }}
    QMenu {{ background: {theme.card}; color: {theme.text}; border: 1px solid {theme.border}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 20px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {theme.accent}; color: {theme.accent_text}; }}
    QMenu::item:disabled {{ color: {theme.muted}; }}
    QMenu::separator {{ height: 1px; background: {theme.border}; margin: 4px 8px; }}
    QLabel#menu-heading {{ color: {theme.muted}; font-size: 11px; font-weight: 600; padding: 8px 12px 2px 12px; }}
    QMenuBar {{ background: {theme.window}; color: {theme.text}; }}
    QMenuBar::item {{ background: transparent; padding: 4px 8px; }}
    QMenuBar::item:selected {{ background: {theme.card}; }}
    QSlider::groove:horizontal {{ height: 4px; background: {theme.border}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {theme.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{
        background: {"#ffffff" if theme.dark else theme.card}; border: 1px solid {theme.muted};
        width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
    }}
    QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus {{ border-color: {theme.accent}; }}
    QScrollArea {{ background: transparent; border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 8px; margin: 0; }}
    QScrollBar::handle {{ background: {theme.border}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QHeaderView::section {{
        background: {theme.card}; color: {theme.muted}; border: none; padding: 4px;
        border-bottom: 1px solid {theme.border};
    }}
    QTableView {{ background: {theme.field}; border: 1px solid {theme.border}; gridline-color: {theme.border}; }}
    QStatusBar {{ background: {theme.window}; color: {theme.muted}; }}
    QTabBar {{ font-size: 11px; qproperty-elideMode: ElideNone; }}
    QTabBar::tab {{
        background: transparent; color: {theme.muted}; border: none; border-bottom: 2px solid transparent;
        padding: 2px 8px;
    }}
    QTabBar::tab:hover {{ color: {theme.text}; }}
    QTabBar::tab:selected {{ color: {theme.text}; border-bottom-color: {theme.accent}; }}
    QDockWidget {{ color: {theme.muted}; titlebar-close-icon: none; }}
    """

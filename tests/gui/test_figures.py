"""Figures of every view in every format, read back by programs that share no code with what drew them."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pypdfium2.raw as raw
import pytest
from figure_stage import (
    NAMES,
    PICTURES,
    SVG,
    difference,
    figure,
    labels,
    millimetres,
    of,
    pdf_page,
    pdf_pixels,
    png_pixels,
    points_per_unit,
    recipe,
    shown_by,
    strokes,
    svg_pixels,
)
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from view_stage import EXPERIMENTS, NEEDS

from nnviz.experiment import bundled
from nnviz.export.epochs import EpochRange
from nnviz.export.palettes import Palette
from nnviz.export.presets import presets
from nnviz.gui.figures.export import render
from nnviz.gui.figures.formats import FORMATS, picture, written_picture
from nnviz.gui.figures.painter import Written
from nnviz.gui.figures.problem import ExportError
from nnviz.gui.figures.sheet import Sheet, check_choices
from nnviz.gui.theme import DARK, EXPORT
from nnviz.gui.views import views
from nnviz.history.history import History
from nnviz.run import Run

WITH_RASTER = ("surface",)
_MOST_SVG, _MOST_PDF = 42, 50
"""How far blurred pixels may be apart, of 255: renderers smooth the edges of glyphs and hairlines differently."""

Train = Callable[..., Run]


@pytest.fixture
def run(qapp: object, trained_run: Train) -> Run:
    return trained_run(needs=NEEDS, epochs=5)


@pytest.fixture
def long_run(qapp: object, trained_run: Train) -> Run:
    return trained_run(needs=NEEDS, epochs=60)


# ------------------------------------------------------------ what is exported is what is seen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_svg_and_pdf_look_like_the_png(name: str, theme: str, run: Run) -> None:
    """Rendered by resvg and by PDFium, without any font of this machine."""
    drawn = png_pixels(of(run, "png", name, theme=theme))
    for seen, most in (
        (svg_pixels(of(run, "svg", name, theme=theme)), _MOST_SVG),
        (pdf_pixels(of(run, "pdf", name, theme=theme)), _MOST_PDF),
    ):
        mean, largest = difference(drawn, seen)
        assert mean < 1.5
        assert largest < most


def test_the_comparison_sees_what_is_missing(run: Run) -> None:
    """The legend, thinner lines, one label: each is more than what two renderers may differ by."""
    whole = png_pixels(of(run, "png", "loss", height=58.2))
    for without in ({"legend": False}, {"line_width": 0.1}):
        assert difference(whole, png_pixels(of(run, "png", "loss", height=58.2, **without)))[1] > _MOST_PDF
    text = of(run, "svg", "loss", height=58.2).decode()
    for label in ("epoch", "0", "4", "Gap"):
        unlabelled = re.sub(rf'<path [^>]*aria-label="{label}"[^>]*/>', "", text)
        assert unlabelled != text
        assert difference(whole, svg_pixels(unlabelled.encode()))[1] > _MOST_PDF


@pytest.mark.parametrize("format", ["svg", "pdf"])
def test_a_composition_looks_like_its_png(format: str, run: Run) -> None:
    options = {"columns": 2, "width": 175.0, "title": True, "heading": "All of it"}
    drawn = png_pixels(of(run, "png", *NAMES, **options))
    seen = {"svg": svg_pixels, "pdf": pdf_pixels}[format](of(run, format, *NAMES, **options))
    mean, largest = difference(drawn, seen)
    assert mean < 1.5
    assert largest < _MOST_PDF


def test_a_composition_holds_every_panel_as_it_is_alone(run: Run) -> None:
    """Under its letter: the same words, but for the numbers of the axes, of which the room decides how many."""
    together = labels(of(run, "svg", *NAMES, columns=3, width=260.0, title=True))
    assert [text for text in together if re.fullmatch("[a-i]", text)] == list("abcdefghi")
    for name in NAMES:
        alone = labels(of(run, "svg", name, title=True))
        words = {text for text in alone if re.search("[A-Za-z]{2}", text)}
        assert words
        assert words <= set(together)


# ------------------------------------------------------------ sizes on paper


@pytest.mark.parametrize("preset", presets.names())
def test_every_format_has_the_size_that_was_asked_for(preset: str, run: Run) -> None:
    wanted = figure(preset, dpi=presets[preset].figure.dpi)
    png = QImage.fromData(of(run, "png", "loss", preset=preset, dpi=wanted.dpi))
    width, height, _ = pdf_page(of(run, "pdf", "loss", preset=preset))
    root = ElementTree.fromstring(of(run, "svg", "loss", preset=preset))
    assert width == pytest.approx(wanted.width, abs=1e-3)
    assert millimetres(root.get("width", "")) == pytest.approx(wanted.width, abs=1e-3)
    assert millimetres(root.get("height", "")) == pytest.approx(height, abs=2e-3)
    if wanted.height:
        assert height == pytest.approx(wanted.height, abs=1e-3)
        assert width / height == pytest.approx(16 / 9, abs=1e-4)
    assert png.width() == round(width / 25.4 * wanted.dpi)
    assert png.height() == pytest.approx(height / 25.4 * wanted.dpi, abs=1)
    assert png.dotsPerMeterX() == png.dotsPerMeterY() == pytest.approx(wanted.dpi / 0.0254, abs=1)
    assert not png.hasAlphaChannel()


def test_presets_are_the_sizes_of_papers_and_slides() -> None:
    assert presets["paper-column"].figure.width == 85
    assert presets["paper-page"].figure.width == 175
    assert presets["slide"].figure.width / presets["slide"].figure.height == pytest.approx(16 / 9)
    assert presets["screen"].figure.width / 25.4 * presets["screen"].figure.dpi == pytest.approx(1280)


@pytest.mark.parametrize("line_width", [0.5, 2.0])
@pytest.mark.parametrize("font", [6.0, 10.0])
def test_lines_and_type_are_as_large_on_paper_as_they_should(font: float, line_width: float, run: Run) -> None:
    root = ElementTree.fromstring(of(run, "svg", "loss", font=font, line_width=line_width))
    unit = points_per_unit(root)
    ((width, _),) = strokes(root, EXPORT.train)
    assert width * unit == pytest.approx(line_width, rel=1e-3)
    for size in _pdf_type_sizes(of(run, "pdf", "loss", font=font, line_width=line_width)):
        assert size == pytest.approx(font, rel=2e-3)
    with Sheet(recipe("loss", font=font), run.history, run.snapshot) as sheet:
        assert all(text.size * sheet.unit == pytest.approx(font) for text in _written(sheet))


def _pdf_type_sizes(contents: bytes) -> list[float]:
    """Return the sizes of all pieces of text in a PDF, in points."""
    document, sizes = pypdfium2.PdfDocument(contents), []
    try:
        for item in document[0].get_objects(filter=(raw.FPDF_PAGEOBJ_TEXT,), max_depth=8):
            size = ctypes.c_float()
            assert raw.FPDFTextObj_GetFontSize(item, size)
            a, b, c, d, _, _ = item.get_matrix().get()
            sizes.append(size.value * abs(a * d - b * c) ** 0.5)
    finally:
        document.close()
    assert len(sizes) > 8
    return sizes


def _written(sheet: Sheet) -> list[Written]:
    return written_picture(sheet, 72)[1]


# ------------------------------------------------------------ words


def test_narrow_panels_keep_their_labels(qapp: object, trained_run: Train) -> None:
    """Two columns of 85 mm: little room, but every axis and class keeps its name, whole.

    Of the predicted classes, which are the true ones once more, only as many are named as there is room for.
    """
    run = trained_run(EXPERIMENTS["three classes"], needs=NEEDS, epochs=3)
    for name in NAMES:
        panels = recipe(name, name, columns=2)
        shown = labels(render(panels, run.history, run.snapshot, "svg"))
        assert "…" not in "".join(shown)
        alone = " ".join(text for text in labels(of(run, "svg", name)) if re.search("[A-Za-z]{2}", text))
        words = set(alone.split())
        assert all(" ".join(shown).split().count(word) >= 2 for word in words), (name, words, shown)


@pytest.mark.parametrize("preset", presets.names())
@pytest.mark.parametrize("kind", EXPERIMENTS)
def test_no_label_is_cut_or_covered(kind: str, preset: str, qapp: object, trained_run: Train) -> None:
    """Every word stands inside the page, whole, and on no other."""
    run = trained_run(EXPERIMENTS[kind], needs=NEEDS, epochs=3)
    for name in shown_by(run):
        with Sheet(recipe(name, preset=preset), run.history, run.snapshot) as sheet:
            written = _written(sheet)
            right, bottom = (side / sheet.unit for side in sheet.size.toTuple())
        assert len(written) >= 3
        for number, one in enumerate(written):
            assert "…" not in one.text, (name, one.text)
            box = one.box
            assert 0 <= box.left() <= box.right() <= right, (name, one.text, box)
            assert 0 <= box.top() <= box.bottom() <= bottom, (name, one.text, box)
            for other in written[number + 1 :]:
                shared = box.intersected(other.box)
                assert shared.width() * shared.height() < 0.5, (name, one.text, other.text)


@pytest.mark.parametrize("preset", presets.names())
@pytest.mark.parametrize("best", [1, 3, 30, 58])
def test_the_word_at_the_best_epoch_covers_no_number(best: int, preset: str, run: Run) -> None:
    """Wherever the curve ends and the numbers of the axis stand."""
    for top in np.linspace(0.9, 2.1, 13):
        history = History()
        loss = np.where(np.arange(61) == best, 0.05, np.linspace(top, 0.1, 61))
        history.append({"epoch": np.arange(61.0), "step": np.arange(61.0), "train_loss": loss, "test_loss": loss})
        with Sheet(recipe("loss", preset=preset), history, run.snapshot) as sheet:
            written = _written(sheet)
        (word,) = [text for text in written if text.text.startswith("best")]
        for other in written:
            shared = word.box.intersected(other.box)
            assert other is word or shared.width() * shared.height() == 0, (top, other.text)


def test_names_of_axes_do_not_meet_in_the_corner(qapp: object, trained_run: Train) -> None:
    """Long ones are cut short where two views share a slide; they do not cover each other."""
    run = trained_run(bundled("iris"), needs=NEEDS, epochs=3)
    for columns in (2, 3):
        panels = recipe(*["surface"] * columns, columns=columns, preset="slide", height=0.0)
        with Sheet(panels, run.history, run.snapshot) as sheet:
            written = [text for text in _written(sheet) if text.text.startswith("component")]
        assert len(written) == 2 * columns
        for number, one in enumerate(written):
            for other in written[number + 1 :]:
                assert not one.box.intersects(other.box), (one.text, other.text)


def test_axes_curves_and_units_are_named(run: Run, qapp: object, trained_run: Train) -> None:
    assert {"epoch", "binary cross-entropy", "Train", "Test", "Gap"} <= set(labels(of(run, "svg", "loss")))
    assert {"epoch", "% wrong"} <= set(labels(of(run, "svg", "error")))
    assert run.snapshot is not None
    assert {*run.snapshot.plane.labels, "A", "B", "Train", "Test"} <= set(labels(of(run, "svg", "surface")))
    assert {"right (test)", "wrong", "true", "predicted"} <= set(labels(of(run, "svg", "confusion")))
    assert "usual\u00a010⁻³" in labels(of(run, "svg", "update_ratio"))
    noisy = trained_run(EXPERIMENTS["validation and label noise"], needs=NEEDS, epochs=3)
    assert "Wrong label" in labels(of(noisy, "svg", "surface"))
    assert "Wrong label" not in labels(of(run, "svg", "surface"))
    values = trained_run(EXPERIMENTS["values of many features"], needs=NEEDS, epochs=3)
    assert values.snapshot is not None
    assert f"RMSE of {values.snapshot.data.target_name}" in labels(of(values, "svg", "error"))


def test_title_heading_legend_and_grid_are_there_when_asked_for(run: Run) -> None:
    bare = labels(of(run, "svg", "loss", legend=False))
    assert "Loss" not in bare
    assert "Train" not in bare
    assert {"Loss", "Two & <three>"} <= set(labels(of(run, "svg", "loss", title=True, heading="Two & <three>")))
    lines = [len(re.findall("<polyline", of(run, "svg", "loss", grid=grid).decode())) for grid in (True, False)]
    assert lines[0] > lines[1] > 0, "without the grid the axes stay"
    document = ElementTree.fromstring(of(run, "svg", "loss", heading="Two & <three>"))
    assert document.findtext(f"{SVG}title") == "Two & <three>"


def test_letters_of_a_pdf_can_be_read(run: Run) -> None:
    """PDFium puts line breaks where it likes, so only the letters count."""
    _, _, words = pdf_page(of(run, "pdf", "loss"))
    letters = "".join(words.split())
    assert all(word in letters for word in ("epoch", "binarycross-entropy", "Train", "Test", "Gap", "0.2", "0.8"))


def test_svg_needs_no_font(run: Run) -> None:
    for name in NAMES:
        root = ElementTree.fromstring(of(run, "svg", name))
        assert not list(root.iter(f"{SVG}text"))
        assert len(labels(of(run, "svg", name))) >= 3


def test_choices_of_the_view_are_in_the_figure(run: Run) -> None:
    assert "Test" in labels(of(run, "svg", "surface", choices={"test": True}))
    assert "Test" not in labels(of(run, "svg", "surface", choices={"test": False}))
    assert "right (train)" in labels(of(run, "svg", "confusion", choices={"part": "train"}))


# ------------------------------------------------------------ curves and points


def test_no_point_of_a_curve_is_missing(long_run: Run) -> None:
    """Every epoch is a corner of the curve in the SVG, at the height that the axis gives it."""
    root = ElementTree.fromstring(of(long_run, "svg", "loss"))
    with Sheet(recipe("loss"), long_run.history, long_run.snapshot) as sheet:
        panel = sheet._panels[0]
        plot, top = panel._view.plot, panel._top  # type: ignore[attr-defined]
        for part in ("train", "test"):
            ((_, xy),) = strokes(root, getattr(EXPORT, part))
            values = long_run.history.column(f"{part}_loss")
            assert len(xy) == len(values) == 61
            epochs, heights = np.array([plot.from_pixel(QPointF(x, y - top)) for x, y in xy]).T
            np.testing.assert_allclose(epochs, long_run.history.column("epoch"), atol=0.05)
            np.testing.assert_allclose(heights, values, atol=2e-3)


def test_no_sample_is_missing(run: Run) -> None:
    assert run.snapshot is not None
    train, test = run.snapshot.arrays["representation"]
    root = ElementTree.fromstring(of(run, "svg", "representation"))
    round_ones = sum(1 for tag in ("circle", "ellipse") for _ in root.iter(SVG + tag))
    noisy = int(run.snapshot.data.train.noisy.sum())
    legend = 3  # a disc for train, a disc and its hole for test
    assert round_ones == 2 * len(train) + noisy + 3 * len(test) + legend


@pytest.mark.parametrize("name", NAMES)
def test_vectors_stay_vectors(name: str, run: Run) -> None:
    root = ElementTree.fromstring(of(run, "svg", name))
    assert len(list(root.iter(f"{SVG}image"))) == (1 if name in WITH_RASTER else 0)
    contents = of(run, "pdf", name)
    assert contents.count(b"/Subtype /Image") == (1 if name in WITH_RASTER else 0)
    assert b"/FontFile" in contents, "fonts are embedded"


@pytest.mark.parametrize("name", NAMES)
def test_svg_strokes_are_as_wide_as_they_say(name: str, run: Run) -> None:
    """No strokes inside stretched coordinates, which many programs draw as wide as these are stretched."""
    text = of(run, "svg", name).decode()
    assert 'vector-effect="non-scaling-stroke"' not in text
    for group in ElementTree.fromstring(text).iter(f"{SVG}g"):
        shapes = [e for e in group if e.tag in (f"{SVG}path", f"{SVG}polyline", f"{SVG}rect")]
        stroked = group.get("stroke", "none") != "none" and any(e.get("stroke") != "none" for e in shapes)
        matrix = re.match(r"matrix\(([^)]*)\)", group.get("transform", ""))
        if matrix and stroked:
            a, b, c, d, *_ = map(float, matrix[1].split(","))
            assert abs(a * d - b * c) == pytest.approx(1.0, abs=1e-3)


# ------------------------------------------------------------ colours


@pytest.mark.parametrize("palette", Palette.registry.names())
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_palettes_are_drawn(palette: str, theme: str, run: Run) -> None:
    chosen = Palette.registry[palette]()
    contents = of(run, "svg", "loss", theme=theme, palette=chosen)
    colors = (chosen.on_dark if theme == "dark" else chosen.on_light) or {
        "train": EXPORT.train if theme == "light" else DARK.train
    }
    assert strokes(ElementTree.fromstring(contents), colors["train"])
    ground = png_pixels(of(run, "png", "loss", theme=theme, palette=chosen))[2, 2]
    assert (ground.mean() > 250) == (theme == "light")


def test_figures_are_light_whatever_the_screen_shows(run: Run, qtbot: QtBot) -> None:
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    view.refresh(run.history, run.snapshot)
    before = view.grab().toImage()
    assert png_pixels(of(run, "png", "loss")).mean() > 200
    assert view.grab().toImage() == before


# ------------------------------------------------------------ what cannot be done


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_show(name: str, format: str, qapp: object) -> None:
    with pytest.raises(ExportError, match=r"^The view “\S.*” has nothing to show yet; .*\.$"):
        render(recipe(name), History(), None, format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["gradient_norm", "update_ratio"])
def test_a_sentence_is_no_figure(name: str, format: str, run: Run) -> None:
    """Before the first step these views hold rows, but no number: what they say on screen is not exported."""
    assert run.snapshot is not None
    start = replace(run.snapshot, epoch=0)
    with pytest.raises(ExportError, match=r"has nothing to show yet; train for an epoch and export again\."):
        render(recipe(name), EpochRange(run.history, 0, 0), start, format)


def test_a_picture_that_memory_has_no_room_for(run: Run) -> None:
    why = r"There is no memory for [\d,]+ × [\d,]+ pixels; lower"
    with Sheet(recipe("loss"), run.history, run.snapshot) as sheet, pytest.raises(ExportError, match=why):
        picture(sheet, 30_000)


@pytest.mark.parametrize(
    ("name", "choices", "why"),
    [
        ("loss", {"log_yy": True}, "In the view “Loss”: There is no choice called 'log_yy'. Did you mean 'log_y'?"),
        ("loss", {"log_y": "no"}, "The view “Loss” cannot take 'no' for log_y; at first it is False."),
        ("weights", {"layer": "abc"}, "The view “Weights” cannot take 'abc' for layer; at first it is 0."),
        ("weights", {"layer": -1}, "cannot take -1 for layer"),
        ("weights", {"layer": float("inf")}, "cannot take inf for layer"),
        ("confusion", {"part": "validation"}, "cannot take 'validation' for part; at first it is 'test'."),
    ],
)
def test_choices_that_a_view_does_not_know(name: str, choices: dict[str, object], why: str, run: Run) -> None:
    with pytest.raises(ExportError) as raised:
        of(run, "svg", name, choices=choices)
    assert why in str(raised.value)
    with pytest.raises(ExportError) as raised:
        check_choices(recipe(name, choices=choices))
    assert why in str(raised.value)


@pytest.mark.parametrize("name", NAMES)
def test_choices_of_a_view_are_taken_over_by_its_figure(name: str, run: Run, qtbot: QtBot) -> None:
    view = views[name](DARK)
    qtbot.addWidget(view)
    view.refresh(run.history, run.snapshot)
    check_choices(recipe(name, choices=view.state()))


def test_what_does_not_exist(run: Run) -> None:
    with pytest.raises(ExportError, match=r"no export format called 'gif'"):
        of(run, "gif", "loss")
    with pytest.raises(ExportError, match=r"no view called 'los'\. Did you mean 'loss'"):
        of(run, "png", "los")


@pytest.mark.parametrize("format", FORMATS)
def test_absurd_sizes(format: str, run: Run) -> None:
    for changes, why in (
        ({"width": 2000.0, "height": 2000.0, "dpi": 2400}, "pixels, which no program could open"),
        ({"width": 20.0, "font": 40.0}, "too narrow for a view"),
        ({"height": 20.0}, "too low for 1 row"),
    ):
        with pytest.raises(ExportError, match=why):
            of(run, format, "loss", **changes)
    with pytest.raises(ExportError, match="too narrow for 4 views side by side"):
        of(run, format, *["loss"] * 4, columns=4)


@pytest.mark.parametrize("format", PICTURES)
def test_other_tasks(format: str, qapp: object, trained_run: Train) -> None:
    for kind in ("curve", "values on a plane", "ten classes of images"):
        run = trained_run(EXPERIMENTS[kind], needs=NEEDS, epochs=3)
        for name in shown_by(run):
            assert len(of(run, format, name)) > 500

"""Figures and tables of every view, read back by somebody else."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from nnviz.experiment import from_plain
from nnviz.gui import export
from nnviz.gui.export import FORMATS, ExportError, copy, csv_of, export_path, render
from nnviz.gui.theme import DARK
from nnviz.gui.views import views
from nnviz.history.history import History
from nnviz.session import Run

NEEDS = {"surface", "confusion", "representation"}
NAMES = views.names()
PICTURES = ("png", "svg", "pdf")
WITH_RASTER = ("surface",)
SVG = "{http://www.w3.org/2000/svg}"
EMPTY_FOR_VALUES = ("confusion",)
Train = Callable[..., Run]


@pytest.fixture
def run(qapp: object, trained_run: Train) -> Run:
    return trained_run(needs=NEEDS, epochs=5)


def of(name: str, run: Run, format: str, **options: object) -> bytes:
    return render(views[name], run.history, run.snapshot, {}, format=format, **options)  # type: ignore[arg-type]


def pixels(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def dark_share(shown: np.ndarray) -> float:
    return float((shown.min(axis=2) < 200).mean())


# ------------------------------------------------------------ PNG


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("name", NAMES)
def test_png(name: str, scale: int, run: Run) -> None:
    image = QImage.fromData(of(name, run, "png", scale=scale))
    width, height = views[name].figure_size
    assert (image.width(), image.height()) == (width * scale, height * scale)
    assert image.dotsPerMeterX() == pytest.approx(96 * scale / 0.0254, abs=1)
    assert not image.hasAlphaChannel()
    shown = pixels(image)
    assert (shown[:3, :3] == 255).all()
    assert 0.005 < dark_share(shown) < 0.99
    assert len(np.unique(shown[::scale, ::scale].reshape(-1, 3), axis=0)) > 8


def test_lines_grow_with_the_scale(run: Run) -> None:
    """Ink covers the same share of the page at every scale: no hairlines at print resolution."""
    shares = [dark_share(pixels(QImage.fromData(of("loss", run, "png", scale=scale)))) for scale in (1, 4)]
    assert shares[1] == pytest.approx(shares[0], rel=0.35)


def test_figures_are_for_paper_whatever_the_screen_shows(run: Run, qtbot: QtBot, tmp_path: Path) -> None:
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    view.refresh(run.history, run.snapshot)
    before = view.grab().toImage()
    export_path(view, run.history, run.snapshot, tmp_path / "loss.png")
    assert pixels(QImage(str(tmp_path / "loss.png"))).mean() > 200
    assert view.grab().toImage() == before


# ------------------------------------------------------------ SVG


@pytest.mark.parametrize("name", NAMES)
def test_svg(name: str, run: Run) -> None:
    root = ElementTree.fromstring(of(name, run, "svg"))
    width, height = views[name].figure_size
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == f"0 0 {width} {height}"
    texts = [element.text for element in root.iter(f"{SVG}text") if (element.text or "").strip()]
    assert len(texts) >= 3
    shapes = sum(1 for tag in ("path", "polyline", "rect", "circle", "ellipse") for _ in root.iter(SVG + tag))
    assert shapes >= 5
    assert len(list(root.iter(f"{SVG}image"))) == (1 if name in WITH_RASTER else 0)


@pytest.mark.parametrize("name", NAMES)
def test_svg_strokes_are_as_wide_as_they_say(name: str, run: Run) -> None:
    """No strokes inside stretched coordinates, which many programs draw as wide as these are stretched."""
    text = of(name, run, "svg").decode()
    assert 'vector-effect="non-scaling-stroke"' not in text
    root = ElementTree.fromstring(text)
    for group in root.iter(f"{SVG}g"):
        shapes = [each for each in group if each.tag in (f"{SVG}path", f"{SVG}polyline", f"{SVG}rect")]
        stroked = shapes if group.get("stroke", "none") != "none" else []
        matrix = re.match(r"matrix\(([^)]*)\)", group.get("transform", ""))
        if matrix and stroked:
            a, b, c, d, *_ = map(float, matrix[1].split(","))
            assert abs(a * d - b * c) == pytest.approx(1.0, abs=1e-3)


def test_svg_stays_inside_the_page(run: Run) -> None:
    """Qt's SVG cannot clip, so nothing may reach beyond the plot."""
    for name in ("loss", "error", "gradient_norm"):
        root = ElementTree.fromstring(of(name, run, "svg"))
        width, height = views[name].figure_size
        for element in root.iter(f"{SVG}path"):
            numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", element.get("d", ""))]
            parent = next(group for group in root.iter(f"{SVG}g") if element in list(group))
            if parent.get("transform") == "matrix(1,0,0,1,0,0)":
                xs, ys = numbers[::2], numbers[1::2]
                assert min(xs, default=0) >= -1
                assert max(xs, default=0) <= width + 1
                assert min(ys, default=0) >= -1
                assert max(ys, default=0) <= height + 1


# ------------------------------------------------------------ PDF


@pytest.mark.parametrize("name", NAMES)
def test_pdf(name: str, run: Run) -> None:
    contents = of(name, run, "pdf")
    assert contents.startswith(b"%PDF-")
    box = re.search(rb"/MediaBox \[([^\]]*)\]", contents)
    assert box is not None
    left, bottom, right, top = map(float, box[1].split())
    width, height = views[name].figure_size
    assert (right - left, top - bottom) == (pytest.approx(width * 0.75, abs=1), pytest.approx(height * 0.75, abs=1))


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_pdf_looks_like_png(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "figure.pdf").write_bytes(of(name, run, "pdf"))
    made = subprocess.run(
        ["pdftoppm", "-r", "192", "-png", "-singlefile", str(tmp_path / "figure.pdf")], capture_output=True, check=True
    )
    _compare(QImage.fromData(made.stdout), QImage.fromData(of(name, run, "png", scale=2)))


@pytest.mark.skipif(shutil.which("rsvg-convert") is None, reason="rsvg-convert is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_svg_looks_like_png(name: str, run: Run) -> None:
    made = subprocess.run(["rsvg-convert", "-z", "2"], input=of(name, run, "svg"), capture_output=True, check=True)
    _compare(QImage.fromData(made.stdout), QImage.fromData(of(name, run, "png", scale=2)))


def _compare(one: QImage, other: QImage) -> None:
    """Assert that two pictures are alike when seen from afar."""
    width, height = other.width() // 16, other.height() // 16
    a, b = (
        pixels(each)[: height * 16, : width * 16].reshape(height, 16, width, 16, 3).mean(axis=(1, 3))
        for each in (one, other)
    )
    assert np.abs(a - b).mean() < 4
    assert np.percentile(np.abs(a - b), 99) < 40


# ------------------------------------------------------------ CSV and the clipboard


@pytest.mark.parametrize("name", NAMES)
def test_csv_is_the_table(name: str, run: Run, qtbot: QtBot) -> None:
    view = views[name](DARK)
    qtbot.addWidget(view)
    view.refresh(run.history, run.snapshot)
    table = view.table(run.history, run.snapshot)
    headings, *rows = _csv(of(name, run, "csv").decode())
    assert headings == list(table)
    assert len(rows) == len(next(iter(table.values())))
    for number, column in enumerate(table.values()):
        cells = [row[number] for row in rows]
        if column.dtype.kind in "fiu":
            read = np.array([float(cell) if cell else np.nan for cell in cells]).astype(column.dtype)
            np.testing.assert_array_equal(read, column)
        else:
            assert cells == column.tolist()


def _csv(text: str) -> list[list[str]]:
    import csv

    return list(csv.reader(io.StringIO(text)))


def test_csv_of_awkward_values() -> None:
    table = {"a, b": np.array(["x", 'say "y"']), "wert µ": np.array([np.nan, 1e-30]), "n": np.array([1, 2])}
    assert _csv(csv_of(table).decode()) == [["a, b", "wert µ", "n"], ["x", "", "1"], ['say "y"', "1e-30", "2"]]
    assert csv_of({"a": np.array([1]), "b": np.array([2])}, "\t") == b"a\tb\n1\t2\n"


def test_copy_puts_picture_and_numbers_on_the_clipboard(run: Run, qtbot: QtBot) -> None:
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    view.refresh(run.history, run.snapshot)
    copy(view, run.history, run.snapshot)
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    assert QGuiApplication.clipboard().image().width() == 2 * views["loss"].figure_size[0]
    assert data.text().split("\n")[0].split("\t") == list(view.table(run.history, run.snapshot))


# ------------------------------------------------------------ options


def test_size_and_title(run: Run) -> None:
    plain, titled = (of("loss", run, "svg", size=(400, 300), title=title).decode() for title in ("", "My run"))
    assert "My run" not in plain
    assert ">My run</text>" in titled
    assert 'viewBox="0 0 400 300"' in titled


def test_a_figure_names_its_axes_and_curves(run: Run) -> None:
    texts = {element.text for element in ElementTree.fromstring(of("loss", run, "svg")).iter(f"{SVG}text")}
    assert {"epoch", "binary cross-entropy", "Train", "Test", "Gap"} <= texts
    texts = {element.text for element in ElementTree.fromstring(of("surface", run, "svg")).iter(f"{SVG}text")}
    assert {*(run.snapshot.plane.labels if run.snapshot else ()), "A", "B", "Train", "Test"} <= texts


def test_text_is_at_least_seven_points(run: Run) -> None:
    for name in NAMES:
        for element in ElementTree.fromstring(of(name, run, "svg")).iter(f"{SVG}text"):
            assert float(element.get("font-size", "0")) * 72 / export.DPI >= 7


def test_choices_of_the_view_are_in_the_figure(run: Run) -> None:
    texts = [
        [
            element.text
            for element in ElementTree.fromstring(
                render(views["surface"], run.history, run.snapshot, {"test": test}, format="svg")
            ).iter(f"{SVG}text")
        ]
        for test in (True, False)
    ]
    assert "Test" in texts[0]
    assert "Test" not in texts[1]


@pytest.mark.parametrize("format", PICTURES)
def test_regression_and_many_classes(format: str, qapp: object, trained_run: Train) -> None:
    for plain in (
        {"data": {"source": "noisy-sine"}},
        {"data": {"source": "plane"}},
        {
            "data": {"source": {"kind": "digits", "samples": 100}},
            "network": {"layers": ["flatten", {"kind": "linear", "units": 8}, "relu"]},
        },
    ):
        run = trained_run(from_plain(plain, "test"), needs=NEEDS, epochs=3)
        for name in NAMES:
            if name not in EMPTY_FOR_VALUES:
                assert len(of(name, run, format)) > 500


# ------------------------------------------------------------ what cannot be done


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_show(name: str, format: str, qapp: object) -> None:
    with pytest.raises(ExportError, match=r"^\S.* has nothing to show yet; .*\.$"):
        render(views[name], History(), None, {}, format=format)


def test_unknown_format(run: Run, qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"no export format called 'gif'"):
        of("loss", run, "gif")
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    with pytest.raises(ExportError, match=r"choose one of \.png, \.svg, \.pdf, \.csv\."):
        export_path(view, run.history, run.snapshot, tmp_path / "loss.docx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(run: Run, qtbot: QtBot, tmp_path: Path) -> None:
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    with pytest.raises(ExportError, match=r"cannot be written"):
        export_path(view, run.history, run.snapshot, tmp_path / "missing" / "loss.png")
    (tmp_path / "loss.csv").mkdir()
    with pytest.raises(ExportError, match=r"cannot be written"):
        export_path(view, run.history, run.snapshot, tmp_path / "loss.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["loss.csv"]


@pytest.mark.parametrize("format", FORMATS)
def test_files_are_written_in_one_step(format: str, run: Run, qtbot: QtBot, tmp_path: Path) -> None:
    view = views["loss"](DARK)
    qtbot.addWidget(view)
    path = tmp_path / f"LOSS.{format.upper()}"
    path.write_text("old")
    export_path(view, run.history, run.snapshot, path)
    assert path.read_bytes() != b"old"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]

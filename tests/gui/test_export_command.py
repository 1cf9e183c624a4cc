"""`nnviz export`: the same figures without a window, and what it says when there can be none."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from figure_stage import labels, millimetres, pdf_page
from PySide6.QtGui import QImage

from nnviz import cli
from nnviz.commands.export import _progress
from nnviz.data.split import prepare
from nnviz.experiment import bundled
from nnviz.export.presets import presets
from nnviz.gui.views import views
from nnviz.run import Run
from nnviz.settings import changed
from nnviz.snapshot import Status
from nnviz.training.trainer import Trainer

LOSS = ["export", "circles", "--epochs", "6", "--view", "loss"]


@pytest.fixture
def here(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mistake(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the sentence that a command line is answered with: one line, exit status 2."""
    assert cli.main(arguments) == 2
    out = capsys.readouterr()
    assert out.err.startswith("nnviz: ")
    assert out.err.count("\n") == 1
    assert out.err.endswith((".\n", "?\n"))
    return out.err


def test_list_names_what_can_be_asked_for(capsys: pytest.CaptureFixture[str], qapp: object) -> None:
    assert cli.main(["export", "--list"]) == 0
    words = capsys.readouterr().out.split()
    assert {*views.names(), *presets.names(), "okabe-ito", "tol-bright", "greyscale-safe"} <= set(words)


def test_a_pdf_has_the_size_of_the_preset(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*LOSS, "--preset", "paper-page", "--out", "loss.pdf"]) == 0
    width, _, words = pdf_page((here / "loss.pdf").read_bytes())
    assert width == pytest.approx(175, abs=1e-3)
    assert "epoch" in "".join(words.split())
    assert capsys.readouterr().out == "Wrote loss.pdf: loss after epoch 6.\n"


def test_settings_of_the_figure_are_options(here: Path) -> None:
    options = [
        "--width",
        "6cm",
        "--font",
        "6pt",
        "--dpi",
        "150",
        "--theme",
        "dark",
        "--title",
        "--no-legend",
        "--no-grid",
    ]
    assert cli.main([*LOSS, *options, "--palette", "tol-bright", "--line-width", "0.5", "--out", "loss.svg"]) == 0
    root = ElementTree.parse(here / "loss.svg").getroot()
    assert millimetres(root.get("width", "")) == 60
    text = (here / "loss.svg").read_text(encoding="utf-8")
    assert "#66ccee" in text
    assert "Loss" in labels(text.encode())
    assert "Train" not in labels(text.encode())
    assert cli.main([*LOSS, *options, "--height", "1.5in", "--out", "loss.png"]) == 0
    image = QImage(str(here / "loss.png"))
    assert (image.width(), image.height()) == (round(60 / 25.4 * 150), round(1.5 * 150))


def test_csv_holds_the_numbers_of_the_training(here: Path) -> None:
    assert cli.main([*LOSS, "--epochs-from", "2", "--epochs-to", "5", "--out", "loss.csv"]) == 0
    with (here / "loss.csv").open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    experiment = changed(bundled("circles"), "training.epochs", 6)
    trainer = Trainer(experiment, prepare(experiment.data))
    measured = trainer.begin()["train_loss"].tolist()
    while trainer.end is None:
        slice_ = trainer.slice(0.1)
        measured += slice_["train_loss"].tolist() if slice_ is not None else []
    assert [int(row[0]) for row in rows] == [2, 3, 4, 5]
    column = next(number for number, heading in enumerate(headings) if heading.startswith("train"))
    np.testing.assert_array_equal(
        np.array([float(row[column]) for row in rows], np.float32), np.array(measured[2:6], np.float32)
    )


def test_several_views_and_settings_of_the_experiment(here: Path) -> None:
    command = ["export", "circles", "--epochs", "3", "--set", "network.layers=[]", "--seed", "5"]
    assert (
        cli.main([*command, "--view", "loss,gradient-norm", "--columns", "2", "--width", "175", "--out", "two.svg"])
        == 0
    )
    shown = labels((here / "two.svg").read_bytes())
    assert [text for text in shown if text in ("a", "b")] == ["a", "b"]
    assert "1 output" in shown, "the network has no other layer"


def test_a_recipe_serves_another_run(here: Path) -> None:
    (here / "figure.toml").write_text(
        'columns = 2\n[[panels]]\nview = "error"\nchoices = {log_y = true}\n'
        '[[panels]]\nview = "confusion"\nchoices = {part = "train"}\n'
        "[figure]\nwidth = 160.0\nfont = 7.0\n"
    )
    for name in ("circles", "iris"):
        assert cli.main(["export", name, "--epochs", "3", "--recipe", "figure.toml", "--out", f"{name}.svg"]) == 0
    first, second = (labels((here / f"{name}.svg").read_bytes()) for name in ("circles", "iris"))
    assert "right (train)" in first
    assert "right (train)" in second
    assert "setosa" in second
    assert cli.main([*LOSS[:4], "--recipe", "figure.toml", "--width", "150mm", "--no-letters", "--out", "x.pdf"]) == 0
    assert pdf_page((here / "x.pdf").read_bytes())[0] == pytest.approx(150, abs=1e-3)


def test_a_run_that_diverges_is_drawn_as_far_as_it_came(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steep = [
        "--set",
        "training.learning_rate=100",
        "--set",
        "training.loss=squared",
        "--set",
        "training.optimizer=sgd",
    ]
    assert cli.main(["export", "sine", "--epochs", "9", *steep, "--view", "loss", "--out", "loss.png"]) == 1
    assert "Diverged in epoch" in capsys.readouterr().err
    assert QImage(str(here / "loss.png")).width() == 2008


# ------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["export"], "EXPERIMENT is missing"),
        (["export", "circles", "--view", "loss"], "--out is missing"),
        (["export", "circles", "--out", "x.png"], "either --view with one or more names, or --recipe"),
        ([*LOSS, "--recipe", "r.toml", "--out", "x.png"], "either --view with one or more names, or --recipe"),
        (
            ["export", "circles", "--view", "los", "--out", "x.png"],
            "There is no view called 'los'. Did you mean 'loss'?",
        ),
        (["export", "circles", "--view", "loss,", "--out", "x.png"], "There is no view called ''"),
        ([*LOSS, "--out", "x.gif"], "x.gif does not end in a format that can be written"),
        ([*LOSS, "--out", "x"], "x does not end in a format that can be written"),
        ([*LOSS, "--preset", "paper", "--out", "x.png"], "There is no preset called 'paper'"),
        ([*LOSS, "--palette", "pink", "--out", "x.png"], "--palette: There is no palette called 'pink'"),
        ([*LOSS, "--theme", "pink", "--out", "x.png"], "--theme: Expected one of light, dark, not 'pink'"),
        ([*LOSS, "--width", "abc", "--out", "x.png"], "--width: Expected a number in mm, not 'abc'"),
        ([*LOSS, "--font", "8mm", "--out", "x.png"], "--font: Expected a number in pt, not '8mm'"),
        ([*LOSS, "--width", "5", "--out", "x.png"], "--width: Expected"),
        ([*LOSS, "--dpi", "150.5", "--out", "x.png"], "--dpi: Expected"),
        ([*LOSS, "--width", "2000", "--height", "2000", "--dpi", "2400", "--out", "x.png"], "no program could open"),
        ([*LOSS, "--font", "90", "--out", "x.png"], "85 mm are too narrow for a view with type of 90 pt"),
        ([*LOSS, "--height", "20", "--out", "x.png"], "20 mm are too low"),
        ([*LOSS, "--columns", "0", "--out", "x.png"], "columns: Expected"),
        ([*LOSS, "--epochs-from", "5", "--epochs-to", "2", "--out", "x.png"], "exchange the two"),
        (
            [*LOSS, "--epochs-from", "50", "--out", "x.png"],
            "No epoch from 50 on was measured; this run has epochs 0 to 6.",
        ),
        ([*LOSS, "--out", "missing/x.png"], "There is no folder"),
        ([*LOSS, "--out", "folder.png"], "folder.png is a folder"),
        (["export", "circle", "--view", "loss", "--out", "x.png"], "There is no experiment called 'circle'"),
        (["export", "circles", "--epochs", "0", "--view", "loss", "--out", "x.png"], "--epochs: Expected at least 1"),
        (["export", "circles", "--recipe", "none.toml", "--out", "x.png"], "none.toml cannot be read"),
        (
            ["export", "sine", "--epochs", "2", "--view", "loss,confusion", "--out", "x.png"],
            "The view “Confusion” has nothing to show",
        ),
        (["export", "circles", "--set", "data.source=nowhere", "--view", "loss", "--out", "x.png"], "nowhere"),
    ],
)
def test_mistakes(arguments: list[str], why: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "folder.png").mkdir()
    assert why in mistake(arguments, capsys)
    assert [path.name for path in here.iterdir()] == ["folder.png"], "nothing is left, whole or half"


def test_a_file_that_exists_is_replaced_only_when_told_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "loss.csv").write_text("old")
    assert "loss.csv exists already; --force replaces it." in mistake([*LOSS, "--out", "loss.csv"], capsys)
    assert (here / "loss.csv").read_text() == "old"
    assert cli.main([*LOSS, "--out", "loss.csv", "--force"]) == 0
    assert (here / "loss.csv").read_text().startswith("epoch,")


def test_a_disk_that_is_full(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("nnviz.gui.figures.export.replace_file", full)
    said = mistake([*LOSS, "--out", "loss.png"], capsys)
    assert "loss.png cannot be written: No space left on device" in said
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    "more", [["--height", "20"], ["--view", "loss,error,loss", "--height", "50"], ["--font", "90"]]
)
def test_absurd_sizes_are_found_before_training(
    more: list[str], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnviz.commands.export.trained", lambda *_: pytest.fail("trained for nothing"))
    said = mistake([*LOSS, *more, "--out", "x.png"], capsys)
    assert "too low for" in said or "too narrow" in said


def test_choices_of_a_recipe_are_looked_at_before_training(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "figure.toml").write_text('[[panels]]\nview = "weights"\nchoices = {layer = "abc"}\n')
    monkeypatch.setattr("nnviz.commands.export.trained", lambda *_: pytest.fail("trained for nothing"))
    said = mistake(["export", "circles", "--recipe", "figure.toml", "--out", "x.png"], capsys)
    assert "cannot take 'abc' for layer" in said


def test_a_preset_leaves_a_recipe_its_words_and_colours(here: Path) -> None:
    """As in the window: only size, type and lines are the preset's."""
    (here / "figure.toml").write_text(
        '[[panels]]\nview = "loss"\n[figure]\nwidth = 60.0\nheading = "Mine"\ntheme = "dark"\npalette = "tol-bright"\n'
    )
    command = ["export", "circles", "--epochs", "2", "--recipe", "figure.toml", "--preset", "paper-page"]
    assert cli.main([*command, "--out", "x.svg"]) == 0
    root = ElementTree.fromstring((here / "x.svg").read_bytes())
    assert millimetres(root.get("width", "")) == pytest.approx(175, abs=1e-3)
    assert "Mine" in labels((here / "x.svg").read_bytes())
    assert "#66ccee" in (here / "x.svg").read_text(encoding="utf-8"), "the blue of that palette on dark ground"


def test_a_number_may_end_with_a_point(here: Path) -> None:
    assert cli.main([*LOSS[:3], "2", *LOSS[4:], "--width", "90.mm", "--out", "x.pdf"]) == 0
    assert pdf_page((here / "x.pdf").read_bytes())[0] == pytest.approx(90, abs=1e-3)


def test_without_qt_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nnviz.gui.app", None)
    for arguments in (["export", "--list"], [*LOSS, "--out", "x.png"]):
        assert "Qt, which draws figures, cannot be loaded" in mistake(arguments, capsys)


def test_progress_tells_what_a_run_waits_for() -> None:
    experiment = changed(bundled("circles"), "training.epochs", 400)
    run = Run(1, "circles", experiment)
    assert _progress(run) == "epoch 0 of 400"
    run.text = "Compiling the fast engine."
    assert _progress(run) == "Compiling the fast engine."
    run.status = Status.RUNNING
    assert _progress(run) == "epoch 0 of 400"


def test_help_says_everything(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["export", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("--line-width Npt", "--no-legend", "--epochs-from", "--recipe", "--force"))

"""Figures as values: settings, presets, palettes, recipes, and stretches of a history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sessions import keyframe

from nnviz.export.epochs import EpochRange
from nnviz.export.figure import FigureSettings, millimetres, points
from nnviz.export.palettes import Palette
from nnviz.export.presets import applied, matching, presets
from nnviz.export.recipe import MOST_PANELS, Panel, Recipe, read_recipe, single, to_toml
from nnviz.history.history import Event, History
from nnviz.settings import SettingsError, changed, fields

COLUMN = presets["paper-column"].figure


def test_lengths() -> None:
    assert points(25.4) == pytest.approx(72)
    assert millimetres(points(85.0)) == pytest.approx(85.0)


def test_every_setting_explains_itself() -> None:
    for cls in (FigureSettings, Recipe, Panel):
        for field in fields(cls):
            assert field.title
            assert field.help.endswith("."), field.name
            assert field.live, field.name


# ------------------------------------------------------------ presets


def test_a_preset_leaves_colours_and_epochs_alone() -> None:
    own = COLUMN.replace(theme="dark", palette=Palette.registry["tol-bright"](), epochs_from=5, heading="Mine")
    slide = applied("slide", own)
    assert (slide.theme, slide.palette, slide.epochs_from, slide.heading) == ("dark", own.palette, 5, "Mine")
    assert (slide.width, slide.height, slide.font) == (254.0, 142.875, 16.0)
    assert matching(slide) == "slide"
    assert matching(slide.replace(font=17.0)) == ""


# ------------------------------------------------------------ palettes


def lightness(color: str) -> float:
    """Return CIE L* of #rrggbb, 0..100: what a printer without colour leaves of it."""
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    y = float(linear @ [0.2126, 0.7152, 0.0722])
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def least_distance(colors: list[str]) -> float:
    ordered = np.sort([lightness(color) for color in colors])
    return float(np.diff(ordered).min())


@pytest.mark.parametrize("ground", ["on_light", "on_dark"])
def test_greyscale_safe_colours_differ_as_greys(ground: str) -> None:
    colors = getattr(Palette.registry["greyscale-safe"], ground)
    assert least_distance([colors["train"], colors["validation"], colors["test"]]) > 10
    assert least_distance([colors["train"], colors["test"]]) > 25
    assert least_distance([colors["negative"], colors["positive"]]) > 40
    assert least_distance(list(colors["classes"][:4])) > 14
    assert least_distance(list(colors["layers"])) > 9
    assert least_distance(list(colors["layers"][:2])) > 20


@pytest.mark.parametrize("palette", Palette.registry, ids=lambda palette: palette.title)
def test_a_palette_is_consistent(palette: type[Palette]) -> None:
    for colors in (palette.on_light, palette.on_dark):
        if colors:
            assert colors["classes"][:2] == (colors["negative"], colors["positive"])
            assert len(set(colors["classes"])) == len(colors["classes"]) == 10
            assert len({colors[part] for part in ("train", "validation", "test")}) == 3


def contrast(color: str, ground: str) -> float:
    """Return the contrast of two colours after WCAG 2.2, 1..21; luminance from L*."""
    darker, lighter = sorted(((lightness(each) + 16) / 116) ** 3 for each in (color, ground))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("ground", "paper", "least"), [("on_light", "#ffffff", 1.7), ("on_dark", "#222731", 2.0)])
@pytest.mark.parametrize("name", ["tol-bright", "greyscale-safe"])
def test_classes_and_ends_of_scales_stand_out_from_the_ground(name: str, ground: str, paper: str, least: float) -> None:
    """Dots are small, and dark ones on a dark ground are none."""
    colors = getattr(Palette.registry[name], ground)
    for color in (*colors["classes"], colors["negative"], colors["positive"]):
        assert contrast(color, paper) > least, color


@pytest.mark.parametrize("ground", ["on_light", "on_dark"])
@pytest.mark.parametrize("name", ["tol-bright", "greyscale-safe"])
def test_curves_stand_out_from_the_ground(name: str, ground: str) -> None:
    colors = getattr(Palette.registry[name], ground)
    paper = lightness("#ffffff" if ground == "on_light" else "#222731")
    for color in (*(colors[part] for part in ("train", "validation", "test", "accent")), *colors["layers"]):
        assert abs(lightness(color) - paper) > 20, color


# ------------------------------------------------------------ recipes

TWO = Recipe(
    panels=(Panel(view="loss", choices={"log_x": True}), Panel(view="confusion", choices={"part": "train"})),
    columns=2,
    figure=changed(COLUMN, "palette", "tol-bright").replace(width=120.0, title=True, heading="A “fine” figure"),
)


def test_a_recipe_survives_its_file(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(to_toml(TWO), encoding="utf-8")
    assert read_recipe(tmp_path / "two.toml") == TWO


def test_a_short_recipe_is_enough(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text('panels = [{view = "loss"}]\n[figure]\nwidth = 60.0\npalette = "tol-bright"\n')
    recipe = read_recipe(tmp_path / "short.toml")
    assert recipe.panels == (Panel(view="loss"),)
    assert recipe.figure.palette == Palette.registry["tol-bright"]()


def test_choices_that_belong_to_one_run_are_not_kept(tmp_path: Path) -> None:
    recipe = single("representation", {"test": False, "axes": [[1.0, 0.0], [0.0, 1.0]], "none": None}, COLUMN)
    (tmp_path / "one.toml").write_text(to_toml(recipe))
    assert read_recipe(tmp_path / "one.toml").panels[0].choices == {"test": False}


def test_rows_follow_from_columns() -> None:
    five = Recipe(panels=(Panel(view="loss"),) * 5, columns=2)
    assert five.rows == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("panels = [", "two.toml is not valid TOML"),
        ("panels = []", f"two.toml: A figure has 1 to {MOST_PANELS} views, this one 0."),
        (
            'panels = [{view = "loss"}]\ncolums = 2',
            "two.toml: There is no setting called 'colums'. Did you mean",
        ),
        ('panels = [{view = "loss"}]\n[figure]\nwidth = 3.0', "two.toml: figure.width: Expected"),
        ('panels = [{view = "loss"}]\n[figure]\nwidth = 85.0\ntheme = "pink"', "Expected one of light, dark"),
        ('panels = [{view = "loss"}]\n[figure]\nwidth = 85.0\npalette = "pink"', "There is no palette called 'pink'"),
    ],
)
def test_what_is_wrong_with_a_recipe(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_recipe(tmp_path / "two.toml")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not a text file"):
        read_recipe(tmp_path / "two.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_recipe(tmp_path / "three.toml")


# ------------------------------------------------------------ stretches of a history


def history_of(losses: list[float]) -> History:
    history = History()
    epochs = np.arange(len(losses), dtype=np.float64)
    history.append({"epoch": epochs, "test_loss": np.array(losses), "by_layer": np.column_stack([epochs, -epochs])})
    for epoch in range(0, len(losses), 2):
        history.keyframes.add(keyframe(epoch, np.full(3, float(epoch))))
    history.events += [Event(1, "one"), Event(6, "six")]
    return history


def test_a_stretch_has_rows_events_and_keyframes_of_its_epochs() -> None:
    part = EpochRange(history_of([5.0, 4, 3, 2, 1, 2, 3, 4]), 2, 6)
    assert part.column("epoch").tolist() == [2, 3, 4, 5, 6]
    assert part.column("test_loss").tolist() == [3, 2, 1, 2, 3]
    assert part.column("by_layer").tolist() == [[e, -e] for e in range(2, 7)]
    assert [event.text for event in part.events] == ["six"]
    assert [frame.epoch for frame in part.keyframes] == [2, 4, 6]
    assert part.best_epoch == 4


def test_the_best_epoch_of_the_run_is_the_only_one_that_is_called_best() -> None:
    history = history_of([5.0, 1, 3, 2, 4])
    assert EpochRange(history, 2).best_epoch is None
    assert EpochRange(history).best_epoch == history.best_epoch == 1


def test_a_copy_stays_as_it_is() -> None:
    history = history_of([3.0, 2, 1])
    copy = EpochRange(history)
    history.append({"epoch": np.array([3.0]), "test_loss": np.array([0.5])})
    history.events.append(Event(3, "three"))
    assert (len(copy), len(copy.events), copy.best_epoch) == (3, 2, 2)
    assert len(EpochRange(History())) == 0

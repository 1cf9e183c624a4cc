"""Experiments: their files, the bundled ones, and what a user means by one word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnviz import experiment as experiments
from nnviz import resources
from nnviz.data.split import prepare
from nnviz.experiment import Experiment, bundled, bundled_names, find, for_table, read, to_toml
from nnviz.settings import SettingsError
from nnviz.training.trainer import Trainer

NAMES = bundled_names()


def test_the_first_ones_come_first() -> None:
    assert NAMES[:3] == ["circles", "spirals", "digits"]
    assert NAMES[3:] == sorted(NAMES[3:])
    assert len(NAMES) >= 15


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_experiment_trains(name: str) -> None:
    experiment = bundled(name)
    assert experiment.name == name
    assert 40 < len(experiment.description) < 250
    assert "\n" not in experiment.description
    trainer = Trainer(experiment, prepare(experiment.data))
    rows = trainer.engine.train_epochs(2)
    assert len(rows["epoch"]) == 2
    assert np.isfinite(rows["train_loss"]).all()
    assert np.isfinite(rows["gradient_norm"]).all()
    assert trainer.engine.data.notes == () or name == "wine", "nothing about bundled data needs a remark"


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_experiment_survives_its_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "copy.toml"
    file.write_text(to_toml(bundled(name)), encoding="utf-8")
    assert read(file) == bundled(name)


def test_the_default_is_playgrounds() -> None:
    plain = Experiment()
    assert plain.data.source.kind == bundled("circles").data.source.kind == "circles"
    assert plain.network == bundled("circles").network


def test_an_unknown_bundled_experiment_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"no experiment called 'circle'\. Did you mean 'circles'"):
        bundled("circle")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"seed = ", "x.toml is not valid TOML: "),
        (b"\xff\xfe\x00", "x.toml is not a text file"),
        (b"seed = -1", "x.toml: seed: Expected a whole number of at least 0, not -1."),
        (b"[training]\nlearnig_rate = 1.0", "x.toml: training: There is no setting called 'learnig_rate'."),
        (b"[network]\nlayers = [{kind = 'liner'}]", "x.toml: network.layers[0]: There is no layer called 'liner'."),
        (b"layers = 3", "x.toml: There is no setting called 'layers'."),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read(file)
    assert str(caught.value).startswith(sentence)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read(tmp_path / "missing.toml")
    with pytest.raises(SettingsError, match=r"cannot be read: (Is a directory|Permission denied)"):
        read(tmp_path)


def test_settings_are_changed_by_assignments_in_order() -> None:
    changed = Experiment().with_settings(["training.epochs=5", "training.optimizer=adam", "training.epochs=6"])
    assert changed.training.epochs == 6
    assert changed.training.optimizer.kind == "adam"
    with pytest.raises(SettingsError, match=r"training\.epochs: Expected a whole number of at least 0"):
        Experiment().with_settings(["training.epochs=-1"])


# ---------------------------------------------------------------- what a user means by one word


def test_a_name_is_a_bundled_experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert find("digits") == bundled("digits")


def test_a_file_that_belongs_to_nnviz_is_an_experiment(tmp_path: Path) -> None:
    file = tmp_path / "mine.NNVIZ"
    file.write_text(to_toml(Experiment(seed=7, name="mine")), encoding="utf-8")
    assert find(str(file)) == Experiment(seed=7, name="mine")


def test_a_toml_file_is_an_experiment(tmp_path: Path) -> None:
    file = tmp_path / "mine.experiment.toml"
    file.write_text("seed = 7", encoding="utf-8")
    assert find(str(file)) == Experiment(seed=7, name="mine")
    file.write_text("seed = 7\nname = 'something'", encoding="utf-8")
    assert find(str(file)).name == "something"


def test_any_other_file_is_a_table(tmp_path: Path) -> None:
    file = tmp_path / "flowers.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    experiment = find(str(file))
    assert experiment == for_table(file)
    assert experiment.name == "flowers"
    assert experiment.data.source.kind == "table"
    assert experiment.data.standardize


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nothing.csv", "nothing.csv is not there"),
        ("nothing.toml", "nothing.toml cannot be read"),
        ("folder/nothing", "folder/nothing is not there"),
        (".", ". is a folder"),
        ("circels", "There is no experiment called 'circels'. Did you mean 'circles'?"),
    ],
)
def test_a_word_that_means_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        find(text)
    assert str(caught.value).startswith(sentence)


# ---------------------------------------------------------------- where bundled files are


def test_resources_are_found_in_a_frozen_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "resources" / "experiments").mkdir(parents=True)
    resources.folder.cache_clear()
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    try:
        assert resources.path("experiments") == tmp_path / "resources" / "experiments"
        assert experiments.bundled_names() == []
    finally:
        resources.folder.cache_clear()


def test_an_installation_without_resources_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    resources.folder.cache_clear()
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "nnviz" / "resources.py"))
    try:
        with pytest.raises(FileNotFoundError, match="install nnviz again"):
            resources.folder()
    finally:
        resources.folder.cache_clear()

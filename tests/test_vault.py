"""The vault: what counts as a look, what as a selection, and what a project keeps of it."""

from __future__ import annotations

import json

import pytest

from nnviz.vault import MOST, Vault, in_words


def test_the_same_experiment_is_looked_at_once():
    vault = Vault().looked("a", 1.0, "run", "first").looked("a", 2.0, "run", "again").looked("b", 3.0, "run", "seed 1")
    assert vault.looks == 2
    assert [event.text for event in vault.events] == ["first", "seed 1"]


def test_nothing_can_be_seen_of_a_locked_one():
    vault = Vault().lock(1.0)
    assert vault.looked("a", 2.0, "run", "first") is vault
    assert vault.lock(2.0) is vault
    opened = vault.open(3.0)
    assert opened.looked("a", 4.0, "run", "first").looks == 1
    assert [event.kind for event in opened.events] == ["locked", "opened"]
    assert opened.open(5.0) is opened


def test_selections_count_each_time_and_also_behind_the_lock():
    vault = Vault().selected(1.0, "run", "best epoch").lock(2.0).selected(3.0, "run", "stopped early")
    assert vault.selections == 2
    told = vault.selected(4.0, "run", "stopped early", "stopped a").selected(5.0, "run", "stopped early", "stopped a")
    assert told.selections == 3


def test_words():
    assert in_words(Vault()) == "The test part is open: nobody has looked at it yet, and nothing was chosen by it."
    vault = Vault().looked("a", 1.0, "r", "x").selected(2.0, "r", "y").selected(2.0, "r", "y").lock(3.0)
    assert in_words(vault) == "The test part is locked: 1 look, and 2 selections by it."


def test_a_project_keeps_all_of_it():
    vault = Vault().looked("a", 1.5, "run", "first").selected(2.0, "run", "best").lock(3.0)
    assert Vault.of(json.loads(json.dumps(vault.plain()))) == vault


def test_a_long_log_forgets_events_and_no_count():
    vault = Vault()
    for number in range(MOST + 10):
        vault = vault.selected(float(number), "run", "x")
    assert len(vault.events) == MOST
    assert Vault.of(vault.plain()).selections == MOST + 10


@pytest.mark.parametrize(
    "plain", [None, 3, [], {}, {"events": 1}, {**Vault().plain(), "events": [[1, "x", "", ""]]}, {"looks": "many"}]
)
def test_what_describes_no_vault_is_an_untouched_one(plain):
    assert Vault.of(plain) == Vault()

"""The history of a run: columns that grow, and the rows that stand for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.history.history import Event, History


def rows(first: int, count: int, loss: float = 1.0, layers: int = 2) -> dict[str, np.ndarray]:
    epochs = np.arange(first, first + count)
    return {
        "epoch": epochs,
        "step": epochs * 10,
        "train_loss": np.full(count, loss),
        "test_loss": loss + np.abs(epochs - 40.0),
        "gradient_norm_by_layer": np.ones((count, layers)) * epochs[:, None],
    }


def test_an_empty_history_answers_everything() -> None:
    history = History()
    assert len(history) == 0
    assert history.names == ()
    assert "epoch" not in history
    assert history.column("train_loss").shape == (0,)
    assert np.isnan(history.latest("train_loss"))
    assert history.best_row is None
    assert history.best_epoch is None
    assert history.rows().tolist() == []
    assert list(history.events) == []


def test_rows_are_added_in_order() -> None:
    history = History()
    for first, count in ((0, 1), (1, 5), (6, 300), (306, 2)):
        history.append(rows(first, count))
    assert len(history) == 308
    np.testing.assert_array_equal(history.column("epoch"), np.arange(308))
    assert history.column("gradient_norm_by_layer").shape == (308, 2)
    assert history.latest("step") == 3070
    assert "train_loss" in history


def test_columns_are_small_but_epochs_exact() -> None:
    history = History()
    history.append(rows(2**24 + 1, 1))
    assert history.column("train_loss").dtype == np.float32
    assert history.column("epoch")[0] == 2**24 + 1, "float32 ends at 16,777,216"
    assert history.column("step")[0] == 10 * (2**24 + 1)


def test_what_is_not_finite_is_kept_as_nan() -> None:
    history = History()
    history.append({"epoch": np.arange(3), "train_loss": np.array([1.0, np.inf, -np.inf])})
    assert np.isnan(history.column("train_loss")).tolist() == [False, True, True]


def test_a_new_column_is_nan_before() -> None:
    history = History()
    history.append({"epoch": np.arange(3)})
    history.append({"epoch": np.arange(3, 5), "validation_loss": np.array([0.5, 0.4])})
    np.testing.assert_array_equal(history.column("validation_loss"), np.float32([np.nan, np.nan, np.nan, 0.5, 0.4]))
    history.append({"epoch": np.arange(5, 6)})
    assert np.isnan(history.latest("validation_loss")), "a measurement that stopped is not what it was last"


def test_columns_cannot_be_written() -> None:
    history = History()
    history.append(rows(0, 3))
    with pytest.raises(ValueError, match="read-only"):
        history.column("train_loss")[0] = 7.0


def test_a_view_of_a_column_stays_as_it_was() -> None:
    history = History()
    history.append(rows(0, 3, loss=1.0))
    before = history.column("train_loss")
    history.append(rows(3, 1_000, loss=2.0))
    assert before.tolist() == [1.0, 1.0, 1.0]


def test_a_run_that_went_back_replaces_what_came_after() -> None:
    history = History()
    history.append(rows(0, 10, loss=1.0))
    history.append(rows(6, 2, loss=2.0))
    np.testing.assert_array_equal(history.column("epoch"), np.arange(8))
    assert history.column("train_loss").tolist() == [1.0] * 6 + [2.0] * 2
    history.append(rows(8, 5, loss=3.0))
    np.testing.assert_array_equal(history.column("epoch"), np.arange(13))


def test_the_best_epoch_has_the_smallest_monitored_loss() -> None:
    history = History()
    history.append(rows(0, 100))
    assert history.monitor == "test_loss"
    assert history.best_epoch == 40
    history.append({"epoch": np.array([100]), "validation_loss": np.array([0.1])})
    assert history.monitor == "validation_loss"
    assert history.best_epoch == 100
    nothing = History()
    nothing.append({"epoch": np.arange(2), "test_loss": np.array([np.nan, np.nan])})
    assert nothing.best_epoch is None


@given(st.integers(1, 5_000), st.integers(2, 400), st.booleans())
def test_a_few_rows_stand_for_all(count: int, most: int, log: bool) -> None:
    history = History()
    history.append(rows(0, count))
    chosen = history.rows(most, log)
    assert len(chosen) <= most + 3
    assert (np.diff(chosen) > 0).all()
    assert {0, count - 1, history.best_row} <= set(chosen.tolist())
    assert chosen[-1] < count


def test_appending_is_cheap_however_long_the_run() -> None:
    history = History()
    for epoch in range(20_000):
        history.append({"epoch": np.array([epoch]), "train_loss": np.array([1.0])})
    allocated = sum(column.nbytes for column in history._columns.values())
    assert allocated < 2 * 20_000 * (8 + 4)


def test_events_are_values() -> None:
    assert Event(3, "Learning rate 0.1 → 0.01") == Event(3, "Learning rate 0.1 → 0.01", "setting")


def test_the_best_row_is_that_of_a_search_through_everything_however_rows_arrive() -> None:
    rng = np.random.default_rng(0)
    history, losses = History(), rng.normal(size=400).astype(np.float32)
    losses[::7] = np.nan
    done = 0
    while done < len(losses):
        count = int(rng.integers(1, 30))
        part = losses[done : done + count]
        history.append({"epoch": np.arange(done, done + len(part)), "test_loss": part})
        done += len(part)
        assert history.best_row == int(np.nanargmin(losses[:done]))
    history.append({"epoch": np.array([100]), "test_loss": np.array([0.0], np.float32)})
    assert history.best_row == int(np.nanargmin(np.append(losses[:100], 0.0))), "what was replaced no longer counts"


def test_a_growing_curve_keeps_the_rows_it_is_drawn_through() -> None:
    history = History()
    history.append({"epoch": np.arange(5_000), "test_loss": np.linspace(1, 0, 5_000)})
    before = set(history.rows(1_000).tolist())
    history.append({"epoch": np.arange(5_000, 5_010), "test_loss": np.linspace(0, -1, 10)})
    after = set(history.rows(1_000).tolist())
    assert len(before - after) <= 1, "only the last row may go"
    assert len(after) <= 1_003


def test_what_single_precision_cannot_hold_is_no_number() -> None:
    history = History()
    history.append({"epoch": np.arange(3), "train_loss": np.array([1.0, 1e39, -np.inf])})
    np.testing.assert_array_equal(history.column("train_loss"), np.array([1.0, np.nan, np.nan], np.float32))

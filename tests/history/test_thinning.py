"""A history that is full: which rows stay, what stays exact, and what it costs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.history.history import MOST_ROWS, Event, History
from nnviz.history.thinning import even_rows, first_of_cells, log_even_rows

SMALL = 1_024
DENSE = 8  # epochs up to twice this number all stay in a history of this size


def rows(first: int, losses: np.ndarray) -> dict[str, np.ndarray]:
    epochs = np.arange(first, first + len(losses))
    return {"epoch": epochs, "step": 10 * epochs, "test_loss": losses, "norms": np.column_stack([losses, epochs])}


@dataclass
class Everything:
    """A history without a limit, to compare with."""

    losses: list[np.float32] = field(default_factory=list)
    best_from: int = 0

    def append(self, first: int, losses: np.ndarray) -> None:
        self.losses[first:] = losses.tolist()
        self.best_from = min(self.best_from, first)

    @property
    def best_epoch(self) -> int | None:
        looked_at = np.array(self.losses[self.best_from :])
        return self.best_from + int(np.nanargmin(looked_at)) if np.isfinite(looked_at).any() else None


Step = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 3_000)),
        st.tuples(st.just("back"), st.integers(1, SMALL // 4)),
        st.tuples(st.just("event"), st.just(0)),
        st.tuples(st.just("other samples"), st.just(0)),
        st.tuples(st.just("best"), st.just(0)),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(STEPS, st.integers(0, 2**32 - 1), st.sampled_from([-1e-3, 0.0, 1e-3]))
def test_best_newest_first_and_events_stay_exact(steps: list[Step], seed: int, trend: float) -> None:
    rng, history, everything = np.random.default_rng(seed), History(SMALL), Everything()
    furthest = 0  # from there a quarter was never thinned, and no further back the best row is exact
    everything.append(0, np.ones(1, np.float32))
    history.append(rows(0, np.ones(1, np.float32)))
    for what, count in steps:
        end = len(everything.losses)
        furthest = max(furthest, end)
        if what == "event":
            history.events.append(Event(end - 1, "Learning rate 0.1 → 0.01"))
        elif what == "other samples":
            history.forget_best()
            everything.best_from = end
        elif what == "best":
            assert history.best_epoch == everything.best_epoch
        else:
            first = max(1, furthest - SMALL // 4, end - count) if what == "back" else end
            history.events = [event for event in history.events if event.epoch < first]
            losses = (rng.random(count if what == "append" else 1) + trend * np.arange(first, first + 1)).astype("f4")
            losses[rng.random(len(losses)) < 0.1] = np.nan
            history.append(rows(first, losses))
            everything.append(first, losses)
        check(history, everything)


def check(history: History, everything: Everything) -> None:
    epochs = history.column("epoch").astype(int)
    assert len(history) <= SMALL
    assert (np.diff(epochs) > 0).all()
    assert epochs[-1] == len(everything.losses) - 1
    np.testing.assert_array_equal(history.column("test_loss"), np.array(everything.losses, np.float32)[epochs])
    np.testing.assert_array_equal(history.column("norms")[:, 1], epochs)
    np.testing.assert_array_equal(history.column("step"), 10 * epochs)
    assert history.best_epoch == everything.best_epoch
    assert history.best_row is None or epochs[history.best_row] == history.best_epoch
    whole = min(2 * DENSE, epochs[-1] + 1)
    np.testing.assert_array_equal(epochs[:whole], np.arange(whole))
    assert {event.epoch for event in history.events} <= set(epochs.tolist())


@pytest.mark.parametrize("count", [MOST_ROWS, MOST_ROWS + 1, 3_456_789])
def test_the_usual_history_keeps_the_first_thousand_and_the_newest_quarter(count: int) -> None:
    history = History()
    for first in range(0, count, 250_000):
        history.append(rows(first, np.full(min(250_000, count - first), 0.5)))
    epochs = history.column("epoch")
    assert MOST_ROWS // 2 < len(history) <= MOST_ROWS
    np.testing.assert_array_equal(epochs[:1_024], np.arange(1_024))
    np.testing.assert_array_equal(epochs[-MOST_ROWS // 4 :], np.arange(count - MOST_ROWS // 4, count))
    gaps = np.diff(epochs)
    assert np.count_nonzero(np.log2(gaps) % 1) <= 3, "but where the newest rows begin and around the best one"
    assert (gaps <= np.maximum(1, epochs[1:] / 512)).all(), "a log axis has 500 rows for every doubling"
    assert gaps.max() <= max(1, 8 * count / MOST_ROWS)


def test_which_rows_stay_does_not_depend_on_how_they_arrived() -> None:
    losses = np.random.default_rng(3).random(20_000).astype(np.float32)
    kept = []
    for size in (1, 7, 400, 20_000):
        history = History(SMALL)
        for first in range(0, len(losses), size):
            history.append(rows(first, losses[first : first + size]))
        kept.append(history.column("epoch").tolist())
    assert kept[0] == kept[1] == kept[2] == kept[3]


def test_epochs_that_are_far_apart_all_fit() -> None:
    history = History(SMALL)
    for first in range(0, 100_000, 100):
        epochs = np.arange(first, first + 100) * 12_345.0 + 7
        history.append({"epoch": epochs, "test_loss": -epochs})
    assert len(history) <= SMALL
    assert history.best_epoch == 99_999 * 12_345 + 7
    assert history.column("epoch")[0] == 7


def test_a_curve_is_drawn_through_the_same_epochs_before_and_after_thinning() -> None:
    for log in (False, True):
        short, whole = History(), History(10**7)
        for first in range(0, 2_000_000, 9_973):
            added = rows(first, np.full(9_973, 1.0))
            short.append(added)
            whole.append(added)
            drawn = [set(h.column("epoch")[h.rows(700, log)].tolist()) for h in (short, whole)]
            assert drawn[0] == drawn[1], "thinning may not be seen"
        assert len(short) < len(whole)


@given(st.integers(2, 3_000), st.integers(2, 300), st.integers(1, 50), st.integers(0, 10**9))
def test_rows_lie_evenly(count: int, most: int, apart: int, first: int) -> None:
    epochs = np.cumsum(np.random.default_rng(count).integers(1, apart + 1, count)).astype(float) + first
    chosen = even_rows(epochs, most)
    assert len(chosen) <= most + 1
    assert (np.diff(chosen) > 0).all()
    span = epochs[-1] - epochs[0] + 1
    assert np.diff(epochs[chosen]).max(initial=0) <= max(1, 2 * span / most) + 2 * apart
    logs = log_even_rows(epochs, most)
    assert (np.diff(logs) > 0).all()
    assert len(logs) <= 2 * most + 1


@given(st.lists(st.integers(0, 10_000), min_size=1, unique=True), st.integers(0, 12), st.integers(0, 8))
def test_thinning_further_gives_what_thinning_at_once_would(epochs: list[int], widest: int, dense: int) -> None:
    every = np.sort(np.array(epochs, float))
    some = every[first_of_cells(every, widest, dense)]
    np.testing.assert_array_equal(
        some[first_of_cells(some, widest + 1, dense)], every[first_of_cells(every, widest + 1, dense)]
    )


def test_a_run_that_is_put_away_keeps_less() -> None:
    history = History()
    losses = np.random.default_rng(0).random(150_000)
    history.append(rows(0, losses))
    history.shrink(10_000)
    assert len(history) <= 10_000
    assert history.best_epoch == int(losses.astype(np.float32).argmin())
    assert sum(column.nbytes for column in history._columns.values()) <= 10_000 * 28
    history.append(rows(150_000, losses[:5_000]))
    assert history.column("epoch")[-1] == 154_999


def test_a_column_that_is_no_longer_measured_is_nan() -> None:
    history = History()
    history.append({"epoch": np.arange(3), "test_loss": np.ones(3), "validation_loss": np.ones(3)})
    history.append({"epoch": np.arange(1, 2_000), "test_loss": np.ones(1_999)})
    assert len(history.column("validation_loss")) == 2_000
    assert np.isnan(history.column("validation_loss")[1:]).all(), "what was replaced may not come back"


def test_a_view_of_a_column_stays_as_it_was_through_thinning() -> None:
    history = History(SMALL)
    history.append(rows(0, np.arange(SMALL, dtype=float)))
    before = history.column("test_loss")
    history.append(rows(SMALL, np.zeros(10_000)))
    np.testing.assert_array_equal(before, np.arange(SMALL))


def test_a_full_history_takes_rows_quickly() -> None:
    """A thousand rows in less than 1 ms on average, whatever the length; measured in this thread's own time."""
    history, first, spent = History(), 0, []
    for _ in range(1_000):
        added = rows(first, np.full(1_000, 0.5))
        first += 1_000
        began = time.thread_time()
        history.append(added)
        spent.append(time.thread_time() - began)
    assert len(history) <= MOST_ROWS
    assert np.mean(spent[100:]) < 1e-3
    assert sum(column.nbytes for column in history._columns.values()) <= MOST_ROWS * 28

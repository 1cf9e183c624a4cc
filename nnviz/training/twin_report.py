"""What a twin study is asked, and what it answers: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis import paired
from nnviz.cures import JudgedAt
from nnviz.experiment import Experiment
from nnviz.training.trainer import End

State = Literal["waiting", "preparing", "training", "finished", "cancelled", "failed"]
Floats = NDArray[np.float64]


class Variant(NamedTuple):
    """One change of the baseline: its name in a few words, the changed experiment, and the epoch that counts.

    "last" is the epoch where training ends, "best" the one with the smallest validation loss.
    """

    name: str
    experiment: Experiment
    judged_at: JudgedAt = "last"


@dataclass(frozen=True)
class Progress:
    """How a study stands: `share` of the work done, 0..1, and the seconds that are left, NaN while nobody can know.

    `text` says in a sentence why there is nothing, when it has failed.
    """

    state: State
    share: float
    seconds_left: float
    text: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("finished", "cancelled", "failed")


@dataclass(frozen=True, eq=False)
class Curves:
    """What was measured of one experiment on its own parts at the common epochs: (seeds, epochs) each.

    Losses and errors as in `nnviz.engines.engine.Columns`; NaN where training has not come yet, or has ended before.
    """

    train_loss: Floats
    train_error: Floats
    test_loss: Floats
    test_error: Floats


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one variant, beside the baseline.

    `shared_error` and `baseline_shared_error` (seeds, epochs) are the test errors of both at the common epochs, on the
    `test_samples` samples that both have in their test parts; `error` and `baseline_error` (seeds,) those that count:
    of the variant at `judged_epoch` (seeds,), of the baseline where it ends. Errors are error rates (0..1) or root mean
    squared errors in the target's units. What has not been trained yet is NaN, and -1 for epochs. `ends` (seeds,) says
    how a training ended that did so by itself: stopped early, at its own limit, or diverged, which counts with the
    network of the last epoch before. `problem` is a sentence where the variant could not be trained.
    """

    name: str
    experiment: Experiment
    judged_at: JudgedAt
    curves: Curves
    shared_error: Floats
    baseline_shared_error: Floats
    error: Floats
    baseline_error: Floats
    judged_epoch: NDArray[np.int64]
    ends: tuple[End | None, ...]
    test_samples: int
    problem: str = ""

    @property
    def difference(self) -> paired.Difference:
        """The mean difference of the errors that count, variant − baseline, over the seeds that both have finished."""
        return paired.paired_difference(self.baseline_error, self.error)

    @property
    def curve(self) -> paired.Difference:
        """The mean difference of the test errors at the common epochs."""
        return paired.paired_difference(self.baseline_shared_error, self.shared_error)

    @property
    def diverged(self) -> int:
        """The number of seeds with which it diverged."""
        return sum(end is not None and end.diverged for end in self.ends)


@dataclass(frozen=True, eq=False)
class Report:
    """The results so far: copies that stay as they are. `target` is what a regression predicts, empty for classes."""

    epochs: NDArray[np.int64]
    seeds: tuple[int, ...]
    baseline: Curves
    baseline_epoch: NDArray[np.int64]
    outcomes: tuple[Outcome, ...]
    target: str = ""

    def ranking(self) -> tuple[Outcome, ...]:
        """Return the outcomes in order of their mean test error over seeds, the smallest first.

        Each counts relative to the baseline on the same samples, since test parts may differ in how difficult they
        are. Those that diverged come after the others, and last those without a result.
        """
        order = [(bool(o.problem), np.isnan(o.difference.mean), o.diverged > 0) for o in self.outcomes]
        size = [float(np.nan_to_num(o.difference.mean)) for o in self.outcomes]
        ranked = sorted(range(len(self.outcomes)), key=lambda i: (order[i], size[i]))
        return tuple(self.outcomes[i] for i in ranked)

    def sentence(self, outcome: Outcome) -> str:
        """Return what a variant did to the test error, with its uncertainty."""
        if outcome.problem:
            return outcome.problem
        known = np.isfinite(outcome.error) & np.isfinite(outcome.baseline_error)
        epochs = {*outcome.judged_epoch[known].tolist(), *self.baseline_epoch[known].tolist()}
        where = f"at epoch {epochs.pop():,}" if len(epochs) == 1 else "at the end"
        if outcome.judged_at == "best":
            where = "at its best epoch"
        return paired.sentence(outcome.name, outcome.difference, where, self.target)

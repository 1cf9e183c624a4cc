"""What studies of influence found, in words and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.analysis.memorisation import precision_at, ranking
from nnviz.data.dataset import SplitData
from nnviz.gui.plot.ticks import minus, value_text
from nnviz.gui.views import Table
from nnviz.studies.influence import Answer, Comparison, Effects, changed_share
from nnviz.studies.repeating import Way, exactness


def compared(report: Comparison, way: Way) -> str:
    """Return what a twin answers otherwise, and how much of that its controls do."""
    run, twin, data = report.run, report.twin, report.data
    if run is None or twin is None or data is None or report.rows is None:
        return ""
    if not (run.finite and twin.finite):
        return "One of the two diverged, so there is nothing to compare; lower the learning rate."
    count = len(report.rows)
    who = f"{count} training sample{'s' * (count > 1)}"
    deed = f"Without {who}" if report.labels is None else f"With other labels for {who}"
    share = changed_share(run.surface, twin.surface)
    sentences = [f"{deed} {_moved_words(data, share)}{_beside(report)}.", _losses(data, run, twin)]
    if not report.same_order:
        effect = "which the controls show the effect of" if report.controls else "which is a part of the difference"
        sentences.append(f"The others come in another order of batches, {effect}.")
    if not report.can_have_controls:
        n = len(data.real_train)
        sentences.append(
            f"There are no controls: they need as many others; choose fewer than half of the {n:,} samples."
        )
    sentences.append(exactness(way, report.exact))
    return " ".join(each for each in sentences if each)


def ranked(report: Effects) -> str:
    """Return which sample matters most, and how many that do harm have a wrong label."""
    effect, unit = effect_of(report)
    if effect is None or not np.isfinite(effect).any():
        return ""
    first = int(ranking(np.abs(effect))[0])
    how = (
        f"{report.trained:,} of {report.wanted:,} samples were left out, each by itself, from the same initial weights"
        if report.one_by_one
        else f"{report.trained:,} networks learned from 70 % of the samples each"
    )
    worse = "raises" if effect[first] > 0 else "lowers"
    than = " more than on the average sample" if report.relative else ""
    sentence = (
        f"{how}. Sample {first:,} matters most: training on it {worse} the {unit} by "
        f"{value_text(abs(float(effect[first])))}{than}."
    )
    wrong = report.data.real_train.noisy if report.data is not None else np.zeros(0, bool)
    if wrong.any():
        count = int(wrong.sum())
        hit = precision_at(ranking(effect), wrong, count)
        sentence += (
            f" Of the {count:,} that do most harm {round(hit * count):,} carry one of the {count:,} wrong labels "
            f"(by chance {100 * wrong.mean():.0f} %)."
        )
    if not report.one_by_one and report.error is not None:
        clear = int((np.abs(effect) > 2 * report.error).sum())
        sentence += f" Only {clear:,} effects are larger than twice their standard error: more networks tell more."
    return sentence


def effect_of(report: Effects) -> tuple[NDArray[np.float64] | None, str]:
    """Return the effect that samples are ranked by, and what it is an effect on."""
    if report.one_by_one:
        return report.loss, "test loss"
    return report.test_error, "test error"


def label_of(data: SplitData, number: int) -> str:
    """Return the class of a training sample, or its value in units of the source."""
    part = data.real_train
    if data.n_classes:
        return data.class_names[int(part.targets[number])][:16]
    return value_text(float(data.scaling.unscaled_target(part.targets[number : number + 1])[0]))


def signed(value: float) -> str:
    """Return a number with its sign."""
    return minus(f"+{value_text(value)}" if value > 0 else value_text(value))


def moved_text(data: SplitData, share: float) -> str:
    """Return how much of the plane changes, as `changed_share` counts it."""
    return f"{100 * share:.1f} %" if data.n_classes else value_text(share)


def _moved_words(data: SplitData, share: float) -> str:
    if data.n_classes:
        return f"{100 * share:.1f} % of the plane is given another class"
    return f"the answer changes by {value_text(share)} of {data.target_name} (root mean square over the plane)"


def _beside(report: Comparison) -> str:
    """Return what as many other samples do, in brackets."""
    assert report.run is not None
    assert report.data is not None
    shares = [changed_share(report.run.surface, each.surface) for each in report.controls if each.finite]
    if not shares:
        return ""
    low, high = (moved_text(report.data, each) for each in (min(shares), max(shares)))
    reach = low if low == high else f"{low} to {high}"
    return f"; with as many others, drawn at random, {reach} ({len(shares)} control{'s' * (len(shares) > 1)})"


def _losses(data: SplitData, run: Answer, twin: Answer) -> str:
    loss = f"The test loss goes from {value_text(run.test_loss)} to {value_text(twin.test_loss)}"
    if data.n_classes:
        return f"{loss}, the test error from {100 * run.test_error:.1f} % to {100 * twin.test_error:.1f} %."
    errors = f"{value_text(run.test_error)} to {value_text(twin.test_error)} of {data.target_name}"
    return f"{loss}, the test error (RMSE) from {errors}."


def table_of(report: Any) -> Table:
    """Return the effects of all samples, or what the run and its twins answer."""
    if isinstance(report, Effects):
        columns: dict[str, NDArray[Any]] = {}
        if report.test_error is not None:
            columns["sample"] = np.arange(len(report.test_error))
            columns["effect on the test error"] = report.test_error
        if report.loss is not None:
            columns["effect on the test loss"] = report.loss
        if report.moved is not None:
            columns["change of the plane"] = report.moved
        if not report.one_by_one and report.error is not None:
            columns["standard error"] = report.error
        return columns
    if not isinstance(report, Comparison) or report.run is None:
        return {}
    found = [report.run, *([report.twin] if report.twin else []), *report.controls]
    names = ["run", *(["twin"] if report.twin else []), *(f"control {i + 1}" for i in range(len(report.controls)))]
    return {
        "network": np.array(names),
        "test loss": np.array([each.test_loss for each in found]),
        "test error": np.array([each.test_error for each in found]),
        "train loss": np.array([each.train_loss for each in found]),
        "change of the plane": np.array([changed_share(report.run.surface, each.surface) for each in found]),
    }

"""Points chosen by Optuna from the results so far."""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from nnviz.settings import SettingsError
from nnviz.sweeps.axes import Axis
from nnviz.sweeps.strategies import Strategy, Values, strategies

if TYPE_CHECKING:
    import optuna

MISSING = (
    "This search needs Optuna, which is not installed; install it with `pip install 'nnviz[search]'`, "
    "or choose --search random."
)


@strategies.register
class Optuna(Strategy):
    """Asks the tree-structured Parzen estimator of Optuna (Bergstra et al. 2011; Akiba et al. 2019).

    One after another the same seed gives the same points. Side by side the order in which trainings end has a say, and
    points that are in training count as bad ones (constant liar), so that the next is another.
    """

    name = "optuna"
    title = "Optuna (TPE)"
    help = "So many points, each chosen where the results so far promise most."
    order = 30
    adaptive = True

    def __init__(self, axes: tuple[Axis, ...], trials: int | None, seed: int) -> None:
        if trials is None or trials < 1:
            given = "" if trials is None else f", not {trials}"
            raise SettingsError(f"--trials: Say how many points to try, at least 1{given}.")
        if find_spec("optuna") is None:
            raise SettingsError(MISSING)
        super().__init__(axes, trials, seed)
        self._study: optuna.study.Study | None = None
        self._asked: dict[str, list[optuna.trial.Trial]] = {}
        self._known: list[tuple[Values, float | None]] = []
        self._count = 0

    @property
    def size(self) -> int:
        assert self.trials is not None
        return self.trials

    def known(self, values: Values, objective: float | None) -> None:
        self._known.append((values, objective))
        self._count += objective is not None

    def ask(self) -> Values | None:
        if self._count >= self.size:
            return None
        trial = self._opened().ask(self._distributions())
        self._count += 1
        values = tuple(self._value(axis, trial.params[axis.path]) for axis in self.axes)
        self._asked.setdefault(_key(values), []).append(trial)
        return values

    def tell(self, values: Values, objective: float) -> None:
        for trial in self._asked.pop(_key(values), []):
            self._opened().tell(trial, _finite(objective))

    def _opened(self) -> optuna.study.Study:
        if self._study is None:
            import optuna

            optuna.logging.set_verbosity(optuna.logging.WARNING)
            # Another seed for each session: the first one's numbers would propose the same points again.
            seed = int(np.random.SeedSequence([self.seed, self._count]).generate_state(1)[0])
            self._study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True))
            for values, objective in self._known:
                self._recall(self._study, values, objective)
        return self._study

    def _recall(self, study: optuna.study.Study, values: Values, objective: float | None) -> None:
        import optuna

        raw = self._raw(values)
        if objective is None:
            study.enqueue_trial(raw)
            return
        study.add_trial(
            optuna.trial.create_trial(params=raw, distributions=self._distributions(), value=_finite(objective))
        )

    def _distributions(self) -> dict[str, Any]:
        import optuna

        made: dict[str, Any] = {}
        for axis in self.axes:
            span = axis.span
            if span is None:
                made[axis.path] = optuna.distributions.CategoricalDistribution(range(len(axis)))
            elif span.whole:
                made[axis.path] = optuna.distributions.IntDistribution(round(span.low), round(span.high), log=span.log)
            else:
                made[axis.path] = optuna.distributions.FloatDistribution(span.low, span.high, log=span.log)
        return made

    def _value(self, axis: Axis, raw: Any) -> Any:
        return axis.values[int(raw)] if axis.span is None else raw

    def _raw(self, values: Values) -> dict[str, Any]:
        """Return values as the distributions know them: of a list the place in it."""
        pairs = zip(self.axes, values, strict=True)
        return {axis.path: axis.values.index(value) if axis.span is None else value for axis, value in pairs}


def _key(values: Values) -> str:
    return json.dumps(values)


def _finite(objective: float) -> float:
    """Return an objective that Optuna takes: a training that failed is worse than any other."""
    return math.inf if math.isnan(objective) else objective

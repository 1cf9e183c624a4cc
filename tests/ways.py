"""Ways of experiments that no session has trained: from their first state on."""

from __future__ import annotations

from typing import Any

from nnviz.engines.choose import make_engine
from nnviz.experiment import Experiment
from nnviz.history.chapters import Chapter
from nnviz.history.keyframes import Keyframe
from nnviz.project.library import Library
from nnviz.studies.repeating import Way
from nnviz.studies.study import Study
from nnviz.training.commands import Recording


def way(experiment: Experiment, epochs: int, *later: Chapter) -> Way:
    """Return the way of an experiment to an epoch, with chapters on it."""
    data = Library().prepare(experiment.data)
    first = make_engine(experiment.network, experiment.training, data, experiment.seed).state()
    return Way(Recording((Chapter((0, 0), experiment), *later), Keyframe(first)), epochs, True, None)


def done(study: Study[Any]) -> Any:
    """Wait for the end of a study and return what it found."""
    with study:
        study.start()
        assert study.join(120)
        progress = study.progress()
        assert progress.state == "finished", progress.text
        return study.report()


def refused(study: Study[Any]) -> str:
    """Wait for a study that cannot be done, and return the sentence that says why."""
    with study:
        study.start()
        assert study.join(120)
        progress = study.progress()
        assert progress.state == "failed", progress
        return progress.text

"""Real studies for tests: run to their end."""

from __future__ import annotations

from typing import TypeVar

from nnviz.studies.study import Study

R = TypeVar("R")


def report_of(study: Study[R]) -> R:
    """Run a study to its end and return what it found; anything else than that is a failure."""
    with study:
        study.start()
        assert study.join(200)
        assert study.progress().state == "finished", study.progress().text
        return study.report()

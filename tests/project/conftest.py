"""Fixtures of the tests of projects: a journal, and a project with everything that one can hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from project_stage import varied

from nnviz.project.journal.journal import Journal
from nnviz.project.project import Project
from nnviz.project.writing import write


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journals")
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    project = varied(folder)
    write(folder / "whole.nnviz", project)
    return project, (folder / "whole.nnviz").read_bytes()

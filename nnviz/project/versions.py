"""From the form in which older versions wrote projects to the present one, a step for every change of form.

A step takes and returns what the JSON files hold, as plain dicts: {"project": ..., "runs": {number: ...}}. Where a
file is damaged some of it may be missing. Settings that are new have defaults and need no step; one is needed where
something has another name or meaning than before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnviz.project.project import ProjectError

Document = dict[str, Any]

VERSION = 1
"""The form that is written."""

STEPS: dict[int, Callable[[Document], Document]] = {}
"""By the version that a step begins with; it ends with the next one."""


def version_of(project: Any) -> int:
    """Return the version of what `project.json` holds. Raises ProjectError for one that is too new, or none."""
    project = project if isinstance(project, dict) else {}
    version = project.get("version")
    if not isinstance(version, int) or version < 1 or project.get("format") != "nnviz project":
        raise ProjectError("This is no project of nnviz.")
    if version > VERSION:
        app = project.get("app")
        by = f"nnviz {app}" if isinstance(app, str) else "a newer nnviz"
        raise ProjectError(
            f"The project was written by {by} in form {version}, and this nnviz knows forms up to {VERSION}; "
            "update nnviz to open it."
        )
    return version


def migrated(document: Document, version: int) -> Document:
    """Return a document of a version in the present form. Raises ProjectError where it is damaged."""
    try:
        for step in range(version, VERSION):
            document = STEPS[step](document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ProjectError(f"The project is damaged: its form {version} lacks {error}.") from error
    return document

"""What every member of every registry owes to forms, menus, files and the command line."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from nnviz import bench, commands, cures, experiment, findings, probes  # noqa: F401 - these make the registries
from nnviz.gui import views  # noqa: F401
from nnviz.gui.laboratory import page  # noqa: F401
from nnviz.registry import REGISTRIES, Registry, UnknownMemberError, discover
from nnviz.settings import Choice, Kind, decode, encode, fields, kind_of

MEMBERS = [(registry, member) for registry in REGISTRIES for member in registry]
KINDS = [(registry, member) for registry, member in MEMBERS if issubclass(member, Kind)]


def named(case: tuple[Registry[Any], type[Any]]) -> str:
    registry, member = case
    return f"{registry.noun.replace(' ', '-')}-{registry._name_of(member)}"


def choice_of(member: type[Any]) -> type[Choice]:
    """Return the sort of choice that a kind is one of: the class that forms and files name."""
    return next(base for base in reversed(member.__mro__) if issubclass(base, Choice) and "registry" in vars(base))


def test_there_is_something_of_everything() -> None:
    nouns = {registry.noun: len(registry) for registry in REGISTRIES}
    assert {"layer", "initializer", "optimizer", "loss", "schedule", "data source", "probe", "view"} <= set(nouns)
    assert min(nouns.values()) >= 2, nouns


@pytest.mark.parametrize("case", MEMBERS, ids=named)
def test_a_member_introduces_itself(case: tuple[Registry[Any], type[Any]]) -> None:
    registry, member = case
    name = registry._name_of(member)
    assert re.fullmatch(r"[a-z0-9]+([-_/][a-z0-9]+)*", name), name
    assert member.title
    assert member.title == member.title.strip()
    assert member.__doc__
    assert not member.__doc__.startswith(f"{member.__name__}("), "only dataclasses write such a docstring by themselves"


@pytest.mark.parametrize("case", KINDS, ids=named)
def test_a_kind_is_named_and_explained(case: tuple[Registry[Any], type[Any]]) -> None:
    _, member = case
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind_of(member)), "names are lower case, words joined by hyphens"
    assert len(member.help) > 15
    assert member.help.endswith((".", "?"))
    for field in fields(member):
        assert field.title, field.name
        assert field.help.endswith((".", "?")), f"{field.name}: {field.help!r}"


@pytest.mark.parametrize("case", KINDS, ids=named)
def test_a_kind_survives_files(case: tuple[Registry[Any], type[Any]]) -> None:
    _, member = case
    sort = choice_of(member)
    default = member()
    plain = encode(default)
    assert plain["kind"] == kind_of(member)
    assert decode(sort, plain) == default
    assert decode(sort, kind_of(member)) == default, "a name alone means the defaults"
    assert decode(sort, msgspec.toml.decode(msgspec.toml.encode(plain))) == default
    assert default.kind == kind_of(member)


@pytest.mark.parametrize("case", KINDS, ids=named)
def test_a_default_lies_within_its_own_bounds(case: tuple[Registry[Any], type[Any]]) -> None:
    _, member = case
    for field in fields(member):
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert field.minimum is None or field.default >= field.minimum, field
            assert field.maximum is None or field.default <= field.maximum, field
        if field.soft_max is not None:
            assert field.maximum is None or field.soft_max <= field.maximum, field
        if field.options:
            assert field.default in field.options
        if field.scale == "log":
            assert field.minimum is not None, f"{field.name}: a log scale needs a minimum"


@pytest.mark.parametrize("case", MEMBERS, ids=named)
def test_a_member_has_a_file_of_its_own(case: tuple[Registry[Any], type[Any]]) -> None:
    """Where discovery looks for it, in the running program and in the frozen one."""
    registry, member = case
    assert member.__module__ in [module for package in registry.packages for module in discover(package)]
    assert [other for other in registry if other.__module__ == member.__module__] == [member]


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.noun.replace(" ", "-"))
def test_a_wrong_name_is_answered_with_the_right_one(registry: Registry[Any]) -> None:
    right = registry.names()[0]
    with pytest.raises(UnknownMemberError) as caught:
        registry[right + "x"]
    assert registry.noun in str(caught.value)
    assert "Did you mean" in str(caught.value)
    with pytest.raises(UnknownMemberError, match="Choose one of"):
        registry["9999999999"]


def test_a_name_taken_twice_is_a_defect() -> None:
    registry = REGISTRIES[0]
    member = next(iter(registry))
    with pytest.raises(ValueError, match="two kinds of"):
        registry.register(member)


def test_two_members_never_share_a_title() -> None:
    for registry in REGISTRIES:
        titles = [member.title for member in registry]
        assert len(set(titles)) == len(titles), (registry.noun, titles)

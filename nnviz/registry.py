"""The one mechanism by which a new file becomes a feature.

A registry names a package; every module in that package is imported on first use, and each registers
its members with a decorator. Menus, forms, the command line, project files, the generic tests and the
freezer all read the same registries, so that adding a feature is adding one file.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
M = TypeVar("M", bound=type[Any])

REGISTRIES: list[Registry[Any]] = []
"""Every registry made so far, in order of creation: what the generic tests and the freezer walk."""


def discover(package: str) -> list[str]:
    """Return the full names of all modules directly inside a package (the freezer calls this too).

    Raises ModuleNotFoundError when there is no such package.
    """
    folder = importlib.import_module(package)
    return [f"{package}.{m.name}" for m in pkgutil.iter_modules(folder.__path__) if not m.ispkg]


class UnknownMemberError(KeyError):
    """A name that no member of a registry has; its text says which names there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry(Generic[T]):
    """Named classes of one sort (layer kinds, optimizers, views ...), found by importing a package.

    `noun` is the word for one member in messages; `name_of` reads the name from a member class.
    """

    def __init__(self, noun: str, *packages: str, name_of: Callable[[Any], str]) -> None:
        self.noun = noun
        self.packages = packages
        self._name_of = name_of
        self._members: dict[str, type[T]] = {}
        self._complete = False
        REGISTRIES.append(self)

    def register(self, member: M) -> M:
        """Add a class under its own name; used as a decorator. Raises ValueError on a name taken twice."""
        name = self._name_of(member)
        if name in self._members:
            raise ValueError(f"There are two kinds of {self.noun} called {name!r}; rename one of them.")
        self._members[name] = member
        return member

    def __getitem__(self, name: str) -> type[T]:
        members = self._load()
        if name not in members:
            raise UnknownMemberError(unknown_name(self.noun, name, members))
        return members[name]

    def __contains__(self, name: object) -> bool:
        return name in self._load()

    def __len__(self) -> int:
        return len(self._load())

    def __iter__(self) -> Iterator[type[T]]:
        """Yield the member classes in menu order: by their `order`, then by name."""
        members = self._load()
        return iter(sorted(members.values(), key=lambda m: (getattr(m, "order", 100), self._name_of(m))))

    def names(self) -> list[str]:
        """Return the names of all members in menu order."""
        return [self._name_of(member) for member in self]

    def _load(self) -> dict[str, type[T]]:
        if not self._complete:
            for package in self.packages:
                for module in discover(package):
                    importlib.import_module(module)
            self._complete = True
        return self._members


def unknown_name(noun: str, name: str, known: Any) -> str:
    """Return the sentence for a name that is not among the known ones, with the nearest one if any is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(sorted(known))}."
    return f"There is no {noun} called {name!r}. {hint}"

"""What every setting in nnviz is made of: frozen values that know their range, unit and help text.

A group of settings is a `Settings` struct. A field that offers a choice between registered kinds
(an optimizer, a layer, a data source ...) is annotated with the `Choice` class of that sort; on disk
it is a table with a `kind`, or just the name of the kind when its own settings are the defaults.
Everything that reads settings from outside goes through `decode`, whose errors name the place.
"""

from __future__ import annotations

import re
import tomllib
import typing
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo

from nnviz.registry import Registry, UnknownMemberError, unknown_name

S = TypeVar("S")
G = TypeVar("G", bound="Settings")


class SettingsError(ValueError):
    """A setting that cannot be accepted: one sentence that says which one, why, and what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen group of settings; two equal groups mean the same thing."""

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields replaced. Values are not checked; use `changed` for outside input."""
        return msgspec.structs.replace(self, **changes)


class Kind(Settings, frozen=True, tag_field="kind"):
    """Settings that are one choice among several; the class keyword `tag` is the name of the choice."""

    title: ClassVar[str] = ""
    help: ClassVar[str] = ""
    order: ClassVar[int] = 100

    @property
    def kind(self) -> str:
        """The name under which this kind is registered."""
        return kind_of(type(self))


class Choice:
    """Base of every sort of choice. A concrete kind inherits from `Kind` and from one subclass of this."""

    __slots__ = ()
    registry: ClassVar[Registry[Any]]

    if typing.TYPE_CHECKING:  # supplied by Kind; a plain mixin may not redefine struct members

        @property
        def kind(self) -> str: ...
        def replace(self, **changes: Any) -> Self: ...

        title: ClassVar[str]
        help: ClassVar[str]


def kind_of(cls: type[Any]) -> str:
    """Return the name of a kind from its class."""
    return str(cls.__struct_config__.tag)


def kinds(noun: str, *packages: str) -> Registry[Any]:
    """Make the registry for one sort of `Choice`."""
    return Registry(noun, *packages, name_of=kind_of)


def knob(
    title: str,
    help: str,
    *,
    unit: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    scale: Literal["linear", "log"] = "linear",
    live: bool = False,
    advanced: bool = False,
    soft_max: float | None = None,
) -> Meta:
    """Describe one setting for forms, help and validation.

    `live` settings apply to a running training; the others start a new run. `soft_max` is where a
    slider ends although larger values can be typed. `advanced` settings are folded away at first.
    """
    extra = {"unit": unit, "scale": scale, "live": live, "advanced": advanced, "soft_max": soft_max}
    bounds = {name: value for name, value in (("ge", ge), ("gt", gt), ("le", le), ("lt", lt)) if value is not None}
    return Meta(title=title, description=help, extra=extra, **bounds)  # type: ignore[call-overload,no-any-return]


class Field(msgspec.Struct, frozen=True):
    """One setting as a form sees it."""

    name: str
    type: Any  # the bare type: int, float, bool, str, a Literal, a Choice class, a Settings class ...
    default: Any
    title: str
    help: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    soft_max: float | None = None
    scale: str = "linear"
    live: bool = False
    advanced: bool = False

    @property
    def options(self) -> tuple[Any, ...]:
        """The permitted values of a Literal, else nothing."""
        return typing.get_args(self.type) if typing.get_origin(self.type) is Literal else ()

    @property
    def registry(self) -> Registry[Any] | None:
        """The registry that a choice is made from, else None."""
        return self.type.registry if isinstance(self.type, type) and issubclass(self.type, Choice) else None


def fields(cls: type[Settings]) -> tuple[Field, ...]:
    """Return the settings of a group in the order of declaration."""
    return _fields(cls)


@cache  # reading annotations takes a millisecond, and tables that compare experiments ask many times a second
def _fields(cls: type[Settings]) -> tuple[Field, ...]:
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(_field(info, hints[info.name]) for info in msgspec.structs.fields(cls))


def _field(info: FieldInfo, hint: Any) -> Field:
    metas = [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Meta)]
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    meta = metas[0] if metas else Meta()
    default = info.default if info.default is not msgspec.NODEFAULT else None
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    return Field(
        name=info.name,
        type=bare,
        default=default,
        title=meta.title or info.name.replace("_", " ").capitalize(),
        help=meta.description or "",
        minimum=meta.ge if meta.ge is not None else meta.gt,
        maximum=meta.le if meta.le is not None else meta.lt,
        **(meta.extra or {}),
    )


# ---------------------------------------------------------------- in and out


def decode(cls: type[S], raw: Any, where: str = "") -> S:
    """Turn plain tables, lists and scalars into settings.

    Raises SettingsError with the path of the first setting that is unknown, of the wrong type or out of range.
    """
    try:
        return msgspec.convert(raw, cls, dec_hook=_decode_choice)
    except msgspec.ValidationError as error:
        raise SettingsError(_sentence(str(error), where, cls, raw)) from None


def encode(settings: Settings) -> dict[str, Any]:
    """Turn settings into plain tables, lists and scalars, ready for TOML or JSON."""
    plain = msgspec.to_builtins(settings)
    assert isinstance(plain, dict)
    return plain


def _decode_choice(cls: type[Any], raw: Any) -> Any:
    """Decode a choice: msgspec calls this for every annotation that is not a struct.

    msgspec loses the outer path when a hook raises its own error, so the inner one is passed on as a
    ValueError that still carries its own path at the end; `_sentence` joins the two.
    """
    if not issubclass(cls, Choice):
        raise NotImplementedError(f"{cls} cannot be read from settings")
    if isinstance(raw, cls):
        return raw
    if isinstance(raw, str):
        raw = {"kind": raw}
    noun = cls.registry.noun
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        article = "an" if noun[0] in "aeiou" else "a"
        raise ValueError(f"Expected the name of {article} {noun}, or a table with its `kind`")
    try:
        return msgspec.convert(raw, cls.registry[raw["kind"]], dec_hook=_decode_choice)
    except UnknownMemberError as error:
        raise ValueError(str(error)) from None
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_BOUNDS = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below"}
_BOUND = re.compile(r"Expected (int|float) (>=|<=|>|<) (\S+)")
_TYPE = re.compile(r"Expected (\w+), got (\w+)")


def _in_words(reason: str) -> str:
    """Return what msgspec says of a value in words that need no programmer."""
    bound, kind = _BOUND.fullmatch(reason), _TYPE.fullmatch(reason)
    if bound:
        return f"Expected {_TYPES[bound[1]]} {_BOUNDS[bound[2]]} {bound[3].removesuffix('.0')}"
    if kind and kind[1] in _TYPES:
        return f"Expected {_TYPES[kind[1]]}"
    return reason


_PLACE = re.compile(r" - at `\$([^`]*)`")


def _sentence(message: str, where: str, cls: type[Any], raw: Any) -> str:
    paths = _PLACE.findall(message)
    path = "".join(reversed(paths)).lstrip(".")
    full = ".".join(part for part in (where, path) if part)
    reason = _in_words(_PLACE.sub("", message).replace("`", ""))
    unknown = re.fullmatch(r"Object contains unknown field (\w+)", reason)
    if unknown:
        reason = unknown_name("setting", unknown[1], [field.name for field in _fields_at(cls, raw, path)])
    elif reason.startswith("Invalid enum value"):
        group, _, name = path.rpartition(".")
        options = next((field.options for field in _fields_at(cls, raw, group) if field.name == name), ())
        reason = f"Expected one of {', '.join(map(str, options))}, not {_value_at(raw, path)!r}"
    elif (value := _value_at(raw, path)) is not None and reason.startswith("Expected"):
        reason += f", not {value!r}"
    reason = reason.rstrip(".") + ("" if reason.endswith("?") else ".")
    return f"{full}: {reason}" if full else reason


def _fields_at(cls: Any, raw: Any, path: str) -> tuple[Field, ...]:
    """Return the settings of the group at a path, following the kinds that were chosen in `raw`."""
    for part in re.findall(r"\w+", path):
        if isinstance(cls, type) and issubclass(cls, Settings):
            cls = {f.name: f.type for f in fields(cls)}.get(part, cls)
        raw = raw[int(part)] if part.isdigit() and isinstance(raw, list | tuple) else _get(raw, part)
        if typing.get_origin(cls) in (tuple, list):
            cls = typing.get_args(cls)[0] if part.isdigit() else cls
    if isinstance(cls, type) and issubclass(cls, Choice):
        cls = cls.registry[raw["kind"]] if isinstance(raw, dict) else cls
    return fields(cls) if isinstance(cls, type) and issubclass(cls, Settings) else ()


def _value_at(raw: Any, path: str) -> Any:
    for part in re.findall(r"\w+", path):
        raw = raw[int(part)] if part.isdigit() and isinstance(raw, list | tuple) else _get(raw, part)
    return raw if isinstance(raw, str | int | float | bool) else None


def _get(raw: Any, key: str) -> Any:
    return raw.get(key) if isinstance(raw, dict) else None


def changed(settings: G, path: str, value: Any) -> G:
    """Return a copy with the setting at a dotted path replaced, checked like any outside input.

    A path looks like `training.learning_rate` or `network.layers[1].units`; a value may be plain data or
    settings. Raises SettingsError when the path or the value is not acceptable.
    """
    plain = msgspec.to_builtins(settings, builtin_types=(bytes,))  # a drawing's megabytes need no detour over text
    parts = re.findall(r"\w+", path)
    node: Any = plain
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(node, list | tuple):
            if not part.isdigit() or int(part) >= len(node):
                raise SettingsError(f"{path}: {'.'.join(parts[:depth])} has entries 0 to {len(node) - 1}.")
            key: Any = int(part)
        elif isinstance(node, dict) and part in node and part != "kind":
            key = part
        else:
            names = [name for name in node if name != "kind"] if isinstance(node, dict) else []
            raise SettingsError(f"{path}: {unknown_name('setting', part, names)}")
        if last:
            node[key] = msgspec.to_builtins(value, builtin_types=(bytes,))
            break
        if isinstance(node[key], tuple):
            node[key] = list(node[key])
        node = node[key]
    return decode(type(settings), plain)


def parse_assignment(text: str) -> tuple[str, Any]:
    """Split `path=value` as typed on a command line; the value is read as TOML, and as plain text if it is not.

    Raises SettingsError when there is no `=`.
    """
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise SettingsError(f"{text!r} is not a setting; write it as path=value, for example training.epochs=50.")
    try:
        return path.strip(), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value.strip()


class Change(msgspec.Struct, frozen=True):
    """One setting that differs between two experiments."""

    path: str
    before: Any
    after: Any
    title: str
    live: bool

    def __str__(self) -> str:
        return f"{self.title} {_short(self.before)} → {_short(self.after)}"


def differences(before: Settings, after: Settings, prefix: str = "") -> tuple[Change, ...]:
    """Return what differs between two groups of settings of the same class, setting by setting."""
    found: list[Change] = []
    for field in fields(type(before)):
        a, b = getattr(before, field.name), getattr(after, field.name)
        if a == b:
            continue
        path = f"{prefix}{field.name}"
        if isinstance(a, Settings) and type(a) is type(b):
            found += differences(a, b, path + ".")
        elif _same_kinds(a, b):
            for i, (x, y) in enumerate(zip(a, b, strict=True)):
                found += differences(x, y, f"{path}[{i}].")
        else:
            found.append(Change(path, a, b, field.title, field.live))
    return tuple(found)


def _same_kinds(a: Any, b: Any) -> bool:
    if not (isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)):
        return False
    return all(isinstance(x, Settings) and type(x) is type(y) for x, y in zip(a, b, strict=True))


def _short(value: Any) -> str:
    if isinstance(value, Kind):
        return value.title
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bytes | tuple):
        return f"{len(value)} entries"
    return str(value)

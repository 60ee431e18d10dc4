"""One parameter of a filter: read from text or JSON, written canonically, described as JSON Schema.

Everything is derived from the annotation, so a filter's signature is its only schema.
"""

import inspect
import math
import re
import types
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from core.errors import BadParameterError, meant, nearest
from core.language.values import VALUE_TYPES, FileName, PictureName, number_text, read_number
from core.language.words import spelled

_TEXT_LIMIT = 2000


class Parameter(msgspec.Struct, frozen=True):
    """A named, typed, documented parameter. `kind` is its type; `many` says that it is a list of that type."""

    name: str
    kind: Any
    many: bool
    optional: bool
    default: Any
    description: str
    minimum: float | None
    maximum: float | None
    extra: dict[str, Any]

    @property
    def required(self) -> bool:
        """Whether a step without it is refused."""
        return self.default is inspect.Parameter.empty

    @property
    def expected(self) -> str:
        """What a value should be, for people."""
        text = self._expected_one()
        return f"a list, joined by +, of {text}" if self.many else text

    def read(self, value: Any, *, step: str) -> Any:
        """The typed value of `value` (text of the grammar, or JSON); BadParameterError (400) if it is not one."""
        try:
            return self._read_list(value) if self.many else self._read_one(value)
        except (ValueError, TypeError, LookupError, OverflowError):
            raise BadParameterError(f"{step}.{self.name}", self.expected, value, self.hint(value)) from None

    def hint(self, value: Any) -> str:
        """What somebody who wrote this probably means, as a sentence; empty where there is no telling."""
        if not isinstance(value, str) or self.many:
            return ""
        if get_origin(self.kind) is Literal:
            return meant(nearest(value, map(_one_text, get_args(self.kind))))
        if self.kind is bool:
            return meant(_MEANT_BOOL.get(value.strip().lower()))
        return self._meant_number(value.strip()) if self.kind in {int, float} else ""

    def _meant_number(self, text: str) -> str:
        """The number without the unit behind it, where the parameter is in that unit."""
        found = _WITH_UNIT.match(text)
        if not found:
            return ""
        number, unit = float(found[1]), found[2].lower()
        share = unit in {"%", "p"}
        is_share = self.maximum is not None and self.maximum <= 1
        if share and not is_share and "percent" not in self.description.lower():
            return " It takes no percentage."
        plain = number_text(number / 100 if share and is_share else number)
        try:
            self._bounded(plain)
        except ValueError:
            return ""
        return meant(plain)

    def text(self, value: Any) -> str | list[str]:
        """Canonical text of a typed value, unquoted; a list of texts where the parameter is a list."""
        return [_one_text(item) for item in value] if self.many else _one_text(value)

    def json(self, value: Any) -> Any:
        """The JSON form of a typed value."""
        if self.many:
            return [_one_json(item) for item in value]
        return _one_json(value)

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the parameter, with its default and description."""
        one = self._schema_one()
        shape = {"type": "array", "items": one, "maxItems": 64} if self.many else one
        if self.optional:
            shape = {"anyOf": [shape, {"type": "null"}]}
        described = {**shape, "description": self.description}
        return (
            described
            if self.required
            else {**described, "default": None if self.default is None else self.json(self.default)}
        )

    def _read_list(self, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            value = [part for part in value.replace("+", " ").split(" ") if part]
        if not isinstance(value, Sequence) or len(value) > 64:
            raise ValueError(value)
        return tuple(self._read_one(item) for item in value)

    def _read_one(self, value: Any) -> Any:
        if value is None and self.optional:
            return None
        if self.kind in VALUE_TYPES:
            return self.kind.parse(_string(value))
        if get_origin(self.kind) is Literal:
            return _choice(value, get_args(self.kind))
        if self.kind is bool:
            return _READ_BOOL[value] if isinstance(value, str) else value if isinstance(value, bool) else _no(value)
        if self.kind is str:
            return _string(value)
        return self._bounded(value)

    def _bounded(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            _no(value)
        number = read_number(value) if isinstance(value, str) else value
        if not math.isfinite(number) or (self.kind is int and number != int(number)):
            raise ValueError(value)
        number = self.kind(number) + 0
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise ValueError(value)
        if self._odd and number % 2 == 0:
            raise ValueError(value)
        return number

    @property
    def _odd(self) -> bool:
        return bool(self.extra.get("not") == {"multipleOf": 2})

    def _expected_one(self) -> str:
        if self.kind in VALUE_TYPES:
            return str(self.kind.EXPECTED)
        if get_origin(self.kind) is Literal:
            return "one of " + ", ".join(map(_one_text, get_args(self.kind)))
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return f"text of at most {_TEXT_LIMIT} characters"
        noun = ("an odd number" if self._odd else "a whole number") if self.kind is int else "a number"
        if self.minimum is None or self.maximum is None:
            return noun
        return f"{noun} from {number_text(self.minimum)} to {number_text(self.maximum)}"

    def _schema_one(self) -> dict[str, Any]:
        if self.kind in VALUE_TYPES:
            return dict(self.kind.SCHEMA)
        if get_origin(self.kind) is Literal:
            choices = list(get_args(self.kind))
            return {"enum": choices} if True in choices else {"type": "string", "enum": choices}
        names = {bool: "boolean", str: "string", int: "integer", float: "number"}
        shape: dict[str, Any] = {"type": names[self.kind]}
        if self.kind is str:
            shape["maxLength"] = _TEXT_LIMIT
        if self.minimum is not None:
            shape["minimum"] = self.minimum
        if self.maximum is not None:
            shape["maximum"] = self.maximum
        return {**shape, **self.extra}


_READ_BOOL = {"true": True, "1": True, "false": False, "0": False}
_MEANT_BOOL = {
    **dict.fromkeys(("yes", "on", "y", "t", "true"), "true"),
    **dict.fromkeys(("no", "off", "n", "f", "false"), "false"),
}
_WITH_UNIT = re.compile(r"([+-]?\d{1,9}(?:\.\d{0,9})?)\s*(%|p|px|deg|°)\Z", re.IGNORECASE)


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    """The choice that a value is, in its own spelling or another one that people use."""
    if True in choices:
        value = (
            _READ_BOOL.get(value, value) if isinstance(value, str) else value if isinstance(value, bool) else _no(value)
        )
    elif value not in choices and isinstance(value, str):
        value = spelled(value, choices) or value
    return next(choice for choice in choices if choice == value) if value in choices else _no(value)


def _no(value: Any) -> Any:
    raise ValueError(value)


def _string(value: Any) -> str:
    """A text without control characters or lone surrogates, which cannot be encoded."""
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        raise ValueError(value)
    if any((ord(c) < 32 and c not in "\n\t") or 0xD800 <= ord(c) <= 0xDFFF or ord(c) == 127 for c in value):
        raise ValueError(value)
    return value


def _one_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, float) else str(value)


def _one_json(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def parameter_of(source: inspect.Parameter) -> Parameter:
    """The parameter that a signature's entry declares; TypeError (at import) where it lacks a type or a description."""
    annotation, metas = source.annotation, []
    if get_origin(annotation) is Annotated:
        annotation, *metas = get_args(annotation)
    kind, optional = _without_none(annotation)
    many = get_origin(kind) in {tuple, list}
    kind = get_args(kind)[0] if many else kind
    meta = next((meta for meta in metas if isinstance(meta, msgspec.Meta)), msgspec.Meta())
    known = kind in VALUE_TYPES or kind in {int, float, bool, str} or get_origin(kind) is Literal
    if not known or not meta.description:
        raise TypeError(f'The parameter "{source.name}" needs a known type and a description.')
    if kind in {int, float} and (meta.ge is None or meta.le is None):
        raise TypeError(f'The number "{source.name}" needs both bounds.')
    default = tuple(source.default) if many and source.default is not source.empty else source.default
    extra = meta.extra_json_schema or {}
    return Parameter(source.name, kind, many, optional, default, meta.description, meta.ge, meta.le, extra)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in {Union, types.UnionType}:
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def names_other(kind: Any) -> bool:
    """Whether the parameter names a second picture or a file of the request."""
    # Not `in {…}`: hashing a Literal takes microseconds.
    return kind is PictureName or kind is FileName

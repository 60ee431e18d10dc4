"""Pipelines: text and JSON to typed steps, and back to canonical text and full JSON."""

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import msgspec

from core.errors import (
    BadParameterError,
    NeedsFindingsError,
    PipelineSyntaxError,
    RedactTooLateError,
    TooMuchWorkError,
    UnknownFilterError,
    UnknownPresetError,
)
from core.filter import Filter, Reads
from core.language import grammar
from core.language.parameters import Parameter, names_other
from core.limits import Limits
from core.registry import filter_words, filters, find_filter

PRESET = "preset"
_SIDES = re.compile(r"(\d{1,5}[p%]?(?=x\d)|\d{1,5}(?=x\Z))?x(\d{1,5}[p%]?)?\Z", re.ASCII)
"""A size as people write it: 800x600, 50%x50%, 800x or x600; 300px is none."""
_REQUIRED = {
    "objects": "objects: put `detect`, `faces`, `persons` or `barcodes`",
    "segments": "class maps: put `segment`",
    "areas": "objects or class maps: put `detect`, `faces`, `persons`, `barcodes` or `segment`",
    "any": "findings: put a vision step",
}
_JSON_STEP = 'an object with the member "filter" and the parameters beside it'


class Step(msgspec.Struct, frozen=True):
    """One filter with a typed value for every parameter, in declared order."""

    filter: Filter
    arguments: dict[str, Any]

    def canonical(self) -> str:
        """Text in declared order, defaults left out: leading values by position, the others by name."""
        texts: list[str] = []
        leading = True
        for parameter in self.filter.parameters:
            value = self.arguments[parameter.name]
            if not parameter.required and value == parameter.default:
                leading = False
                continue
            text = _quoted(parameter, value)
            leading = leading and bool(text)
            texts.append(text if leading else f"{parameter.name}={text}")
        return f"{self.filter.name}:{','.join(texts)}" if texts else self.filter.name

    @property
    def reach(self) -> float:
        """How far away a pixel may be that changes one of the result, pixels; infinite where there is no bound."""
        return self.filter.reach_of(self.arguments)

    @property
    def smooth(self) -> bool:
        """Whether it makes no more of small differences than they were."""
        smooth = self.filter.smooth
        return smooth(**self.arguments) if callable(smooth) else smooth

    def to_json(self, *, full: bool = False) -> dict[str, Any]:
        """`{"filter": …}` with the parameters that differ from their defaults, or with all."""
        shown = {
            parameter.name: parameter.json(self.arguments[parameter.name])
            for parameter in self.filter.parameters
            if full or parameter.required or self.arguments[parameter.name] != parameter.default
        }
        return {"filter": self.filter.name, **shown}

    def others(self, kind: type[str] | None = None) -> list[str]:
        """Names of the pictures and files that the step needs beside its picture, or only those of one kind."""
        named = [p.name for p in self.filter.parameters if (p.kind is kind if kind else names_other(p.kind))]
        return [str(self.arguments[name]) for name in named if self.arguments[name] is not None]


class Pipeline(msgspec.Struct, frozen=True, dict=True):
    """A checked sequence of steps."""

    steps: tuple[Step, ...] = ()

    def __hash__(self) -> int:
        """That of the canonical text: steps of equal text may differ, equal steps have equal text."""
        return hash(self.canonical)

    @classmethod
    def parse(cls, text: str, *, presets: Mapping[str, str] | None = None, limits: Limits | None = None) -> Self:
        """Read a pipeline's text. Errors: every 400 of the grammar, the filters and their parameters."""
        return cls._of([_from_raw(raw) for raw in _expand(grammar.parse(text), presets or {})], limits)

    @classmethod
    def from_json(cls, value: Any, *, presets: Mapping[str, str] | None = None, limits: Limits | None = None) -> Self:
        """Read the JSON form: a list of `{"filter": name, parameter: value …}`, or a string in the text form."""
        if isinstance(value, str):
            return cls.parse(value, presets=presets, limits=limits)
        if not isinstance(value, list):
            raise PipelineSyntaxError("A pipeline in JSON must be a list of steps or a string.")
        return cls._of([step for entry in value for step in _from_entry(entry, presets or {})], limits)

    @cached_property
    def canonical(self) -> str:
        """The canonical text; `parse(canonical) == self`."""
        return "/".join(step.canonical() for step in self.steps)

    def to_json(self, *, full: bool = False) -> list[dict[str, Any]]:
        """The JSON form; `full` writes the defaults out."""
        return [step.to_json(full=full) for step in self.steps]

    @cached_property
    def in_full(self) -> list[dict[str, Any]]:
        """The JSON form with the defaults written out."""
        return self.to_json(full=True)

    def others(self, kind: type[str] | None = None) -> list[str]:
        """Names of all second pictures and files (or of one kind), each once, in order."""
        return list(dict.fromkeys(name for step in self.steps for name in step.others(kind)))

    @property
    def only_looks(self) -> bool:
        """Whether there are steps and none of them is a filter: then the response is JSON by default."""
        return bool(self.steps) and all(step.filter.kind != "filter" for step in self.steps)

    @property
    def sees(self) -> bool:
        """Whether a step looks at every frame of an animation: vision, what counts, and what decides by all frames."""
        return any(
            step.filter.task or step.filter.makes == "findings" or step.filter.takes == "frames" for step in self.steps
        )

    @classmethod
    def _of(cls, steps: list[Step], limits: Limits | None) -> Self:
        most = (limits or Limits()).steps
        if len(steps) > most:
            raise TooMuchWorkError(f"The pipeline has {len(steps)} steps; at most {most} are allowed.")
        for index, step in enumerate(steps):
            reads = step.filter.reads(step.arguments)
            if reads and not any(before.filter.feeds(reads) for before in steps[:index]):
                raise NeedsFindingsError(f'"{step.filter.name}" needs {_REQUIRED[reads]} before it.')
            if reads and step.filter.hides:
                _check_in_time(steps[:index], step, reads)
        return cls(tuple(steps))


def _check_in_time(before: list[Step], hiding: Step, reads: Reads) -> None:
    """Refuse a step that hides what a step before it has taken all over the picture, or told of.

    A step that changes pixels may stand before the model: what it makes is the picture that the model looks at. A
    measure may not: it tells the same wherever it stands. Errors: RedactTooLateError (400).
    """
    seen = False
    for step in before:
        seen = seen or step.filter.feeds(reads)
        tells = step.filter.kind == "measure" or (seen and not _as_blocks(step, hiding))
        if tells and math.isinf(step.reach):
            raise _too_late(step, hiding)


def _as_blocks(step: Step, hiding: Step) -> bool:
    """Whether two steps hide by means of blocks: then the second promises no more than the first has told."""
    return step.filter.hides and math.isinf(hiding.reach)


def _too_late(step: Step, hiding: Step) -> RedactTooLateError:
    name, later = step.filter.name, hiding.filter.name
    does = "tells of" if step.filter.kind == "measure" else "takes into account"
    detail = (
        f'"{name}" {does} every pixel of the picture, those that "{later}" hides among them: '
        f'put "{name}" after "{later}", as in …/{later}/{name}.'
    )
    return RedactTooLateError(detail, parameter=name, expected=f"{later}/{name}", got=f"{name}/…/{later}")


def _expand(raws: tuple[grammar.RawStep, ...], presets: Mapping[str, str]) -> list[grammar.RawStep]:
    """Raw steps with every `preset:NAME` replaced, and every NAME that no step has; a preset cannot name another."""
    expanded: list[grammar.RawStep] = []
    for raw in raws:
        is_bare = not (raw.positional or raw.named)
        if raw.name == PRESET or (is_bare and _is_preset(raw.name, presets)):
            text = _preset(raw, presets) if raw.name == PRESET else presets[raw.name]
            expanded.extend(map(_sized, grammar.parse(text)))
        else:
            expanded.append(_sized(raw))
    return expanded


def _is_preset(name: str, presets: Mapping[str, str]) -> bool:
    """Whether a step's name is a preset's, and no step's."""
    return name in presets and name not in filters()


def _sized(raw: grammar.RawStep) -> grammar.RawStep:
    """`resize` where a size stands alone, as in 800x600/sepia."""
    return grammar.RawStep("resize", (raw.name, *raw.positional), raw.named) if _SIDES.match(raw.name) else raw


def _with_sides(known: Filter, positional: tuple[str | None, ...]) -> tuple[str | None, ...]:
    """Positional values with a size as the first one, such as 800x600, split into width and height."""
    takes_both = [parameter.name for parameter in known.parameters[:2]] == ["width", "height"]
    found = _SIDES.match(positional[0] or "") if takes_both and positional else None
    return (*found.groups(), *positional[1:]) if found and any(found.groups()) else positional


def _preset(raw: grammar.RawStep, presets: Mapping[str, str]) -> str:
    names = [*raw.positional, *raw.named.values()]
    if len(names) != 1 or not set(raw.named) <= {"name"}:
        raise PipelineSyntaxError('"preset" takes one name, as in preset:thumbnail.')
    name = grammar.unquote(names[0] or "", PRESET)
    if name not in presets:
        raise UnknownPresetError(name, presets, "preset")
    return presets[name]


def _from_raw(raw: grammar.RawStep) -> Step:
    known = _find(raw.name)
    positional = _with_sides(known, raw.positional)
    if len(positional) > len(known.parameters):
        takes = len(known.parameters)
        raise PipelineSyntaxError(
            f'"{raw.name}" takes at most {takes} parameters, not {len(positional)}.', parameter=raw.name
        )
    given: dict[str, Any] = {}
    for parameter, value in zip(known.parameters, positional, strict=False):
        if value is not None:
            given[parameter.name] = _unquoted(parameter, value)
    for name, value in raw.named.items():
        parameter = known.parameter(name)
        if parameter.name in given:
            raise _twice(known, parameter)
        given[parameter.name] = _unquoted(parameter, value)
    return bind(known, given)


def _twice(known: Filter, parameter: Parameter) -> PipelineSyntaxError:
    return PipelineSyntaxError(
        f'"{known.name}" has the parameter "{parameter.name}" twice.', parameter=f"{known.name}.{parameter.name}"
    )


def _find(name: str) -> Filter:
    if name == PRESET:
        raise PipelineSyntaxError("A preset cannot name another preset.")
    try:
        return find_filter(name)
    except UnknownFilterError:
        raise UnknownFilterError(name, {**filter_words(), PRESET: PRESET}) from None


def _from_entry(entry: Any, presets: Mapping[str, str]) -> list[Step]:
    if not isinstance(entry, dict) or not isinstance(entry.get("filter"), str):
        raise PipelineSyntaxError(f"A step in JSON must be {_JSON_STEP}.")
    given = {str(key): value for key, value in entry.items() if key != "filter"}
    if entry["filter"] == PRESET:
        if not isinstance(given.get("name"), str):
            raise PipelineSyntaxError('"preset" takes one name, as in {"filter": "preset", "name": "thumbnail"}.')
        named = {key: grammar.quote(str(value)) for key, value in given.items()}
        return [_from_raw(raw) for raw in _expand((grammar.RawStep(PRESET, (), named),), presets)]
    if not given and _is_preset(entry["filter"], presets):
        return [_from_raw(raw) for raw in _expand((grammar.RawStep(entry["filter"]),), presets)]
    return [bind(_find(entry["filter"]), given)]


def bind(known: Filter, given: dict[str, Any]) -> Step:
    """A step with every parameter typed: from `given`, else its default. BadParameterError (400) if one is invalid."""
    given = _by_parameter(known, given)
    arguments = {}
    for parameter in known.parameters:
        if parameter.name in given:
            arguments[parameter.name] = parameter.read(given[parameter.name], step=known.name)
        elif parameter.required:
            raise BadParameterError(f"{known.name}.{parameter.name}", parameter.expected, "nothing")
        else:
            arguments[parameter.name] = parameter.default
    return Step(known, arguments)


def _by_parameter(known: Filter, given: dict[str, Any]) -> dict[str, Any]:
    """What is given, by the names of the parameters; PipelineSyntaxError (400) for one in two spellings."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        parameter = known.parameter(name)
        if parameter.name in values:
            raise _twice(known, parameter)
        values[parameter.name] = value
    return values


def _quoted(parameter: Parameter, value: Any) -> str:
    text = parameter.text(value)
    return grammar.quote(text) if isinstance(text, str) else "+".join(grammar.quote(item) for item in text)


def _unquoted(parameter: Parameter, value: str) -> Any:
    if parameter.many:
        return [grammar.unquote(part, parameter.name) for part in value.replace("+", " ").split(" ") if part]
    return grammar.unquote(value, parameter.name)

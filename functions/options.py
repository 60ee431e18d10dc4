"""What a request asks for beside its picture: named options, from the query, form fields or JSON alike."""

import inspect
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.errors import BadParameterError, PipelineSyntaxError, TooMuchWorkError, UnknownFormatError
from core.export import Form
from core.limits import Limits
from core.parameters import Parameter, parameter_of
from core.pipeline import Pipeline
from core.process import JSON
from core.values import doc
from functions.problems import BadOutputsError, ConflictingOptionError, NotAvailableError, UnknownOptionError

_LONGEST_PIPELINE = 100_000
_RESULT_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z")
_LATER = {"source": "Pictures are not fetched by address; send the picture itself.", "to": "Results are not stored."}


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted result. `format` is None where it is to be negotiated; `findings` is a form that other tools read."""

    name: str = ""
    pipeline: Pipeline = Pipeline()
    format: str | None = None
    findings: Form | None = None
    options: EncodeOptions = EncodeOptions()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """All that a request asks for. `several` says that it came with `outputs`."""

    wants: list[Want]
    include: frozenset[str] = frozenset()
    several: bool = False


class Reader(msgspec.Struct, frozen=True):
    """What options are read with."""

    limits: Limits
    presets: Mapping[str, str]

    def order(self, places: Iterable[Mapping[str, Any]], usual: Mapping[str, Any]) -> Order:
        """The order that all places together give; `usual` holds the route's own defaults, typed."""
        given = self._merged(places)
        include = frozenset(given.pop("include", ()))
        if "outputs" not in given:
            return Order(wants=[_want({**usual, **given})], include=include)
        wants = given.pop("outputs")
        if given:
            raise BadOutputsError(f"Beside «outputs», «{next(iter(given))}» belongs into each of them.")
        return Order(wants=wants, include=include, several=True)

    def _merged(self, places: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Typed options of all places; the same option may come twice only with the same value."""
        merged: dict[str, Any] = {}
        for place in places:
            for name, raw in place.items():
                value = self._typed(name, raw)
                if name in merged and merged[name] != value:
                    raise ConflictingOptionError(name)
                merged[name] = value
        return merged

    def _typed(self, name: str, raw: Any) -> Any:
        if name == "pipeline":
            return self.pipeline(raw)
        if name == "outputs":
            return self._outputs(raw)
        if name in _LATER:
            raise NotAvailableError(f"«{name}» is not available here. {_LATER[name]}", parameter=name)
        parameter = options().get(name)
        if parameter is None:
            raise UnknownOptionError(name, [*options(), "pipeline", "outputs", "file"])
        return _read(parameter, raw)

    def pipeline(self, raw: Any) -> Pipeline:
        """A pipeline in text or JSON; the errors of the grammar and of each step."""
        if isinstance(raw, str) and len(raw) > _LONGEST_PIPELINE:
            raise PipelineSyntaxError(f"The pipeline has {len(raw)} characters; at most {_LONGEST_PIPELINE} are read.")
        if isinstance(raw, list) and len(raw) > self.limits.steps:
            raise TooMuchWorkError(f"The pipeline has {len(raw)} steps; at most {self.limits.steps} are allowed.")
        return Pipeline.from_json(raw, presets=self.presets, limits=self.limits)

    def _outputs(self, raw: Any) -> list[Want]:
        if not isinstance(raw, list) or not raw or len(raw) > self.limits.outputs:
            raise BadOutputsError(f"«outputs» is a list of 1 to {self.limits.outputs} objects.", parameter="outputs")
        wants = [self._output(entry) for entry in raw]
        names = [want.name for want in wants]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise BadOutputsError(f"Two outputs have the name «{twice}».", parameter="outputs.name", got=twice)
        return wants

    def _output(self, entry: Any) -> Want:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _RESULT_NAME.match(name):
            expected = "1 to 32 of a-z, 0-9, _ and -"
            raise BadOutputsError(
                f"Each output is an object with a «name» of {expected}.", parameter="outputs.name", expected=expected
            )
        own = {key: value for key, value in entry.items() if key != "name"}
        for key in ("include", "outputs"):
            if key in own:
                raise BadOutputsError(f"«{key}» stands beside «outputs», not in them.", parameter=f"outputs.{key}")
        return _want({"name": name, **self._merged([own])})


def _want(given: Mapping[str, Any]) -> Want:
    plain = {name: value for name, value in given.items() if name in Want.__struct_fields__}
    encode = {name: value for name, value in given.items() if name in EncodeOptions.__struct_fields__}
    return Want(**plain, options=EncodeOptions(**encode))


def options() -> dict[str, Parameter]:
    """Every option but `pipeline` and `outputs`: `format`, those of encoding, `findings` and `include`."""
    return _OPTIONS


def formats() -> list[str]:
    """The names that `format` takes."""
    return [*(known.name for known in FORMATS.values() if known.writes), JSON]


def _read(parameter: Parameter, raw: Any) -> Any:
    if parameter.name == "format" and isinstance(raw, str) and raw not in formats():
        raise UnknownFormatError(raw[:80], formats())
    try:
        value = parameter.read(_split(raw) if parameter.many else raw, step="")
    except BadParameterError:
        raise BadParameterError(parameter.name, parameter.expected, raw) from None
    return frozenset(value) if parameter.many else value


def _split(raw: Any) -> Any:
    """A list written as text, by + or space; an empty entry stays, so that it is refused as the mistake it is."""
    return re.split("[+ ]", raw) if isinstance(raw, str) else raw


def _encode_options() -> dict[str, Parameter]:
    """The fields of EncodeOptions as parameters: its annotations are the only place where they are written."""
    hints = get_type_hints(EncodeOptions, include_extras=True)
    return {name: _parameter(name, hints[name], getattr(EncodeOptions(), name)) for name in hints}


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    """`Annotated[kind, meta] | None` and `Annotated[frozenset[kind], meta]` in the form that a signature has."""
    optional = get_origin(hint) in {Union, UnionType}
    inner = next(arg for arg in get_args(hint) if arg is not type(None)) if optional else hint
    kind, meta = get_args(inner)
    if get_origin(kind) is frozenset:
        kind, default = tuple[get_args(kind)[0], ...], tuple(default)  # type: ignore[misc]
    return _declared(name, Annotated[kind | None if optional else kind, meta], default)


def _declared(name: str, annotation: Any, default: Any) -> Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return parameter_of(inspect.Parameter(name, kind, default=default, annotation=annotation))


_WHICH = doc("Format of the result, or `json` for what is in it; left out, it is negotiated by `Accept`")
_FORM = doc("Instead of a picture, what was found: a COCO document, YOLO's text, or a class map as PNG")
_INCLUDED = doc("What a JSON answer holds beside findings: the picture as base64, masks and class maps")
_OPTIONS = {
    "format": _declared("format", Annotated[Literal[tuple(formats())] | None, _WHICH], None),
    **_encode_options(),
    "findings": _declared("findings", Annotated[Form | None, _FORM], None),
    "include": _declared("include", Annotated[tuple[Literal["image", "masks"], ...], _INCLUDED], ()),
}

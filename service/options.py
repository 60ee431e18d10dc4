"""What a request asks for beside its picture: named options, from the query, form fields or JSON alike."""

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.errors import BadParameterError, PipelineSyntaxError, TooMuchWorkError, UnknownFormatError
from core.language.parameters import Parameter, parameter_of
from core.language.values import doc
from core.limits import Limits
from core.pipeline import Pipeline
from core.process import JSON
from service.errors import BadOutputsError, ConflictingOptionError, UnknownOptionError
from service.export import Form
from storage.address import Address
from storage.errors import BadAddressError

_LONGEST_PIPELINE = 100_000
_RESULT_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z")
_ADDRESSES = {"source", "to"}
_BESIDE = ("include", "source", "outputs")
"""Options of a request, not of one result."""


class OutputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one result. `format` is None where it is to be negotiated; `findings` is an export format.

    `to` is where it is stored; None: it comes back in the answer.
    """

    name: str = ""
    pipeline: Pipeline = Pipeline()
    format: str | None = None
    findings: Form | None = None
    encoding: EncodeOptions = EncodeOptions()
    to: Address | None = None


class ProcessingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """All that a request asks for. `several` says that it came with `outputs`; `source` is where the picture is."""

    outputs: list[OutputOptions]
    include: frozenset[str] = frozenset()
    several: bool = False
    source: Address | None = None


class OptionsParser(msgspec.Struct, frozen=True):
    """What options are read with."""

    limits: Limits
    presets: Mapping[str, str]

    def parse(
        self, places: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any] | None = None
    ) -> ProcessingOptions:
        """The options that all places together give; `defaults` holds the route's own, typed."""
        given = self._merged(places)
        include = frozenset(given.pop("include", ()))
        source = given.pop("source", None)
        if "outputs" not in given:
            return ProcessingOptions(
                outputs=[_output_options({**(defaults or {}), **given})], include=include, source=source
            )
        outputs = given.pop("outputs")
        if given:
            raise BadOutputsError(f"Beside «outputs», «{next(iter(given))}» belongs into each of them.")
        return ProcessingOptions(outputs=outputs, include=include, several=True, source=source)

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
        parameter = options().get(name)
        if parameter is None:
            raise UnknownOptionError(name, [*options(), "pipeline", "outputs", "file"])
        value = _read(parameter, raw)
        return _address(name, value) if value is not None and name in _ADDRESSES else value

    def pipeline(self, raw: Any) -> Pipeline:
        """A pipeline in text or JSON; the errors of the grammar and of each step."""
        if isinstance(raw, str) and len(raw) > _LONGEST_PIPELINE:
            raise PipelineSyntaxError(f"The pipeline has {len(raw)} characters; at most {_LONGEST_PIPELINE} are read.")
        if isinstance(raw, list) and len(raw) > self.limits.steps:
            raise TooMuchWorkError(f"The pipeline has {len(raw)} steps; at most {self.limits.steps} are allowed.")
        return Pipeline.from_json(raw, presets=self.presets, limits=self.limits)

    def _outputs(self, raw: Any) -> list[OutputOptions]:
        if not isinstance(raw, list) or not raw or len(raw) > self.limits.outputs:
            raise BadOutputsError(f"«outputs» is a list of 1 to {self.limits.outputs} objects.", parameter="outputs")
        outputs = [self._output(entry) for entry in raw]
        names = [output.name for output in outputs]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise BadOutputsError(f"Two outputs have the name «{twice}».", parameter="outputs.name", got=twice)
        places = [output.to for output in outputs if output.to]
        if same := next((place for place in places if places.count(place) > 1), None):
            raise BadOutputsError(f"Two outputs go to «{same}».", parameter="outputs.to", got=str(same))
        return outputs

    def _output(self, entry: Any) -> OutputOptions:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _RESULT_NAME.match(name):
            expected = "1 to 32 of a-z, 0-9, _ and -"
            raise BadOutputsError(
                f"Each output is an object with a «name» of {expected}.", parameter="outputs.name", expected=expected
            )
        own = {key: value for key, value in entry.items() if key != "name"}
        for key in _BESIDE:
            if key in own:
                raise BadOutputsError(f"«{key}» stands beside «outputs», not in them.", parameter=f"outputs.{key}")
        return _output_options({"name": name, **self._merged([own])})


def _output_options(given: Mapping[str, Any]) -> OutputOptions:
    plain = {name: value for name, value in given.items() if name in OutputOptions.__struct_fields__}
    if plain.get("to") and plain.get("format") is None and plain.get("findings") is None:
        plain["format"] = _format_of(plain["to"])
    encode = {name: value for name, value in given.items() if name in EncodeOptions.__struct_fields__}
    return OutputOptions(**plain, encoding=EncodeOptions(**encode))


def _address(name: str, text: str) -> Address:
    """Where an object is. BadAddressError that names the option."""
    try:
        return Address.parse(text)
    except BadAddressError as error:
        error.fields["parameter"] = name
        raise


def _format_of(address: Address) -> str | None:
    """The format that a key's extension names; None where it names none that we write."""
    extension = PurePosixPath(address.key).suffix.lower().removeprefix(".")
    written = (known.name for known in FORMATS.values() if known.writes and extension in known.extensions)
    return JSON if extension == JSON else next(written, None)


def options() -> dict[str, Parameter]:
    """Every option but `pipeline` and `outputs`: `format`, those of encoding, `findings`, `include`, `source`, `to`."""
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
_SOURCE = doc("Address of a picture that is not sent: `gs://bucket/key`, `s3://…`, `file://…` or `https://…`")
_TO = doc(
    "Address under which the result is stored, `gs://bucket/key`, `s3://…` or `file://…`; answered by a 201 and JSON"
)
_OPTIONS = {
    "format": _declared("format", Annotated[Literal[tuple(formats())] | None, _WHICH], None),
    **_encode_options(),
    "findings": _declared("findings", Annotated[Form | None, _FORM], None),
    "include": _declared("include", Annotated[tuple[Literal["image", "masks"], ...], _INCLUDED], ()),
    "source": _declared("source", Annotated[str | None, _SOURCE], None),
    "to": _declared("to", Annotated[str | None, _TO], None),
}

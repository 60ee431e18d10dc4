"""The options of a request: the same names in the query, in form fields and in JSON."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.errors import BadParameterError, PipelineSyntaxError, TooMuchWorkError, UnknownFormatError
from core.language.parameters import Parameter, parameter_of
from core.language.values import doc
from core.limits import Limits
from core.output import JSON
from core.pipeline import Pipeline
from core.transcoding import transcodes
from service.errors import BadOutputsError, ConflictingOptionError, IgnoredOptionError, UnknownOptionError
from service.export import Form
from storage.address import Address
from storage.errors import BadAddressError

_MAX_PIPELINE = 100_000
_SHORT_PIPELINE, _KEPT_PIPELINES = 1000, 256
_MAX_VALUE = 10_000
_OUTPUT_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z")
_ADDRESSES = {"source", "to"}
_REQUEST_OPTIONS = ("include", "source", "explain", "outputs")
"""Options of the request as a whole, not of one output."""


class OutputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one output. `format` is None if it is to be negotiated; `findings` is an export format.

    `to` is where the result is stored; None: it is returned in the response.
    """

    name: str = ""
    pipeline: Pipeline = Pipeline()
    format: str | None = None
    findings: Form | None = None
    encoding: EncodeOptions = EncodeOptions()
    to: Address | None = None


class ProcessingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a request. `several`: it was sent with `outputs`; `source` is the address of the picture.

    `explain`: what would be done is told, and not done.
    """

    outputs: list[OutputOptions]
    include: frozenset[str] = frozenset()
    several: bool = False
    source: Address | None = None
    explain: bool = False


class OptionsParser(msgspec.Struct, frozen=True, dict=True):
    """Parses options, by these limits and presets.

    `strict`: an option that the named format lacks is refused. Outputs of a rule share options whatever their formats.
    """

    limits: Limits
    presets: Mapping[str, str]
    strict: bool = True

    def parse(
        self, places: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any] | None = None
    ) -> ProcessingOptions:
        """The options of all places merged; `defaults` holds the route's own, already typed."""
        given = self._merged(places)
        include = frozenset(given.pop("include", ()))
        source = given.pop("source", None)
        explain = given.pop("explain", False)
        if "outputs" not in given:
            output = self._output_options(given, defaults or {})
            return ProcessingOptions(outputs=[output], include=include, source=source, explain=explain)
        outputs = given.pop("outputs")
        if given:
            raise BadOutputsError(f'With "outputs", "{next(iter(given))}" must be set in each of them.')
        return ProcessingOptions(outputs=outputs, include=include, several=True, source=source, explain=explain)

    def _merged(self, places: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Typed options of all places; an option may be repeated only with the same value."""
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
            raise UnknownOptionError(name, _words())
        value = _read(parameter, raw)
        return _address(name, value) if value is not None and name in _ADDRESSES else value

    def pipeline(self, raw: Any) -> Pipeline:
        """A pipeline in text or JSON; the errors of the grammar and of each step."""
        if isinstance(raw, str) and len(raw) > _MAX_PIPELINE:
            raise PipelineSyntaxError(f"The pipeline has {len(raw)} characters; at most {_MAX_PIPELINE} are allowed.")
        if isinstance(raw, list) and len(raw) > self.limits.steps:
            raise TooMuchWorkError(f"The pipeline has {len(raw)} steps; at most {self.limits.steps} are allowed.")
        read = self._kept if isinstance(raw, str) and len(raw) <= _SHORT_PIPELINE else self._parsed
        return read(raw)

    def _parsed(self, raw: Any) -> Pipeline:
        return Pipeline.from_json(raw, presets=self.presets, limits=self.limits)

    @cached_property
    def _kept(self) -> Callable[[str], Pipeline]:
        """The last short ones, which most requests ask for again: what is known of one is known the next time."""
        return lru_cache(_KEPT_PIPELINES)(self._parsed)

    def _outputs(self, raw: Any) -> list[OutputOptions]:
        if not isinstance(raw, list) or not raw or len(raw) > self.limits.outputs:
            raise BadOutputsError(
                f'"outputs" must be a list of 1 to {self.limits.outputs} objects.', parameter="outputs"
            )
        outputs = [self._output(entry) for entry in raw]
        names = [output.name for output in outputs]
        if duplicate := next((name for name in names if names.count(name) > 1), None):
            raise BadOutputsError(f'Two outputs are named "{duplicate}".', parameter="outputs.name", got=duplicate)
        places = [output.to for output in outputs if output.to]
        if shared := next((place for place in places if places.count(place) > 1), None):
            raise BadOutputsError(f'Two outputs are stored at "{shared}".', parameter="outputs.to", got=str(shared))
        return outputs

    def _output(self, entry: Any) -> OutputOptions:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _OUTPUT_NAME.match(name):
            expected = "1 to 32 of a-z, 0-9, _ and -"
            raise BadOutputsError(
                f'Each output must be an object with a "name" of {expected}.',
                parameter="outputs.name",
                expected=expected,
            )
        own = {key: value for key, value in entry.items() if key != "name"}
        for key in _REQUEST_OPTIONS:
            if key in own:
                raise BadOutputsError(f'"{key}" belongs beside "outputs", not inside them.', parameter=f"outputs.{key}")
        return self._output_options({"name": name, **self._merged([own])}, {})

    def _output_options(self, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> OutputOptions:
        """The options of one output. IgnoredOptionError (400) for one that the format lacks, if the caller named it."""
        output = _output_options({**defaults, **given})
        if "icc" in output.encoding.keep and output.encoding.profile in {"srgb", "p3"}:
            raise BadParameterError("profile", "keep, or nothing, beside keep=icc", str(output.encoding.profile))
        is_named = given.get("format") in FORMATS and output.findings is None
        for option in ignored_options(output.encoding, given["format"]) if self.strict and is_named else ():
            raise IgnoredOptionError(option, given["format"], FORMATS[given["format"]].options)
        return output


def _output_options(given: Mapping[str, Any]) -> OutputOptions:
    fields = {name: value for name, value in given.items() if name in OutputOptions.__struct_fields__}
    if fields.get("to") and fields.get("format") is None and fields.get("findings") is None:
        fields["format"] = _format_of(fields["to"])
    encoding = {name: value for name, value in given.items() if name in EncodeOptions.__struct_fields__}
    return OutputOptions(**fields, encoding=EncodeOptions(**encoding))


@lru_cache(256)
def ignored_options(encoding: EncodeOptions, format: str) -> tuple[str, ...]:  # noqa: A002
    """The options that are set and mean nothing for a format. `max_bytes` is a promise that every format keeps."""
    unset, meant = EncodeOptions(), {*FORMATS[format].options, "max_bytes"}
    given = [name for name in encoding.__struct_fields__ if getattr(encoding, name) != getattr(unset, name)]
    if transcodes(encoding):  # what it goes with is said by core/transcoding.py
        return tuple(name for name in given if name not in meant and name not in {"lossless", "effort"})
    lacking = [name for name in given if name not in meant]
    if "depth" in meant and int(encoding.depth) not in {8, *FORMATS[format].depths}:
        lacking.append(f"depth={encoding.depth}")
    is_flat = "keep" in meant and "hdr" in encoding.keep and not FORMATS[format].gain_maps
    return (*lacking, "keep=hdr") if is_flat else tuple(lacking)


def _address(name: str, text: str) -> Address:
    """The address of an object. BadAddressError that names the option."""
    try:
        return Address.parse(text)
    except BadAddressError as error:
        error.fields["parameter"] = name
        raise


def _format_of(address: Address) -> str | None:
    """The writable format that a key's extension names, or None."""
    extension = PurePosixPath(address.key).suffix.lower().removeprefix(".")
    written = (known.name for known in FORMATS.values() if known.writes and extension in known.extensions)
    return JSON if extension == JSON else next(written, None)


def options() -> dict[str, Parameter]:
    """Every option except `pipeline` and `outputs`."""
    return _OPTIONS


def formats() -> list[str]:
    """The names that `format` takes."""
    return [*(known.name for known in FORMATS.values() if known.writes), JSON]


def format_named(text: str) -> str:
    """The format that a name, an extension or a media type stands for. UnknownFormatError (400)."""
    word = text.lower().partition(";")[0].strip()
    word = word.removeprefix("image/").removeprefix("application/").removeprefix(".")
    if word in formats():
        return word
    for known in FORMATS.values():
        if known.writes and (word in known.extensions or f"image/{word}" == known.media_type):
            return known.name
    raise UnknownFormatError(text[:80], formats())


_NEAR = {
    **dict.fromkeys(("url", "uri", "src", "image_url", "input", "from", "address"), "source"),
    **dict.fromkeys(("fmt", "type", "ext", "output_format", "f"), "format"),
    **dict.fromkeys(("q", "qlt", "compression"), "quality"),
    **dict.fromkeys(("filter", "filters", "steps", "ops", "operations", "transform", "transformation", "effect", "p",
                     "width", "height", "w", "h", "resize", "blur", "size", "rotate", "crop"), "pipeline"),
    **dict.fromkeys(("dest", "destination", "target", "save_to", "bucket", "store"), "to"),
    **dict.fromkeys(("image", "picture", "photo", "img", "upload"), "file"),
    **dict.fromkeys(("bg", "background_color", "colour", "color"), "background"),
    **dict.fromkeys(("metadata", "strip", "exif"), "keep"),
    **dict.fromkeys(("max_size", "max_filesize", "size_limit"), "max_bytes"),
}  # fmt: skip
"""What options are called elsewhere, for suggestions."""


def _words() -> dict[str, str]:
    """The option that each word stands for, its own name among them."""
    return {**_NEAR, **{name: name for name in (*options(), "pipeline", "outputs", "file")}}


def _read(parameter: Parameter, raw: Any) -> Any:
    if isinstance(raw, str) and len(raw) > _MAX_VALUE:
        raise BadParameterError(parameter.name, parameter.expected, raw[:_MAX_VALUE])
    if parameter.name == "format" and isinstance(raw, str):
        raw = format_named(raw)
    try:
        value = parameter.read(_split(raw) if parameter.many else raw, step="")
    except BadParameterError:
        raise BadParameterError(parameter.name, parameter.expected, raw, parameter.hint(raw)) from None
    return frozenset(value) if parameter.many else value


def _split(raw: Any) -> Any:
    """A list written as text, separated by + or space; an empty entry is kept, so that it is refused."""
    return re.split("[+ ]", raw) if isinstance(raw, str) else raw


def _encode_options() -> dict[str, Parameter]:
    """The fields of EncodeOptions as parameters, derived from its annotations."""
    hints = get_type_hints(EncodeOptions, include_extras=True)
    return {name: _parameter(name, hints[name], getattr(EncodeOptions(), name)) for name in hints}


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    """A parameter from `Annotated[kind, meta] | None` or `Annotated[frozenset[kind], meta]`."""
    optional = get_origin(hint) in {Union, UnionType}
    inner = next(arg for arg in get_args(hint) if arg is not type(None)) if optional else hint
    kind, meta = get_args(inner)
    if get_origin(kind) is frozenset:
        kind, default = tuple[get_args(kind)[0], ...], tuple(default)  # type: ignore[misc]
    return _declared(name, Annotated[kind | None if optional else kind, meta], default)


def _declared(name: str, annotation: Any, default: Any) -> Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return parameter_of(inspect.Parameter(name, kind, default=default, annotation=annotation))


_FORMAT_DOC = doc("Format of the result, or `json` for JSON about it; if omitted, negotiated by `Accept`")
_FINDINGS_DOC = doc(
    "Return the findings instead of a picture: COCO of all frames, or YOLO text or a class map as PNG of the first"
)
_INCLUDE_DOC = doc(
    "What a JSON response contains besides findings: the picture as base64 (`image`) or as a data URL (`data_url`), "
    "masks and class maps"
)
_SOURCE_DOC = doc(
    "Address of the picture, instead of sending it: `gs://bucket/key`, `s3://…`, `file://…` or `https://…`"
)
_EXPLAIN_DOC = doc("Return how the picture would be made, and what that would cost, as JSON; nothing is made or stored")
_TO_DOC = doc(
    "Address to store the result at, `gs://bucket/key`, `s3://…` or `file://…`; the response is a 201 with JSON"
)
_OPTIONS = {
    "format": _declared("format", Annotated[Literal[tuple(formats())] | None, _FORMAT_DOC], None),
    **_encode_options(),
    "findings": _declared("findings", Annotated[Form | None, _FINDINGS_DOC], None),
    "include": _declared("include", Annotated[tuple[Literal["image", "data_url", "masks"], ...], _INCLUDE_DOC], ()),
    "source": _declared("source", Annotated[str | None, _SOURCE_DOC], None),
    "explain": _declared("explain", Annotated[bool, _EXPLAIN_DOC], False),
    "to": _declared("to", Annotated[str | None, _TO_DOC], None),
}

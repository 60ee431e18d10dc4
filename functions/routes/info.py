"""Information routes: filters, formats, version, API description and health."""

import os
import platform
from typing import Annotated, Any

import cv2
import msgspec
from flask import Response
from msgspec import UNSET, Meta, UnsetType

from core.codecs import FORMATS, Format
from core.errors import UnknownFilterError
from core.filter import Filter, Kind, Need
from core.language.words import aliases_of
from core.registry import filters as registered
from core.registry import find_filter
from functions import VERSION
from functions.app import here
from functions.responses.caching import cacheable
from functions.responses.compression import compressed
from functions.routing import JsonObject, Route, json_reply
from functions.server import shutdown
from service.errors import NoSuchFilterError, NotReadyError
from service.options import options

FilterName = Annotated[str, Meta(description="The name of a filter, or one of its aliases", examples=["blur"])]


class Status(JsonObject):
    """The state of the server."""

    status: str


class FilterInfo(JsonObject, kw_only=True):
    """A filter, measure or vision step."""

    name: str
    kind: Kind
    needs: list[Need]
    summary: str
    description: str | UnsetType = UNSET
    family: str
    aliases: Annotated[list[str], Meta(description="Further names that a pipeline may use")]
    parameters: Annotated[dict[str, Any], Meta(description="JSON Schema of the parameters")]
    example: str


class Filters(JsonObject):
    """The filters, measures and vision steps."""

    filters: list[FilterInfo]


class PresetInfo(JsonObject):
    """A named pipeline."""

    name: str
    pipeline: Annotated[str, Meta(description="In canonical form")]


class Presets(JsonObject):
    """The presets: `preset:NAME`, or just the name, stands for the pipeline."""

    presets: list[PresetInfo]


class FormatInfo(JsonObject):
    """A picture format."""

    name: str
    media_type: str
    extensions: tuple[str, ...]
    reads: bool
    writes: bool
    animates: bool
    alpha: bool
    options: Annotated[dict[str, Any], Meta(description="JSON Schema of each option it uses")]


class Formats(JsonObject):
    """The formats that are read or written."""

    formats: list[FormatInfo]


class Version(JsonObject):
    """The versions of the server; `revision` is the platform's name of the deployment."""

    name: str
    version: str
    python: str
    opencv: str
    revision: str | UnsetType = UNSET


class Description(msgspec.Struct):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


def health() -> Status:
    """Whether the process is alive."""
    return Status(status="ok")


def ready() -> Status:
    """Whether the server is ready for more: it is not shutting down, it has room, and reaches what it needs."""
    registered()
    reasons = here().service.readiness.reasons()
    if shutdown.has_begun():
        reasons = ["The server is shutting down.", *reasons]
    if reasons:
        raise NotReadyError(" ".join(reasons), reasons=reasons)
    return Status(status="ready")


def filters() -> Response:
    """List the filters and measures with their parameters."""
    return compressed(cacheable(Filters(filters=[filter_json(known) for known in registered().values()])))


def filter_(name: FilterName) -> Response:
    """Describe one filter, measure or vision step; an alias is described as what it stands for."""
    try:
        return cacheable(filter_json(find_filter(name)))
    except UnknownFilterError as error:
        raise NoSuchFilterError(name, error.fields.get("expected")) from None


def presets() -> Response:
    """List the presets."""
    parser = here().service.parser
    named = [PresetInfo(name=name, pipeline=parser.pipeline(text).canonical) for name, text in parser.presets.items()]
    return cacheable(Presets(presets=named))


def filter_json(known: Filter) -> FilterInfo:
    """One filter as JSON."""
    return FilterInfo(
        name=known.name,
        kind=known.kind,
        needs=known.needs,
        summary=known.summary,
        description=known.description or UNSET,
        family=known.family,
        aliases=aliases_of(known.name),
        parameters=known.schema(),
        example=known.example,
    )


def formats() -> Response:
    """List the formats with their options."""
    return cacheable(Formats(formats=[format_json(known) for known in FORMATS.values()]))


def format_json(known: Format) -> FormatInfo:
    """One format as JSON."""
    return FormatInfo(
        name=known.name,
        media_type=known.media_type,
        extensions=known.extensions,
        reads=known.reads,
        writes=known.writes,
        animates=known.animates,
        alpha=known.alpha,
        options={name: options()[name].schema() for name in known.options},
    )


def version() -> Version:
    """Show the versions of the server and its libraries."""
    return Version(
        name="darkroom",
        version=VERSION,
        python=platform.python_version(),
        opencv=cv2.__version__,
        revision=os.environ.get("K_REVISION") or UNSET,
    )


def description() -> Response:
    """The API description, OpenAPI 3.1."""
    from functions.openapi.document import openapi_document

    return compressed(cacheable(openapi_document(here())))


ROUTES = (
    Route("/health", health, "public", answers=(json_reply(Status),)),
    Route("/ready", ready, "public", answers=(json_reply(Status),), refuses=(503,)),
    Route("/v1/filters", filters, "read", answers=(json_reply(Filters),), refuses=(412,)),
    Route(
        "/v1/filters/<name>", filter_, "read", operation_id="filter",
        answers=(json_reply(FilterInfo),), refuses=(404, 412),
    ),
    Route("/v1/presets", presets, "read", answers=(json_reply(Presets),), refuses=(412,)),
    Route("/v1/formats", formats, "read", answers=(json_reply(Formats),), refuses=(412,)),
    Route("/v1/version", version, "read", answers=(json_reply(Version),)),
    Route("/openapi.json", description, "public", answers=(json_reply(Description),), refuses=(412,)),
)  # fmt: skip

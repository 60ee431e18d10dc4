"""The routes of renders: of an object at an allowed address, and of a stored picture."""

import random
import time
from typing import Annotated

import msgspec
from flask import Response, g, request
from msgspec import Meta

from catalog import ImageId
from core.codecs import FORMATS
from core.errors import DarkroomError
from core.requirements import required_models
from functions.app import here
from functions.openapi.contents import RENDER_OPTIONS, RENDER_REPLIES
from functions.requests import raw_path
from functions.requests.asked import accept_of, asked_for
from functions.requests.body import query_options
from functions.responses import ranges
from functions.responses.results import IGNORED
from functions.routes.images import row_of
from functions.routes.models import refuse_loading
from functions.routing import Route
from service.errors import NoSuchImageError, QueueFullError, UnknownOptionError
from service.images import thumbnails
from service.options import OutputOptions, ignored_options
from service.processor import Processor
from service.render import links
from service.render.renderer import Render, RenderTask
from service.render.request import ParsedRender, RenderRequest, render_etag
from service.results import content_disposition
from storage.address import Address
from storage.errors import ChangedError, NoObjectError

_TRIES = 3
_CACHE_SECONDS = 300
_PAUSE, _LEAST_SECONDS = 0.05, 1.0
"""Between a thumbnail's tries, and what of the deadline must be left for another one, seconds."""
PathPipeline = Annotated[
    str,
    Meta(
        min_length=1,
        description="Steps joined by /; a slash inside a value is written %2F",
        extra_json_schema={"format": "pipeline"},
    ),
]


class RenderPath(msgspec.Struct):
    """What the path of a render is made of."""

    pipeline: PathPipeline
    scheme: Annotated[str, Meta(pattern="^[a-z][a-z0-9]{0,15}$", description="`gs`, `s3`, `https`, `file`")]
    bucket: Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$", description="The bucket, or the host")]
    key: Annotated[str, Meta(pattern="^[A-Za-z0-9_]{1,60}$", description="The key, with its slashes")]


def render(address: str) -> Response:  # noqa: ARG001 - the decoded path no longer tells a slash from %2F
    """Render a picture at an allowed address through a pipeline."""
    pipeline, source = raw_path.split(raw_path.segments(request.environ, "/v1/render"))
    here().service.storage.sources.check(source)
    return _rendered(raw_path.pipeline_of(pipeline), source, here().service.processor)


def render_image(id: ImageId, pipeline: PathPipeline) -> Response:  # noqa: A002, ARG001
    """Render a stored picture through a pipeline."""
    service = here().service
    try:
        row = row_of(id)
    except NoSuchImageError as missing:
        if not service.settings.placeholder:
            raise
        return _in_its_place(missing, _parsed(_pipeline_of_image(id), service.upload_processor))
    return _rendered(_pipeline_of_image(row.id), Address.parse(row.source), service.upload_processor, row.id)


def _pipeline_of_image(id: str) -> str:  # noqa: A002
    return raw_path.pipeline_of(raw_path.segments(request.environ, f"/v1/images/{id}"))


def _rendered(pipeline: str, source: Address, processor: Processor, name: str = "") -> Response:
    """The response; the processor limits the size of the source. A source that changes meanwhile is read again.

    `name` is the name to save the result as, instead of the source's own.
    """
    service = here().service
    parsed = _parsed(pipeline, processor)
    if g.caller.is_cross_site:
        refuse_loading(model.name for model in required_models(parsed.request.output.pipeline, service.models))
    for left in reversed(range(_TRIES)):
        try:
            stat = service.storage.stores.of(source).read(source, g.deadline).stat
        except NoObjectError as missing:
            return _in_its_place(missing, parsed)
        etag = render_etag(parsed, stat)
        if ranges.unchanged(request, etag):
            return _with_cache_headers(ranges.not_modified(etag))
        ready = service.renderer.ready(etag.strip('"'))
        if ready:
            return _answer(ready, etag, name, parsed.request.output)
        storable = _storable(pipeline, source)
        task = RenderTask(stat, parsed.request, etag.strip('"'), storable, processor.limits.body_bytes)
        try:
            rendered = _result(task, patient=_is_thumbnail(pipeline))
        except ChangedError:
            if not left:
                raise
        else:
            return _answer(rendered, etag, name, parsed.request.output)
    raise AssertionError  # pragma: no cover - the last try returns or raises


def _parsed(pipeline: str, processor: Processor) -> ParsedRender:
    key = (pipeline, _own_query(), request.headers.get("Accept", ""))
    parsed = here().service.renderer.requests.get(key, lambda: _render_request(pipeline), processor)
    g.pipeline = parsed.pipeline
    return parsed


def _in_its_place(missing: DarkroomError, parsed: ParsedRender) -> Response:
    """The operator's placeholder with the 404 of what is missing; that error itself where there is none to be shown."""
    try:
        found = here().service.renderer.placeholder(parsed, g.deadline, g.timings)
    except DarkroomError:
        found = None
    if found is None:
        raise missing
    response = Response(found.data, missing.status, content_type=found.content_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = ranges.CSP
    response.vary.add("Accept")
    if not g.caller.is_ambient:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _is_thumbnail(pipeline: str) -> bool:
    """Whether the request is for one of the gallery's thumbnails: of a stored picture, never of any address."""
    is_ours = request.endpoint == render_image.__name__
    return (
        is_ours and pipeline in thumbnails.PIPELINES and request.query_string == f"format={thumbnails.FORMAT}".encode()
    )


def _result(task: RenderTask, *, patient: bool) -> Render:
    """The result. A patient request waits where others are refused: a page asks for dozens of thumbnails at once."""
    service = here().service
    while True:
        try:
            return service.renderer.render(task, g.deadline, g.timings)
        except QueueFullError:
            if not patient or g.deadline.remaining() < _LEAST_SECONDS:
                raise
            time.sleep(_PAUSE * (1 + random.random()))  # noqa: S311 - a pause is no secret


def _render_request(pipeline: str) -> RenderRequest:
    """The request from the path's pipeline and the query's options."""
    given = query_options(_own_query())
    for name in ("pipeline", "outputs", "to", "source", "explain"):
        if name in given:
            raise UnknownOptionError(name, ["format", "quality"])
    accept = accept_of(here().service, request.headers.get("Accept", ""))
    options = asked_for(here().service, [given, {"pipeline": pipeline}], accept)
    return RenderRequest(options.outputs[0], options.include, accept)


def _is_signed() -> bool:
    return bool(g.caller.via == "link")


def _own_query() -> bytes:
    """The query without what a signed link adds to it."""
    if not _is_signed():
        return request.query_string
    return b"&".join(part for part in request.query_string.split(b"&") if not links.is_own(part))


def _storable(pipeline: str, source: Address) -> bool:
    """Whether the render may be stored: whoever is served may have it stored, but for two.

    For another site's page nothing is stored by the permission of its visitor: a cookie, or this machine's address.
    Of a key or a token, `write` is asked for, a preset, or a thumbnail of the gallery. Where sources are the whole web,
    whoever asks could fill the bucket: there strangers need a preset or a signed link.
    """
    caller, service = g.caller, here().service
    if caller.is_cross_site or service.storage.results is None:
        return False
    options = set(request.args) - {"format"}
    is_preset = pipeline.startswith("preset:") and "/" not in pipeline and not options
    if _is_signed() or is_preset or _is_thumbnail(pipeline) or "write" in caller.scopes:
        return True
    return service.settings.auth in {"none", "platform"} and not service.storage.sources.is_whole_web(source)


def _answer(rendered: Render, etag: str, name: str, output: OutputOptions) -> Response:
    most = here().service.platform.most(rendered.content_type)
    response = ranges.range_response(request, ranges.in_memory(rendered.data), etag, rendered.content_type, most)
    if rendered.disposition:
        extension = rendered.disposition.rstrip('"').rpartition(".")[2]
        own = content_disposition("inline", f"{name}.{extension}")
        response.headers["Content-Disposition"] = own if name else rendered.disposition
    made = [known.name for known in FORMATS.values() if known.media_type == rendered.content_type]
    if made and (ignored := ignored_options(output.encoding, made[0])):
        response.headers[IGNORED] = ", ".join(ignored)
    return _with_cache_headers(response)


def _with_cache_headers(response: Response) -> Response:
    """Add cache headers: shared caches may store what everybody, or everybody with the link, is served."""
    who = "public" if here().service.settings.auth == "none" or _is_signed() else "private"
    response.headers["Cache-Control"] = f"{who}, max-age={_seconds()}"
    response.vary.add("Accept")
    if not g.caller.is_ambient:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # made for `<img>` on other sites
    return response


def _seconds() -> int:
    """How long the response may be cached: not after the link has expired."""
    expires = request.args.get(links.EXPIRES)
    return min(_CACHE_SECONDS, max(0, int(expires) - int(time.time()))) if _is_signed() and expires else _CACHE_SECONDS


_REFUSES = (404, 412, 413, 415, 416, 422, 429, 502, 503, 504, 507)
ROUTES = (
    Route(
        "/v1/render/<path:address>", render, "read", permit="link",
        documented_path="/v1/render/{pipeline}/-/{scheme}/{bucket}/{key}", path_parameters=RenderPath,
        query=RENDER_OPTIONS, answers=RENDER_REPLIES, refuses=_REFUSES,
    ),
    Route(
        "/v1/images/<id>/<path:pipeline>", render_image, "read", permit="link",
        query=RENDER_OPTIONS, answers=RENDER_REPLIES, refuses=_REFUSES,
    ),
)  # fmt: skip

"""The routes of renders: of an allowed address, and of a picture that is kept."""

from typing import TYPE_CHECKING

from flask import Response, g, request

from core.limits import Deadline
from functions import ranges
from functions.auth import may_write
from functions.images import routes as images
from functions.problems import UnknownOptionError
from functions.render import links, target
from functions.render.choice import Ask, etag_of
from functions.render.make import Rendered, Task
from functions.source import query_options
from functions.work import Bench
from storage.address import Address
from storage.errors import ChangedError

if TYPE_CHECKING:
    from functions.http import Darkroom

_TRIES = 3


def install(app: "Darkroom") -> None:
    """Add the routes of renders."""
    app.serve("/v1/render/<path:address>", render, "read")
    app.serve("/v1/images/<id>/<path:pipeline>", render_image, "read")


def render(address: str) -> Response:  # noqa: ARG001 - what a server decoded has lost what was a slash and what was not
    """A picture at an allowed address, through a pipeline."""
    pipeline, source = target.split(target.segments(request.environ, "/v1/render"))
    images.here().storage.sources.check(source)
    return _rendered(target.pipeline_of(pipeline), source, images.here().bench)


def render_image(id: str, pipeline: str) -> Response:  # noqa: A002, ARG001
    """A picture that is kept, through a pipeline."""
    row = images.row_of(id)
    raw = target.segments(request.environ, f"/v1/images/{id}")
    return _rendered(target.pipeline_of(raw), Address.parse(row.source), images.large(images.here()))


def _rendered(pipeline: str, source: Address, bench: Bench) -> Response:
    """The answer; the bench says how long a source may be. One that changes while it is read is read anew."""
    app = images.here()
    deadline = Deadline(app.reader.limits.seconds)
    is_signed = _signed()
    key = (pipeline, request.query_string, request.headers.get("Accept", ""))
    ask, made, g.pipeline = app.renderer.known.get(key, lambda: _ask(pipeline), bench)
    for left in reversed(range(_TRIES)):
        stat = app.storage.stores.of(source).read(source, deadline).stat
        etag = etag_of(ask, made, stat)
        if ranges.unchanged(request, etag):
            return _shared(ranges.not_modified(etag))
        ready = app.renderer.ready(etag.strip('"'))
        if ready:
            return _answer(ready, etag)
        storable = _storable(pipeline, is_signed=is_signed)
        try:
            rendered = app.renderer.render(
                Task(stat, ask, etag.strip('"'), storable, bench.limits.body_bytes), deadline, g.timings
            )
        except ChangedError:
            if not left:
                raise
        else:
            return _answer(rendered, etag)
    raise AssertionError  # pragma: no cover - the last try returns or raises


def _ask(pipeline: str) -> Ask:
    """What the path's pipeline and the query's options order."""
    given = query_options(request.query_string)
    given.pop(links.NAME, None)
    for name in ("pipeline", "outputs", "to", "source"):
        if name in given:
            raise UnknownOptionError(name, ["format", "quality"])
    order = images.here().reader.order([{**given, "pipeline": pipeline}], {})
    return Ask(order.wants[0], order.include, request.headers.get("Accept", ""))


def _signed() -> bool:
    """Whether the address is signed. BadSignatureError (403) where it is, but wrongly."""
    if b"sig=" not in request.query_string:
        return False
    raw, query = target.raw_path(request.environ), request.query_string.decode("latin-1")
    return links.check(images.here().settings.signing_key, raw, query)


def _storable(pipeline: str, *, is_signed: bool) -> bool:
    """Whether this render may be stored: a preset, a link that we signed, or somebody who may write."""
    options = set(request.args) - {links.NAME, "format"}
    is_preset = pipeline.startswith("preset:") and "/" not in pipeline and not options
    return images.here().storage.results is not None and (is_signed or is_preset or may_write(request))


def _answer(made: Rendered, etag: str) -> Response:
    response = ranges.answer(request, ranges.held(made.data), etag, made.content_type)
    if made.disposition:
        response.headers["Content-Disposition"] = made.disposition
    return _shared(response)


def _shared(response: Response) -> Response:
    """Everybody's cache may keep it where everybody is served, else the caller's own."""
    who = "public" if images.here().settings.auth == "none" else "private"
    response.headers["Cache-Control"] = f"{who}, max-age=300"
    response.vary.add("Accept")
    return response

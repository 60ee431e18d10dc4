"""`/upload` and `/v1/process`: run a picture through a pipeline."""

from typing import Any

import msgspec
from flask import Response, g

from core.picture import Origin
from functions.access.auth import require
from functions.app import here, this_request
from functions.openapi.contents import PROCESS_BODY, PROCESS_OPTIONS, PROCESS_REPLIES
from functions.requests.asked import accept_of, asked_for
from functions.requests.body import unpack
from functions.responses.results import json_response, respond
from functions.responses.several import linked
from functions.routing import Route
from service.negotiation import Negotiated, Package, negotiate, package
from service.options import OutputOptions, ProcessingOptions
from service.payload import Payload
from service.processing import EMBEDDED, Negotiator, ProcessingResult, explain_payload, process_payload
from service.results import Explanations
from service.transfers import Transfers

SAVED_AS = "blurred_image"


def upload() -> Response:
    """Blur a picture, or run a pipeline; by default, the response is a JPEG named blurred_image.jpg."""
    defaults = {"pipeline": here().service.parser.pipeline("blur:15"), "format": "jpeg"}
    return _respond(defaults, SAVED_AS)


def process() -> Response:
    """Run a picture through a pipeline; the response is a picture, or JSON about it."""
    return _respond({})


def _respond(defaults: dict[str, Any], save_as: str = "") -> Response:
    """Answer the current request; `defaults` holds the route's own options."""
    with g.timings.span("read"):
        payload = unpack(this_request())
    options = _asked(payload, defaults)
    if options.explain:
        return _explained(payload, options)
    return _answer(_made(payload, options, _negotiated), save_as)


def _negotiated(options: ProcessingOptions, output: OutputOptions, origin: Origin) -> Negotiated:
    """The format of an output of the current request."""
    accept = accept_of(here().service, _accept())
    if output.to:  # `Accept` is about the response, not about what is stored
        return negotiate(output, origin, "")
    found = negotiate(output, origin, accept)
    if not options.several or _package(options, accept) != "json":
        return found
    encoded = not found.as_json and _may_link(options)
    return msgspec.structs.replace(found, as_json=True, described=not found.as_json, encoded=encoded)


def _accept() -> str:
    """What the current request accepts, as it says it."""
    return str(this_request().environ.get("HTTP_ACCEPT", ""))


def run(payload: Payload, defaults: dict[str, Any], negotiator: Negotiator) -> ProcessingResult:
    """Process a payload; `negotiator` decides the format of the response."""
    return _made(payload, _asked(payload, defaults), negotiator)


def _asked(payload: Payload, defaults: dict[str, Any]) -> ProcessingOptions:
    """The options of the current request."""
    service = here().service
    accept = accept_of(service, _accept())
    options = asked_for(service, payload.options, accept, payload.pictures, defaults)
    g.pipeline = " ".join(output.pipeline.canonical for output in options.outputs)
    if any(output.to for output in options.outputs):
        require(g.caller, "write")
    return options


def _made(payload: Payload, options: ProcessingOptions, negotiator: Negotiator) -> ProcessingResult:
    """The results, stored where they are to be."""
    service = here().service
    transfers = Transfers(service.storage, service.processor.limits, g.deadline, g.timings)
    destinations = transfers.destinations(options)
    payload = transfers.fetch(payload, options)
    done = process_payload(service.processor, payload, options, negotiator, g.timings, g.deadline)
    return transfers.store(done, destinations)


def _explained(payload: Payload, options: ProcessingOptions) -> Response:
    """How the results would be made."""
    service = here().service
    transfers = Transfers(service.storage, service.processor.limits, g.deadline, g.timings)
    payload = transfers.fetch(payload, options)
    explained = explain_payload(service.processor, payload, options, _negotiated, g.deadline)
    response = json_response(Explanations(outputs=explained) if options.several else explained[""])
    response.vary.add("Accept")
    return response


def _package(options: ProcessingOptions, accept: str) -> Package:
    """How several results are returned: stored ones can only be described in JSON."""
    return "json" if any(output.to for output in options.outputs) else package(accept)


def _may_link(options: ProcessingOptions) -> bool:
    """Whether pictures are stored for links: their caller may write, and does not want them in the JSON itself."""
    is_writer = "write" in g.caller.scopes and not g.caller.is_cross_site
    return is_writer and here().service.storage.results is not None and options.include.isdisjoint(EMBEDDED)


def _answer(done: ProcessingResult, save_as: str = "") -> Response:
    chosen = _package(done.options, _accept()) if done.options.several else "json"
    is_linked = done.options.several and chosen == "json" and _may_link(done.options)
    links: dict[str, str] = {}
    if is_linked:
        with g.timings.span("store"):
            links = linked(done, here().service, g.deadline)
    response = respond(done, package=chosen, links=links, save_as=save_as)
    response.vary.add("Accept")
    return response


_REFUSES = (404, 412, 413, 415, 422, 429, 501, 502, 503, 504, 507)
ROUTES = tuple(
    Route(
        path, view, "process", ("POST",), heavy=True,
        query=PROCESS_OPTIONS, body=PROCESS_BODY, answers=PROCESS_REPLIES, refuses=_REFUSES,
    )
    for path, view in {"/upload": upload, "/v1/process": process}.items()
)  # fmt: skip

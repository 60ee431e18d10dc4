"""`/upload` and `/v1/process`: a picture and a pipeline in; a picture, or what is in it, out."""

from typing import Any

from flask import Response, g, request

from core.limits import Deadline
from core.picture import Origin
from functions.access.auth import allow
from functions.app import here
from functions.requests.body import unpack
from functions.responses.results import respond
from functions.routing import Route
from service.negotiation import Negotiated, negotiate, wants_mixed
from service.options import OutputOptions, ProcessingOptions
from service.payload import Payload
from service.processing import Negotiator, ProcessingResult, process_payload
from service.transfers import Transfers

SAVED_AS = "blurred_image"


def upload() -> Response:
    """The original contract: a picture in, the same blurred as `blurred_image.jpg` out."""
    defaults = {"pipeline": here().service.parser.pipeline("blur:15"), "format": "jpeg"}
    return _answer(_process(defaults), SAVED_AS)


def process() -> Response:
    """A picture and a pipeline in; a picture, or what is in it, out."""
    return _answer(_process({}))


def _process(defaults: dict[str, Any]) -> ProcessingResult:
    """Do what the request at hand asks for; `defaults` holds the route's own options."""
    with g.timings.span("read"):
        payload = unpack(request)
    accept = request.headers.get("Accept", "")

    def negotiated(options: ProcessingOptions, wanted: OutputOptions, origin: Origin) -> Negotiated:
        if wanted.to:  # `Accept` is about the answer, not about what is stored
            return negotiate(wanted, origin, "")
        found = negotiate(wanted, origin, accept)
        return found if not options.several or _mixed(options, accept) else Negotiated(found.format, as_json=True)

    return run(payload, defaults, negotiated)


def run(payload: Payload, defaults: dict[str, Any], negotiator: Negotiator) -> ProcessingResult:
    """Do what a payload's options ask for; `negotiator` decides which format comes back."""
    service = here().service
    options = service.parser.parse(payload.options, defaults)
    g.pipeline = " ".join(wanted.pipeline.canonical for wanted in options.outputs)
    deadline = Deadline(service.processor.limits.seconds)
    if any(wanted.to for wanted in options.outputs):
        allow(request, "write", service.settings)
    transfers = Transfers(service.storage, service.processor.limits, deadline, g.timings)
    destinations = transfers.destinations(options)
    payload = transfers.fetched(payload, options)
    done = process_payload(service.processor, payload, options, negotiator, g.timings, deadline)
    return transfers.stored(done, destinations)


def _mixed(options: ProcessingOptions, accept: str) -> bool:
    """Whether several results come as multipart/mixed: only JSON can tell of one that is stored."""
    return wants_mixed(accept) and not any(wanted.to for wanted in options.outputs)


def _answer(done: ProcessingResult, save_as: str = "") -> Response:
    response = respond(done, mixed=wants_mixed(request.headers.get("Accept", "")), save_as=save_as)
    response.vary.add("Accept")
    return response


ROUTES = (
    Route("/upload", upload, "process", ("POST",)),
    Route("/v1/process", process, "process", ("POST",)),
)

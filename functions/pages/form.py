"""A form that shows its result without scripts, and the API reference."""

import base64
from itertools import groupby
from typing import Any

import msgspec
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from core.codecs import FORMATS
from core.errors import DarkroomError
from core.filter import Filter
from core.picture import Origin
from core.registry import filters
from functions.app import here
from functions.pages.page import as_page, page
from functions.requests.body import unpack
from functions.responses import problems
from functions.routes.process import run
from functions.routing import Route
from service.errors import UnknownOptionError
from service.negotiation import Negotiated, own_format
from service.options import OutputOptions, ProcessingOptions
from service.payload import Payload
from service.processing import ProcessingResult
from service.results import output_json, to_json


def form() -> Response:
    """The form alone, where no pictures are kept."""
    return page("form.html", **choices(), submitted={}, alone=True)


@as_page
def once() -> Response:
    """The form for who would not keep the picture."""
    return page("form.html", **choices(), submitted={})


def form_sent() -> Response:
    """The form with its result below, embedded in the page: nothing is stored."""
    submitted: dict[str, str] = {}
    try:
        payload = unpack(request)
        submitted = _fields(payload)
        done = _process(payload, submitted)
    except (DarkroomError, HTTPException) as error:
        known = problems.known_error(error)
        g.code = known.code
        return page("form.html", known.status, **choices(), submitted=submitted, problem=known)
    return page("form.html", **choices(), submitted=submitted, result=_result(done))


def hint(known: Filter) -> str:
    """What the first value of a step is."""
    return (
        f"{known.parameters[0].description}: {known.parameters[0].expected}" if known.parameters else "takes no value"
    )


def choices() -> dict[str, Any]:
    """The choices of the form, from the registry and the formats."""
    service = here().service
    offered = filters().values() if service.only_presets is None else ()
    by_family = sorted(offered, key=lambda known: (known.family, known.name))
    families = {family: list(group) for family, group in groupby(by_family, key=lambda known: known.family)}
    written = [known.name for known in FORMATS.values() if known.writes]
    if service.only_presets is not None:
        written = [name for name in written if name in service.only_presets.formats]
    absent = {known.name: name for known in by_family if (name := missing_model(known))}
    return {"families": families, "written": written, "presets": service.parser.presets, "absent": absent}


def missing_model(known: Filter) -> str | None:
    """The default model of a vision step, if its weights are missing."""
    if known.task is None:
        return None
    name = here().service.models.find(known.task, None).name
    return name if here().service.models.state(name).state == "absent" else None


def _fields(payload: Payload) -> dict[str, str]:
    """The fields that were filled in; a typed pipeline takes precedence over a selected one."""
    fields = {str(name): value for place in payload.options for name, value in place.items() if value != ""}
    selected = fields.pop("step", None)
    return fields if selected is None or "pipeline" in fields else {**fields, "pipeline": selected}


def _process(payload: Payload, submitted: dict[str, str]) -> ProcessingResult:
    if other := next((name for name in ("outputs", "to") if name in submitted), None):
        raise UnknownOptionError(other, [])
    return run(msgspec.structs.replace(payload, options=[submitted]), {}, _displayable)


def _displayable(_: ProcessingOptions, output: OutputOptions, origin: Origin) -> Negotiated:
    """The requested format, else the source's own if browsers display it, else PNG."""
    usual = own_format(origin)
    format_ = output.format if output.format in FORMATS else usual if FORMATS[usual].in_browsers else "png"
    return Negotiated(str(format_), as_json=False)


def _result(done: ProcessingResult) -> dict[str, Any]:
    output = done.outputs[0]
    known = FORMATS[output.result.output.format]
    described = output_json(done, output)
    return {
        "url": f"data:{known.media_type};base64,{base64.b64encode(output.result.data).decode()}",
        "name": f"result.{known.extension}",
        "json": described,
        "findings": msgspec.json.format(to_json(described.findings), indent=2).decode() if described.findings else "",
    }


ROUTES = (
    Route("/", form_sent, "process", ("POST",), heavy=True, include_in_schema=False),
    Route("/once", once, "process", include_in_schema=False),
)

"""Results as HTTP responses: the picture itself, JSON about it, or several at once."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Response

from core.identity import etag, sha256
from functions.responses import several
from service.negotiation import JSON_TYPE, Package
from service.processing import OutputResult, ProcessingResult
from service.results import disposition_of, output_json, result_file, to_json

IGNORED = "X-Ignored-Options"
_URL_SAFE = "!$&'()*+,/:;=@~"


def respond(
    done: ProcessingResult, *, package: Package = "json", links: Mapping[str, str] | None = None, save_as: str = ""
) -> Response:
    """The response for a request. `save_as` is the name to save as, else the source's name is used.

    `links` are those of pictures that are stored, if several results are described in JSON.
    """
    if done.options.several:
        response = _several(done, package, links or {})
    elif done.stored:
        response = json_response(output_json(done, done.outputs[0]))
    else:
        response = _file(done, done.outputs[0], save_as)
    body = response.get_data()
    response.headers["ETag"] = etag([sha256(body)]) if links else done.etag(response.mimetype or "", body)
    if ignored := ", ".join(_ignored(done)):
        response.headers[IGNORED] = ignored
    return _created(done, response) if done.stored else response


def _several(done: ProcessingResult, package: Package, links: Mapping[str, str]) -> Response:
    if package == "json" or done.stored:
        return json_response(several.described(done, links))
    return several.mixed(done) if package == "mixed" else several.zipped(done)


def _ignored(done: ProcessingResult) -> list[str]:
    """The options that the negotiated formats lack; of several results with their names before them."""
    return [
        f"{output.result.output.name}.{name}" if done.options.several else name
        for output in done.outputs
        for name in output.ignored
    ]


def json_response(value: Any, status: int = 200) -> Response:
    """A JSON response; bytes become base64."""
    return Response(to_json(value), status, content_type=JSON_TYPE)


def _created(done: ProcessingResult, response: Response) -> Response:
    """Make it a 201, with the Location of the new object; several are listed in the body."""
    response.status_code = 201
    if len(done.stored) == 1:
        response.headers["Location"] = quote(str(next(iter(done.stored.values())).address), safe=_URL_SAFE)
    return response


def _file(done: ProcessingResult, output: OutputResult, save_as: str) -> Response:
    file = result_file(done, output)
    response = Response(file.data, content_type=file.media_type)
    disposition = disposition_of(done, output, file, save_as)
    if disposition:
        response.headers["Content-Disposition"] = disposition
    return response

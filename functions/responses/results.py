"""Results as HTTP responses: the picture itself, JSON about it, or several at once."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from flask import Response

from core.identity import sha256
from service.negotiation import JSON_TYPE, MIXED_TYPE
from service.processing import OutputResult, ProcessingResult
from service.results import Answers, ResultFile, disposition_of, output_json, result_file, to_json

_URL_SAFE = "!#$&'()*+,/:;=?@[]~"


def respond(done: ProcessingResult, *, mixed: bool, save_as: str = "") -> Response:
    """The response for a request. `save_as` is the name to save as, else the source's name is used."""
    if done.options.several:
        response = _mixed(done) if mixed and not done.stored else _json_of_all(done)
    elif done.stored:
        response = json_response(output_json(done, done.outputs[0]))
    else:
        response = _file(done, done.outputs[0], save_as)
    response.headers["ETag"] = done.etag(response.mimetype or "", response.get_data())
    return _created(done, response) if done.stored else response


def json_response(value: Any, status: int = 200) -> Response:
    """A JSON response; bytes become base64."""
    return Response(to_json(value), status, content_type=JSON_TYPE)


def _created(done: ProcessingResult, response: Response) -> Response:
    """Make it a 201, with the Location of the new object; several are listed in the body."""
    response.status_code = 201
    if len(done.stored) == 1:
        response.headers["Location"] = quote(str(next(iter(done.stored.values())).address), safe=_URL_SAFE)
    return response


def _json_of_all(done: ProcessingResult) -> Response:
    return json_response(
        Answers(outputs={output.result.output.name: output_json(done, output) for output in done.outputs})
    )


def _file(done: ProcessingResult, output: OutputResult, save_as: str) -> Response:
    file = result_file(done, output)
    response = Response(file.data, content_type=file.media_type)
    disposition = disposition_of(done, output, file, save_as)
    if disposition:
        response.headers["Content-Disposition"] = disposition
    return response


def _mixed(done: ProcessingResult) -> Response:
    """multipart/mixed (RFC 2046, §5.1.3): one part per result, named by Content-Disposition."""
    parts = [(output.result.output.name, result_file(done, output)) for output in done.outputs]
    documents = b"".join(file.data for _, file in parts if file.is_document)
    boundary = _boundary(done.etag(MIXED_TYPE, documents), [file.data for _, file in parts])
    body = b"".join(_part(name, file, boundary) for name, file in parts) + f"--{boundary}--\r\n".encode()
    response = Response(body)
    response.headers["Content-Type"] = f'{MIXED_TYPE}; boundary="{boundary}"'
    return response


def _boundary(identity: str, parts: Sequence[bytes]) -> str:
    """A boundary that follows from what the answer is, and is in none of its parts: the same answer, the same bytes."""
    boundary = sha256(f"boundary of {identity}".encode())[:32]
    while any(boundary.encode() in part for part in parts):
        boundary = sha256(boundary.encode())[:32]
    return boundary


def _part(name: str, file: ResultFile, boundary: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: {file.media_type}\r\n"
        f'Content-Disposition: inline; name="{name}"; filename="{name}{file.extension}"\r\n'
        f"Content-Length: {len(file.data)}\r\n\r\n"
    )
    return head.encode() + file.data + b"\r\n"

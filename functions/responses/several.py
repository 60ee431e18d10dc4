"""Several results in one response: JSON about each with links to the pictures, multipart/mixed, or a zip."""

import io
import zipfile
from collections.abc import Mapping, Sequence

from flask import Response

from core.codecs import FORMATS
from core.errors import DeadlineExceededError
from core.identity import sha256
from core.limits import Deadline
from functions.responses import oversize
from service.negotiation import MIXED_TYPE, ZIP_TYPE
from service.processing import EMBEDDED, OutputResult, ProcessingResult
from service.results import Answers, ResultFile, output_json, result_file
from service.service import Service
from storage.errors import StorageError

NOTE = (
    "The pictures are not part of this answer. Accept: multipart/mixed, or application/zip, returns them as files; "
    "include=image has them here in base64."
)


def linked(done: ProcessingResult, service: Service, deadline: Deadline) -> dict[str, str]:
    """Links to the pictures, by the names of their outputs; none if they cannot be stored in time, or no URL signed."""
    results = service.storage.results
    if results is None:
        return {}
    links: dict[str, str] = {}
    for output in _left_out(done):
        result = output.result
        try:
            media_type = FORMATS[result.output.format].media_type
            address = oversize.stored(service, results, result.data, media_type, deadline)
            links[result.output.name] = oversize.signed_link(service, address)
        except (StorageError, DeadlineExceededError):
            return {}
    return links


def described(done: ProcessingResult, links: Mapping[str, str]) -> Answers:
    """JSON about all results, with the link of each picture, or a note on how to get them."""
    answers = Answers(outputs={output.result.output.name: output_json(done, output) for output in done.outputs})
    for name, link in links.items():
        answers.outputs[name].link = link
    if links:
        answers.seconds = oversize.SECONDS
    elif _left_out(done):
        answers.note = NOTE
    return answers


def _left_out(done: ProcessingResult) -> list[OutputResult]:
    """Results that are pictures and neither embedded nor stored by their own `to`."""
    if not done.options.include.isdisjoint(EMBEDDED):
        return []
    return [output for output in done.outputs if output.described and output.result.output.name not in done.stored]


def mixed(done: ProcessingResult) -> Response:
    """multipart/mixed (RFC 2046, §5.1.3): one part per result, named by Content-Disposition."""
    parts = _files(done)
    documents = b"".join(file.data for _, file in parts if file.is_document)
    boundary = _boundary(done.etag(MIXED_TYPE, documents), [file.data for _, file in parts])
    body = b"".join(_part(name, file, boundary) for name, file in parts) + f"--{boundary}--\r\n".encode()
    response = Response(body)
    response.headers["Content-Type"] = f'{MIXED_TYPE}; boundary="{boundary}"'
    return response


def zipped(done: ProcessingResult) -> Response:
    """A zip with one file per result. It is not compressed, since pictures are; the same results, the same bytes."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, file in _files(done):
            archive.writestr(zipfile.ZipInfo(f"{name}{file.extension}"), file.data)
    response = Response(body.getvalue(), content_type=ZIP_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="results.zip"'
    return response


def _files(done: ProcessingResult) -> list[tuple[str, ResultFile]]:
    return [(output.result.output.name, result_file(done, output)) for output in done.outputs]


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

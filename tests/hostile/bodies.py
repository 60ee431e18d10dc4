"""Request bodies that would cost more than their bytes deserve: forms and JSON, and how bodies are sent.

Each function makes one of about so many bytes.
"""

import base64
import json
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tests.hostile.containers import second_pictures
from tests.hostile.pictures import filled

SMALL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
"""A sound PNG of one pixel."""
BOUNDARY = b"b"


class Sent(NamedTuple):
    """A request. `unpacked` is the length of its body as it is read; `pieces`: it is sent in chunks of that length."""

    path: str
    body: bytes
    content_type: str = "application/octet-stream"
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"
    unpacked: int = 0
    pieces: int = 0

    @property
    def mebibytes(self) -> float:
        return max(len(self.body), self.unpacked) / 1024**2


Body = Callable[[int], Sent]
BODIES: dict[str, Body] = {}


def body(make: Body) -> Body:
    """Register a family under its name, with hyphens."""
    BODIES[make.__name__.replace("_", "-")] = make
    return make


# --- doors: how a picture is sent ---

PROCESS = "/v1/process"
_MARK = "watermark:mark"


def part(name: str, data: bytes, more: str = "") -> bytes:
    return b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
        BOUNDARY, name.encode(), more.encode(), data,
    )  # fmt: skip


def file_part(name: str, data: bytes) -> bytes:
    return part(name, data, '; filename="a"')


def form(*parts: bytes, path: str = "/upload") -> Sent:
    data = b"".join((*parts, b"--", BOUNDARY, b"--\r\n"))
    return Sent(path, data, f"multipart/form-data; boundary={BOUNDARY.decode()}")


def as_json(text: bytes | str, path: str = PROCESS) -> Sent:
    return Sent(path, text.encode() if isinstance(text, str) else text, "application/json")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def by_form(data: bytes) -> Sent:
    return form(file_part("file", data))


def raw(data: bytes) -> Sent:
    return Sent(f"{PROCESS}?pipeline=grayscale&format=png", data)


def by_json(data: bytes) -> Sent:
    return as_json(json.dumps({"image": encoded(data), "pipeline": "grayscale", "format": "png"}))


def second_in_a_form(data: bytes) -> Sent:
    return form(file_part("file", SMALL), file_part("mark", data), part("pipeline", _MARK.encode()))


def second_in_json(data: bytes) -> Sent:
    return as_json(json.dumps({"image": encoded(SMALL), "pictures": {"mark": encoded(data)}, "pipeline": _MARK}))


def to_a_network(data: bytes) -> Sent:
    headers = (("Inference-Header-Content-Length", "0"),)
    return Sent("/v2/models/shapes/infer", data, headers=headers)


def kept(data: bytes) -> Sent:
    return form(file_part("file", data), path="/v1/images")


DOORS: dict[str, Callable[[bytes], Sent]] = {
    "form": by_form,
    "raw": raw,
    "json": by_json,
    "second-form": second_in_a_form,
    "second-json": second_in_json,
    "network": to_a_network,
    "images": kept,
}


# --- forms ---


def _form_of(data: bytes) -> Sent:
    return Sent("/upload", data, f"multipart/form-data; boundary={BOUNDARY.decode()}")


def _form_of_parts(repeated: bytes, size: int) -> Sent:
    return _form_of(filled(repeated, size) + b"\r\n\r\n--b")


_REPEATED = {
    "boundaries": b"--b\r\n",
    "boundaries-in-a-line": b"--b",
    "boundaries-with-a-header": b"--b\r\na:b\r\n",
    "boundaries-with-headers": b"--b\r\n" + b"a:b\r\n" * 40,
    "boundaries-after-empty-lines": b"\r\n\r\n--b",
    "boundaries-before-empty-lines": b"--b\r\n\r\n",
    "false-boundaries": b"\r\n--c",
    "false-ends": b"\r\n--b-",
    "line-ends": b"\r\n",
    "carriage-returns": b"\r",
    "dashes": b"-",
}  # fmt: skip
BODIES.update({f"form-{name}": partial(_form_of_parts, repeated) for name, repeated in _REPEATED.items()})


@body
def form_one_header(size: int) -> Sent:
    return _form_of(b"--b\r\n" + filled(b"a", size))


@body
def form_headers(size: int) -> Sent:
    return _form_of(b"--b\r\n" + filled(b"a: b\r\n", size))


@body
def form_long_headers(size: int) -> Sent:
    header = b"Content-Disposition: form-data; name=x" + filled(b"; a=b", 16_000) + b"\r\n"
    one = b"--b\r\n" + header + b"\r\n\r\n"
    return _form_of(one * min(200, max(1, size // len(one))) + b"--b--")


@body
def form_parts(size: int) -> Sent:
    return form(*[part("a", b"x" * (size // 190))] * 190, path=PROCESS)


@body
def form_a_list_of_spaces(size: int) -> Sent:
    return form(file_part("file", SMALL), part("include", filled(b" ", size)))


@body
def form_a_long_number(size: int) -> Sent:
    return form(file_part("file", SMALL), part("quality", filled(b"9", size)))


@body
def form_a_long_pipeline(size: int) -> Sent:
    return form(file_part("file", SMALL), part("pipeline", filled(b"blur/", min(size, 90_000))))


@body
def form_a_long_step(size: int) -> Sent:
    return form(file_part("file", SMALL), part("pipeline", b"resize:" + filled(b"1,", min(size, 90_000))))


@body
def form_a_long_escape(size: int) -> Sent:
    return form(file_part("file", SMALL), part("pipeline", b"text:" + filled(b"%41", min(size, 90_000))))


@body
def form_a_long_name_of_a_step(size: int) -> Sent:
    return form(file_part("file", SMALL), part("pipeline", filled(b"a", min(size, 90_000))))


@body
def form_second_pictures(size: int) -> Sent:
    files = [file_part(f"p{n}", data) for n, data in enumerate(second_pictures(size))]
    outputs = [
        {"name": f"o{k}", "pipeline": "/".join(f"watermark:p{n}" for n in range(k * 12, k * 12 + 12))}
        for k in range(15)
    ]
    request = json.dumps({"outputs": outputs}).encode()
    return form(file_part("file", SMALL), *files, part("request", request), path=PROCESS)


# --- JSON ---


@body
def json_pictures(size: int) -> Sent:
    pictures = ",".join([f'"{n:08}":""' for n in range(size // 14)])
    return as_json(f'{{"image": "{encoded(SMALL)}", "pictures": {{{pictures}}}}}')


@body
def json_outputs(size: int) -> Sent:
    return as_json(b'{"image": "UElD", "outputs": [' + filled(b'{"name":"a"},', size) + b"{}]}")


@body
def json_lists(size: int) -> Sent:
    return as_json(b'{"image": ' + filled(b"[", size))


@body
def json_objects(size: int) -> Sent:
    return as_json(filled(b'{"a":', size))


@body
def json_empty_lists(size: int) -> Sent:
    return as_json(b'{"include": [' + filled(b"[],", size) + b"[]]}")


@body
def json_texts(size: int) -> Sent:
    return as_json(b'{"include": [' + filled(b'"",', size) + b'""]}')


@body
def json_texts_of_commas(size: int) -> Sent:
    return as_json(b'{"image": "' + filled(b",", size) + b'"}')


@body
def json_escapes(size: int) -> Sent:
    return as_json(b'{"image": "' + filled(b'\\"', size) + b'"}')


@body
def json_backslashes(size: int) -> Sent:
    return as_json(b'{"include": [' + filled(b'"\\\\",', size) + b'""]}')


@body
def json_escaped_characters(size: int) -> Sent:
    return as_json(b'{"image": "' + filled(b"\\u0041", size) + b'"}')


@body
def json_numbers(size: int) -> Sent:
    return as_json(b'{"quality": [' + filled(b"1,", size) + b"1]}")


@body
def json_a_long_number(size: int) -> Sent:
    return as_json(b'{"quality": ' + filled(b"9", size) + b"}")


@body
def json_a_long_fraction(size: int) -> Sent:
    return as_json(b'{"quality": 1.' + filled(b"9", size) + b"e-5}")


@body
def json_spaces(size: int) -> Sent:
    return as_json(filled(b" ", size) + b"{}")


@body
def json_spaced_base64(size: int) -> Sent:
    return as_json(b'{"image": "' + filled(b"A ", size) + b'"}')


@body
def json_quotation_marks(size: int) -> Sent:
    return as_json(filled(b'"', size))


@body
def json_members_of_one_name(size: int) -> Sent:
    return as_json(b"{" + filled(b'"image":"",', size) + b'"a":1}')


@body
def json_data_urls(size: int) -> Sent:
    return as_json(b'{"image": "data:' + filled(b"data:", size) + b';base64,UElD"}')


@body
def json_base64_of_base64(size: int) -> Sent:
    return as_json(json.dumps({"image": encoded(encoded(bytes(size // 2)).encode())}))


@body
def json_long_pipelines(size: int) -> Sent:
    each = min(size // 16, 90_000)
    outputs = [{"name": f"o{n}", "pipeline": "text:" + "%41" * (each // 3)} for n in range(16)]
    return as_json(json.dumps({"image": encoded(SMALL), "outputs": outputs}))


@body
def json_pipelines_of_commas(size: int) -> Sent:
    each = min(size // 16, 90_000)
    outputs = [{"name": f"o{n}", "pipeline": "resize:" + "," * each} for n in range(16)]
    return as_json(json.dumps({"image": encoded(SMALL), "outputs": outputs}))


@body
def json_second_pictures(size: int) -> Sent:
    pictures = {f"p{n}": encoded(data) for n, data in enumerate(second_pictures(size * 3 // 4))}
    outputs = [
        {"name": f"o{k}", "pipeline": "/".join(f"watermark:p{n}" for n in range(k * 12, k * 12 + 12))}
        for k in range(15)
    ]
    return as_json(json.dumps({"image": encoded(SMALL), "pictures": pictures, "outputs": outputs}))


# --- framing ---


@body
def chunks_of_a_byte(size: int) -> Sent:
    return raw(bytes(min(size, 2_000_000)))._replace(pieces=1)


@body
def chunks_of_a_kibibyte(size: int) -> Sent:
    return raw(filled(SMALL, size))._replace(pieces=1024)


@body
def signed_upload_request(size: int) -> Sent:
    return as_json(b'{"filename": "' + filled(b"a", size) + b'"}', "/v1/uploads")


@body
def model_index(size: int) -> Sent:
    return as_json(b"{" + filled(b'"a":[],', size) + b'"a":1}', "/v2/repository/index")


def chunked(data: bytes, pieces: int) -> bytes:
    """A body in chunks of so many bytes (RFC 9112, 7.1)."""
    whole, rest = divmod(len(data), pieces)
    if pieces == 1 and not any(data):
        return b"1\r\n\0\r\n" * whole + b"0\r\n\r\n"
    cut = (data[at : at + pieces] for at in range(0, len(data) if rest else whole * pieces, pieces))
    return b"".join((*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in cut), b"0\r\n\r\n"))

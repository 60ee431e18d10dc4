"""Bodies: forms, JSON and raw pictures; what the contract suite does not reach."""

import base64
import gc
import io
import json
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from core.errors import DarkroomError
from functions.errors import BadBase64Error, BadBodyError
from functions.requests.body import base64_bytes, chunks, json_object, query_options, unpack
from service.errors import ConflictingOptionError, NoMemoryError
from service.payload import Payload
from tests.costs import yardsticks

LIMIT = 1000
PLAIN_FORM = "multipart/form-data; boundary=b"


class Limited(Request):
    max_content_length = LIMIT + 1


def request(
    body: bytes, kind: str = "", query: str = "", *, chunked: bool = False, length: int | None = None
) -> Request:
    environ = EnvironBuilder(method="POST", input_stream=io.BytesIO(body), content_type=kind).get_environ()
    environ["QUERY_STRING"] = query
    environ["wsgi.input_terminated"] = True
    if not chunked:
        environ["CONTENT_LENGTH"] = str(len(body) if length is None else length)
    return Limited(environ)


def form(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> Request:
    body = (
        b"".join(b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (h.encode(), d) for h, d in parts) + end
    )
    return request(body, "multipart/form-data; boundary=b")


FILE = ('name="file"; filename="C:\\\\pics\\\\a.jpg"', b"PIC\r\n--x")


@pytest.mark.parametrize("second", [b'{"format": "png"}', b"no JSON", b"[" * 50])
def test_only_one_request_part_is_decoded(second: bytes) -> None:
    fields = [('name="request"', second)] * 198
    with pytest.raises(ConflictingOptionError, match="request"):
        unpack(Endless(form(FILE, ('name="request"', b'{"format": "png"}'), *fields).environ))


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(
    ("size", "refused"), [(LIMIT, False), (LIMIT + 1, True), (LIMIT + 2, True), (LIMIT * 99, True)]
)
def test_the_limit_is_exact(size: int, refused: bool, chunked: bool) -> None:
    body = bytes(size)
    asked = request(body, chunked=chunked)
    if refused:
        with pytest.raises(RequestEntityTooLarge):
            b"".join(chunks(asked))
    else:
        assert b"".join(chunks(asked)) == body


def test_a_body_that_ends_early() -> None:
    with pytest.raises(BadBodyError, match="shorter"):
        unpack(request(b"abc", length=9))


def test_a_form() -> None:
    payload = unpack(
        form(
            FILE,
            ('name="mask"; filename="m.png"', b"MASK"),
            ('name="unused"; filename=""', b""),
            ('name="quality"', b"7"),
            ('name="request"; filename="r.json"', b'{"format": "png"}'),
        )
    )
    assert payload == Payload(b"PIC\r\n--x", "a.jpg", {"mask": b"MASK"}, [{}, {"quality": "7"}, {"format": "png"}])


TOO_LARGE = {"too-many-parts"}
"""What is refused with a 413; all else is a bad body."""
BROKEN: list[tuple[str, Request]] = [
    ("no-name", form(("filename=x", b"a"))),
    ("no-disposition", request(b"--b\r\nX: y\r\n\r\na\r\n--b--\r\n", "multipart/form-data; boundary=b")),
    ("header-not-utf8", request(b"--b\r\nContent-Type: \xff\r\n\r\na\r\n--b--", "multipart/form-data; boundary=b")),
    ("no-end", form(FILE, end=b"")),
    ("false-end", form(FILE, end=b"--bb--\r\n")),
    ("too-many-parts", form(*[("name=x", b"")] * 30, ("name=y", b""))),
    ("empty", request(b"", "multipart/form-data; boundary=b")),
    ("long-boundary", request(b"x", "multipart/form-data; boundary=" + "b" * 500)),
    ("request-is-a-list", form(FILE, ('name="request"', b"[]"))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "asked"), BROKEN, ids=[name for name, _ in BROKEN])
def test_broken_forms(name: str, asked: Request) -> None:
    with pytest.raises(RequestEntityTooLarge if name in TOO_LARGE else BadBodyError):
        unpack(asked)


class Endless(Limited):
    max_content_length = 50_000_001


@pytest.mark.parametrize("filler", [b"A: b\r\n", b"\n ", b"x"], ids=["headers", "continued", "one-line"])
@pytest.mark.parametrize("start", [b"--b\r\n", b""], ids=["part", "preamble"])
def test_headers_without_an_end(start: bytes, filler: bytes) -> None:
    body = start + filler * (4_000_000 // len(filler))
    environ = request(body, "multipart/form-data; boundary=b").environ
    with pytest.raises(BadBodyError):
        unpack(Endless(environ))


def test_too_many_parts() -> None:
    body = b"".join(b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' for _ in range(201)) + b"--b--\r\n"
    with pytest.raises(BadBodyError, match="200 parts"):
        unpack(Endless(request(body, "multipart/form-data; boundary=b").environ))


def test_the_same_field_twice() -> None:
    assert unpack(form(FILE, ("name=a", b"1"), ("name=a", b"1"))).options[1] == {"a": "1"}
    with pytest.raises(ConflictingOptionError):
        unpack(form(FILE, ("name=a", b"1"), ("name=a", b"2")))
    with pytest.raises(ConflictingOptionError):
        unpack(form(FILE, FILE))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        (b"", {}),
        (b"pipeline=a%2Fb&format=", {"pipeline": "a/b", "format": ""}),
        (b"pipeline=text:a%252Fb", {"pipeline": "text:a%2Fb"}),
        (b"keep=exif+icc", {"keep": "exif icc"}),
        ("pipeline=text:é".encode(), {"pipeline": "text:é"}),
        (b"a=1&a=1", {"a": "1"}),
        (b"keep=exif&keep=icc", {"keep": "exif+icc"}),
        (b"a", {"a": ""}),
    ],
)
def test_queries_are_decoded_once(query: bytes, options: dict[str, str]) -> None:
    assert query_options(query) == options


@pytest.mark.parametrize("query", [b"a=%FF", b"%C3=1", b"a=\xff", b"a=1&a=2", b"&".join([b"a=1"] * 201)])
def test_queries_that_are_refused(query: bytes) -> None:
    with pytest.raises(DarkroomError) as caught:
        query_options(query)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "data",
    [b"", b"[1]", b"3", b"null", b'"x"', b"{", b"{}x", b'{"a": NaN}', b"\xef\xbb\xbf{}", b'{"a": "\xff"}', b"{}{}",
     b"[" * 5000, b'{"a":' * 5000, b'{"a": ' + b"9" * 9000 + b"]"],
)  # fmt: skip
def test_what_is_no_json_object(data: bytes) -> None:
    with pytest.raises(BadBodyError):
        json_object(data, "The body")


@pytest.mark.parametrize("text", ["UElD", "UE\nlD\r\n", "data:image/png;base64,UElD", "data:;base64,UElD"])
def test_base64(text: str) -> None:
    assert base64_bytes(text, "image") == b"PIC"


@pytest.mark.parametrize(
    "text", ["UElDA", "UE*D", "data:image/png,PIC", "data:image/png;base64", "é", "\0", None, 3, []]
)
def test_what_is_no_base64(text: Any) -> None:
    with pytest.raises(BadBase64Error):
        base64_bytes(text, "image")


def test_json_pictures() -> None:
    body = b'{"image": "UElD", "pictures": {"logo": "UElD"}, "quality": 7}'
    payload = unpack(request(body, "application/json; charset=latin-1", "format=png"))
    assert payload == Payload(b"PIC", "", {"logo": b"PIC"}, [{"format": "png"}, {"quality": 7}])
    with pytest.raises(BadBodyError, match="pictures"):
        unpack(request(b'{"image": "UElD", "pictures": []}', "application/json"))
    assert base64.b64decode("UElD") == b"PIC"


@pytest.mark.parametrize("number", range(3))
def test_an_empty_field_may_end_with_its_headers(number: int) -> None:
    """As Werkzeug's own encoder writes it: no line for a body that is not there."""
    parts = [b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (FILE[0].encode(), FILE[1])]
    parts += [b'--b\r\nContent-Disposition: form-data; name="format"\r\n\r\nwebp\r\n']
    parts.insert(number, b'--b\r\nContent-Disposition: form-data; name="pipeline"\r\n\r\n')
    payload = unpack(request(b"".join(parts) + b"--b--\r\n", "multipart/form-data; boundary=b"))
    assert (payload.picture, payload.options[1]) == (FILE[1], {"format": "webp", "pipeline": ""})


@pytest.mark.parametrize(
    "part", [b"--b\r\n", b"--b\r\na:b\r\n", b"--b\r\n" + b"a:b\r\n" * 40, b"\r\n\r\n--b", b"--b\r\n\r\n"]
)
def test_no_form_takes_its_reader_long(part: bytes) -> None:
    body = part * (1_000_000 // len(part)) + b"\r\n\r\n--b"

    def reads() -> None:
        with suppress(BadBodyError):
            unpack(Endless(request(body, "multipart/form-data; boundary=b").environ))

    assert yardsticks(reads) < 25, "it grows with the number of boundaries"


def test_the_headers_of_all_parts_are_bounded() -> None:
    long = 'name="x"' + "; a=b" * 3000
    parts = [b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n\r\n" % long.encode() for _ in range(20)]
    with pytest.raises(BadBodyError, match="headers"):
        unpack(Endless(request(b"".join(parts) + b"--b--\r\n", "multipart/form-data; boundary=b").environ))


def test_the_boundary_within_a_part_and_a_preamble_change_nothing() -> None:
    picture = b"PIC--b\r\n\r\n--bb" + b"--b" * 500
    body = b"preamble\r\n--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n--b--\r\n"
    asked = Endless(request(body % (FILE[0].encode(), picture.replace(b"\r\n--b", b"")), PLAIN_FORM).environ)
    assert unpack(asked).picture == picture.replace(b"\r\n--b", b"")


def test_json_of_many_members_is_refused_before_it_is_decoded() -> None:
    body = json.dumps({"image": "UElD", "pictures": {f"p{n}": "UElD" for n in range(1200)}}).encode()
    with pytest.raises(BadBodyError, match="1000 members"):
        unpack(Endless(request(body, "application/json").environ))


def test_a_form_that_cannot_be_read_is_not_kept() -> None:
    """The parser keeps its error, whose traceback keeps the parser and all its bytes."""
    body = b"--b\r\n" + bytes(2_000_000)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(5):
            with suppress(BadBodyError):
                unpack(Endless(request(body, PLAIN_FORM).environ))
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()
        gc.enable()


class Crumbs(io.RawIOBase):
    """A stream whose every byte costs its reader, as a body in chunks of a byte does."""

    def __init__(self, costly: bool) -> None:
        self.costly = costly

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        ends = time.thread_time() + 0.2 * self.costly
        while time.thread_time() < ends:
            pass
        return len(buffer)


@pytest.mark.parametrize("costly", [True, False])
def test_a_body_that_is_dear_to_read_is_refused(costly: bool) -> None:
    """Beside what a large one is refused for."""
    environ = {**request(b"", "image/png", chunked=True).environ, "wsgi.input": Crumbs(costly)}
    with pytest.raises(BadBodyError if costly else RequestEntityTooLarge):
        unpack(Endless(environ))


class Broken(io.RawIOBase):
    """A stream whose sender has gone, as gunicorn tells of chunks that end early."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ARG002
        raise ConnectionResetError


def test_a_sender_that_has_gone_is_told_of_the_body() -> None:
    environ = {**request(b"", "image/png", chunked=True).environ, "wsgi.input": Broken()}
    with pytest.raises(BadBodyError, match="before the body's end"):
        unpack(Endless(environ))


def test_a_refusal_in_the_middle_stays_what_it_is() -> None:
    """Memory for a body is reserved as it comes; that there is none is no fault of the body."""

    class Refused:
        first = b"0123456789"

        def read(self, size: int) -> bytes:
            if not self.first:
                raise NoMemoryError(3)
            found, self.first = self.first[:size], b""
            return found

    environ = {**EnvironBuilder(method="POST").get_environ(), "CONTENT_LENGTH": "100", "wsgi.input": Refused()}
    request = Request(environ)
    request.max_content_length = 1000
    with pytest.raises(NoMemoryError):
        list(chunks(request))

"""Bodies as clients build them, and what their authors expect of the answer."""

import base64
import http.client
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from core.codecs import sniff
from tests.functions.real_clients import BOUNDARY
from tests.functions.support import picture

PNG, JPEG = picture("png"), picture("jpg")
WIDE = picture("png", 3, 16384, 4)


class Body(msgspec.Struct, frozen=True):
    """The body of a request and its headers."""

    data: bytes = b""
    headers: dict[str, str] = {}


def part(
    head: str | bytes = 'name="file"; filename="photo.png"',
    data: bytes = PNG,
    kind: str = "Content-Type: image/png\r\n",
    field: str = "Content-Disposition",
) -> bytes:
    """One part of a form."""
    told = head.encode() if isinstance(head, str) else head
    return field.encode() + b": form-data; " + told + b"\r\n" + kind.encode() + b"\r\n" + data


def text(name: str, value: str) -> bytes:
    """A plain field of a form."""
    return part(f'name="{name}"', value.encode(), "")


def form(*parts: bytes, boundary: str = BOUNDARY, quoted: bool = False) -> Body:
    """A form."""
    mark = f"--{boundary}".encode()
    data = b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts or (part(),)) + mark + b"--\r\n"
    kind = f'multipart/form-data; boundary="{boundary}"' if quoted else f"multipart/form-data; boundary={boundary}"
    return Body(data, {"Content-Type": kind})


def raw(kind: str = "image/png", data: bytes = PNG) -> Body:
    """The picture itself."""
    return Body(data, {"Content-Type": kind} if kind else {})


def in_json(kind: str = "application/json", **members: object) -> Body:
    """The picture in JSON."""
    image = base64.b64encode(PNG).decode()
    return Body(json.dumps({"image": image, **members}).encode(), {"Content-Type": kind})


def in_chunks(body: Body) -> Body:
    """The same body in chunks, as streams are sent."""
    size = 1000
    pieces = [body.data[at : at + size] for at in range(0, len(body.data), size)]
    data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return Body(data, {**body.headers, "Transfer-Encoding": "chunked"})


SEVERAL = {"outputs": [{"name": "small", "pipeline": "resize:32"}, {"name": "grey", "pipeline": "grey"}]}
SEVERAL_FORM = form(part(), text("request", json.dumps(SEVERAL)))


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Check = Callable[[Answer], None]


def makes(name: str, **headers: str) -> Check:
    """A picture in this format."""

    def check(answer: Answer) -> None:
        assert (answer.status, answer.kind) == (200, f"image/{name}"), answer.body[:300]
        assert sniff(answer.body) == name
        for header, value in headers.items():
            assert answer.headers[header.replace("_", "-")] == value

    return check


def tells(path: str = "", expected: object = None, status: int = 200) -> Check:
    """JSON, with this value at a path of members."""

    def check(answer: Answer) -> None:
        assert (answer.status, answer.kind) == (status, "application/json"), answer.body[:300]
        found: Any = answer.json()
        for name in path.split(".") if path else ():
            found = found[int(name) if isinstance(found, list) else name]
        assert expected is None or found == expected

    return check


def refuses(status: int, code: str, *words: str) -> Check:
    """A problem document."""

    def check(answer: Answer) -> None:
        assert (answer.status, answer.kind) == (status, "application/problem+json"), answer.body[:300]
        assert answer.json()["code"] == code
        for word in words:
            assert word in answer.json()["detail"]

    return check


def readable(check: Check, origin: str = "http://localhost:5173") -> Check:
    """The same, and the page at this origin may read it."""

    def both(answer: Answer) -> None:
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        check(answer)

    return both


def zips(answer: Answer) -> None:
    assert answer.kind == "application/zip", answer.body[:300]
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert {name: sniff(archive.read(name)) for name in archive.namelist()} == {
            "small.png": "png",
            "grey.png": "png",
        }


def links(answer: Answer) -> None:
    tells("seconds", 900)(answer)
    assert all(entry["link"].startswith("/v1/uploads/") for entry in answer.json()["outputs"].values())


def embeds(answer: Answer) -> None:
    tells()(answer)
    assert answer.json()["data_url"].startswith("data:image/png;base64,iVBOR")


def preflight(answer: Answer) -> None:
    assert answer.status == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]

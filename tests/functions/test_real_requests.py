"""Requests as clients really send them, byte for byte over a socket, and what their authors expect."""

import base64
import http.client
import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.functions.real_bodies import (
    JPEG,
    PNG,
    SEVERAL_FORM,
    WIDE,
    Answer,
    Body,
    Check,
    embeds,
    form,
    in_chunks,
    in_json,
    links,
    makes,
    part,
    preflight,
    raw,
    readable,
    refuses,
    tells,
    text,
    zips,
)
from tests.functions.real_clients import (
    AIOHTTP,
    AXIOS,
    CURL,
    DART,
    DOTNET,
    FORM_SENT,
    GO,
    HTTPIE,
    HTTPIE_JSON,
    IMG_CHROMIUM,
    IMG_FIREFOX,
    IMG_SAFARI,
    INSOMNIA,
    JAVA,
    JAVA_OLD,
    JQUERY,
    NEIGHBOUR,
    NODE_FETCH,
    OKHTTP,
    PAGE_FETCH,
    PHP,
    POSTMAN,
    POWERSHELL,
    REQUESTS,
    RUBY,
    RUST,
    SWIFT,
    URLLIB,
    WGET,
)
from tests.functions.support import BIN, served
from tests.waiting import PATIENCE


class Case(msgspec.Struct, frozen=True):
    """A request and what its author expects."""

    client: dict[str, str]
    query: str
    body: Body
    expected: Check
    path: str = "/v1/process"
    method: str = "POST"
    more: dict[str, str] = {}


CASES: dict[str, Case] = {
    # forms
    "axios-form": Case(AXIOS, "pipeline=sepia", form(), makes("png")),
    "axios-form-data-of-node": Case(
        AXIOS, "pipeline=sepia", form(boundary="--------------------------079432168529472849"), makes("png")
    ),
    "axios-json": Case(AXIOS, "", in_json(pipeline="sepia"), makes("png")),
    "axios-raw": Case(AXIOS, "pipeline=blur", raw("application/x-www-form-urlencoded"), makes("png")),
    "axios-detects": Case(AXIOS, "pipeline=detect", form(), tells("pipeline", "detect")),
    "axios-asks-for-json": Case(AXIOS, "pipeline=sepia&format=json", form(), tells("output.format", "png")),
    "fetch-of-node-form": Case(NODE_FETCH, "pipeline=sepia&format=jpg", form(), makes("jpeg")),
    "fetch-of-node-stream": Case(NODE_FETCH, "pipeline=sepia", in_chunks(raw("")), makes("png")),
    "fetch-of-a-page-blob": Case(PAGE_FETCH, "pipeline=sepia", raw(), makes("png")),
    "fetch-of-a-page-form": Case(
        PAGE_FETCH, "", form(part('name="file"; filename="blob"'), text("pipeline", "bw")), makes("png")
    ),
    "fetch-of-a-page-data-url": Case(
        PAGE_FETCH, "", in_json(image="data:image/png;base64," + base64.b64encode(PNG).decode(), pipeline="sepia"),
        makes("png"),
    ),
    "fetch-for-an-img": Case(PAGE_FETCH, "pipeline=sepia&format=json&include=data_url", raw(), embeds),
    "requests-files": Case(
        REQUESTS, "pipeline=resize:300x200", form(part(kind=""), boundary="1f2c55a9ce3f4f7b8f1f3b2a4f9d6c11"),
        makes("png"),
    ),
    "requests-files-and-data": Case(
        REQUESTS, "", form(text("pipeline", "thumbnail"), text("format", "image/webp"), part(kind="")), makes("webp")
    ),
    "requests-json": Case(REQUESTS, "", in_json(pipeline=[{"filter": "grayscale"}], format="tif"), makes("tiff")),
    "requests-data": Case(REQUESTS, "pipeline=sepia", raw(""), makes("png")),
    "requests-params-percent": Case(REQUESTS, "pipeline=crop%3A50%25%2C50%25", raw(""), makes("png")),
    "requests-non-ascii-name": Case(
        REQUESTS, "", form(part("name=\"file\"; filename*=utf-8''%C3%A4%20b.png", kind="")),
        makes("png", Content_Disposition="inline; filename=\"_ b.png\"; filename*=UTF-8''%C3%A4%20b.png"),
    ),
    "aiohttp-form": Case(
        AIOHTTP, "pipeline=sepia", form(part(kind="Content-Type: application/octet-stream\r\n"), quoted=True),
        makes("png"),
    ),
    "aiohttp-stream": Case(AIOHTTP, "pipeline=sepia", in_chunks(raw("application/octet-stream")), makes("png")),
    "urllib": Case(URLLIB, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("png")),
    "httpie-form": Case(
        HTTPIE, "", form(text("pipeline", "sepia"), part(), boundary="e3b0c44298fc1c149afbf4c8996fb924"), makes("png")
    ),
    "httpie-json": Case(HTTPIE_JSON, "", in_json(pipeline="sepia"), tells("output.width", 96)),
    "httpie-json-format": Case(HTTPIE_JSON, "", in_json(pipeline="sepia", format="jpg"), makes("jpeg")),
    "httpie-raw": Case(HTTPIE, "pipeline=sepia", raw(), makes("png")),
    "curl-F": Case(CURL, "", form(boundary="------------------------d74496d66958873e"), makes("jpeg"), "/upload"),
    "curl-F-image": Case(CURL, "pipeline=sepia", form(part('name="image"; filename="a.png"')), makes("png")),
    "curl-data-binary": Case(CURL, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("png")),
    "curl-data-binary-expects": Case(
        CURL, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("png"), more={"Expect": "100-continue"}
    ),
    "curl-T": Case(CURL, "pipeline=sepia", raw(""), refuses(405, "method_not_allowed"), method="PUT"),
    "curl-colour-with-hash": Case(CURL, "pipeline=pad:10,background=%23ff8800", raw(""), makes("png")),
    "curl-colour-rgb": Case(CURL, "pipeline=pad:10,background=rgb(255,136,0)", raw(""), makes("png")),
    "curl-colour-name": Case(CURL, "pipeline=border:5%,orange", raw(""), makes("png")),
    "curl-size-alone": Case(CURL, "pipeline=48x32/sepia&format=json", raw(""), tells("pipeline", "resize:48,32/sepia")),
    "curl-1.0": Case(CURL, "pipeline=sepia", raw(""), makes("png"), more={"": "HTTP/1.0"}),
    "curl-zip": Case({**CURL, "Accept": "application/zip"}, "", SEVERAL_FORM, zips),
    "curl-several": Case(CURL, "", SEVERAL_FORM, links),
    "curl-url": Case(CURL, "url=https://a.example/b.jpg", raw(""), refuses(400, "unknown_option", '"source"')),
    "wget-post-file": Case(WGET, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("png")),
    "postman-form": Case(
        POSTMAN, "pipeline=grey", form(boundary="--------------------------504032654411024613520287"), makes("png")
    ),
    "postman-binary": Case(POSTMAN, "pipeline=sepia", raw(), makes("png")),
    "postman-json": Case(POSTMAN, "", in_json("application/json; charset=utf-8", pipeline="sepia"), makes("png")),
    "insomnia-form": Case(
        INSOMNIA, "", form(part(), text("pipeline", "sepia"), boundary="X-INSOMNIA-BOUNDARY"), makes("png")
    ),
    "okhttp-form": Case(
        OKHTTP, "pipeline=sepia",
        form(part(kind=f"Content-Type: image/png\r\nContent-Length: {len(PNG)}\r\n"), quoted=False), makes("png"),
    ),
    "okhttp-raw": Case(OKHTTP, "pipeline=sepia", raw("image/png; charset=utf-8"), makes("png")),
    "java-upgrades": Case(JAVA, "pipeline=sepia", raw("application/octet-stream"), makes("png")),
    "java-old": Case(JAVA_OLD, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("jpeg")),
    "go-form": Case(
        GO, "pipeline=sepia", in_chunks(form(part(kind="Content-Type: application/octet-stream\r\n"))), makes("png")
    ),
    "dotnet-form": Case(
        DOTNET, "pipeline=sepia",
        form(
            part("name=file; filename=a.png; filename*=utf-8''a.png"),
            boundary="f3f2e1d0-c9b8-4a7a-9b6c-5d4e3f2a1b0c", quoted=True,
        ),
        makes("png"),
    ),
    "ruby-raw": Case(RUBY, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("png")),
    "php-form": Case(
        PHP, "pipeline=sepia", form(part(kind=f"Content-Length: {len(PNG)}\r\nContent-Type: image/png\r\n")),
        makes("png"), more={"Expect": "100-Continue"},
    ),
    "rust-raw": Case(RUST, "pipeline=sepia&format=JPG", raw(""), makes("jpeg")),
    "dart-form": Case(
        DART, "pipeline=sepia",
        form(part(kind="content-type: application/octet-stream\r\n", field="content-disposition"),
             boundary="dart-http-boundary-yFIcYUzZoEIf5T_0"),
        makes("png"),
    ),
    "swift-jpeg": Case(SWIFT, "pipeline=sepia", raw("image/jpeg", JPEG), makes("jpeg")),
    "powershell-infile": Case(POWERSHELL, "pipeline=sepia", raw("application/x-www-form-urlencoded"), makes("png")),
    "jquery-json": Case(JQUERY, "pipeline=sepia", form(), tells("output.format", "png")),
    # browsers
    "form-of-chromium": Case(FORM_SENT, "", form(part(), text("pipeline", "sepia")), makes("avif")),
    "form-of-latin-1": Case(
        FORM_SENT, "format=png", form(part(b'name="file"; filename="h\xfcbsch.png"')),
        makes("png", Content_Disposition="inline; filename=\"h_bsch.png\"; filename*=UTF-8''h%C3%BCbsch.png"),
    ),
    "form-of-any-bytes": Case(
        FORM_SENT, "format=png", form(part(b'name="file"; filename="\xff\xfe\x81.png"')), makes("png")
    ),
    "page-on-another-port": Case(
        NEIGHBOUR, "pipeline=sepia", raw(), readable(refuses(403, "cross_site", "DARKROOM_CORS_ORIGINS"))
    ),
    "page-on-another-port-preflight": Case(
        NEIGHBOUR, "", Body(), readable(preflight), method="OPTIONS",
        more={"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
    ),
    "img-of-chromium": Case(IMG_CHROMIUM, "", Body(), makes("avif"), "RENDER", "GET"),
    "img-of-firefox": Case(IMG_FIREFOX, "", Body(), makes("avif"), "RENDER", "GET"),
    "img-of-safari": Case(IMG_SAFARI, "", Body(), makes("avif"), "RENDER", "GET"),
    "img-with-a-format": Case(IMG_CHROMIUM, "format=jpg&quality=70", Body(), makes("jpeg"), "RENDER", "GET"),
    # what the negotiation settles
    "too-wide-for-webp": Case({"Accept": "image/webp,*/*"}, "pipeline=sepia", raw(data=WIDE), makes("png")),
    "quality-of-what-has-none": Case(
        REQUESTS, "pipeline=sepia&progressive=true", raw(), makes("png", X_Ignored_Options="progressive")
    ),
    "chroma-beside-png": Case(REQUESTS, "format=png&chroma=444", raw(), refuses(400, "ignored_option", "PNG")),
    # what is mistyped
    "mistyped-case": Case(CURL, "pipeline=Sepia", raw(""), refuses(400, "unknown_filter", 'Did you mean "sepia"')),
    "mistyped-choice": Case(
        CURL, "pipeline=resize:300,200,fit=covr", raw(""), refuses(400, "bad_parameter", 'Did you mean "cover"')
    ),
    "mistyped-name": Case(CURL, "pipeline=gaussian:5", raw(""), refuses(400, "unknown_filter", 'Did you mean "blur"')),
    "mistyped-unit": Case(
        CURL, "pipeline=sepia:50%", raw(""), refuses(400, "bad_parameter", 'Did you mean "50"')
    ),
    "mistyped-pixels": Case(CURL, "pipeline=resize:50%", raw(""), refuses(400, "bad_parameter", "no percentage")),
}  # fmt: skip


class Server(NamedTuple):
    """A running server that stores, and the path of a render there."""

    host: str
    port: int
    render: str


@pytest.fixture(scope="module")
def storing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("stored")
    for name in ("in", "out"):
        (folder / name).mkdir()
    (folder / "in" / "a.png").write_bytes(PNG)
    settings = {
        "DARKROOM_FILES": str(folder),
        "DARKROOM_RESULTS": "file://out",
        "DARKROOM_SOURCES": "file://in/",
        "DARKROOM_DATA": str(folder / "data"),
    }
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    with served(command, settings) as url:
        parts = urlsplit(url)
        yield Server(parts.hostname or "", parts.port or 0, "/v1/render/sepia/-/file/in/a.png")


def send(server: Server, case: Case) -> Answer:
    """Send exactly these bytes, and read the response."""
    more = dict(case.more)
    protocol = more.pop("", "HTTP/1.1")
    path = server.render if case.path == "RENDER" else case.path
    target = f"{path}?{case.query}" if case.query else path
    headers = {**case.client, **case.body.headers, **more}
    if protocol == "HTTP/1.1":
        headers = {"Host": f"localhost:{server.port}", **headers}
    if case.method in {"POST", "PUT"} and "Transfer-Encoding" not in headers:
        headers["Content-Length"] = str(len(case.body.data))
    lines = [f"{case.method} {target} {protocol}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + case.body.data)
        response = http.client.HTTPResponse(connection, method=case.method)
        response.begin()
        return Answer(response.status, response.headers, response.read())


def test_there_are_enough() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_what_is_expected(storing: Server, case: Case) -> None:
    case.expected(send(storing, case))


def test_a_link_leads_to_the_picture(storing: Server) -> None:
    told = send(storing, CASES["curl-several"]).json()["outputs"]
    for name, size in (("small", (32, 21)), ("grey", (96, 64))):
        assert (told[name]["output"]["width"], told[name]["output"]["height"]) == size
        answer = send(storing, Case(CURL, "", Body(), makes("png"), told[name]["link"], "GET"))
        makes("png")(answer)
        assert len(answer.body) == told[name]["output"]["bytes"]

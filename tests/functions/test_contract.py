"""The HTTP contract (docs/http.md), held by every way to serve; against another server with DARKROOM_TEST_URL."""

import base64
import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from functions.assets import address
from tests.functions.support import decoded, picture, psnr

PROBLEM = "application/problem+json"
PNG = picture("png")
JPEG = picture("jpg")


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, its shape checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["cache-control"] == "no-store"
    told: dict[str, Any] = response.json()
    assert told["code"] == code
    assert told["status"] == status
    return told


def as_file(data: bytes, name: str = "parrot.jpg") -> dict[str, Any]:
    return {"file": (name, data)}


# --- upload: the original contract ---------------------------------------------------------------------------------


def test_upload_blurs(door: httpx.Client) -> None:
    response = door.post("/upload", files=as_file(PNG))
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["content-disposition"] == 'attachment; filename="blurred_image.jpg"'
    assert psnr(decoded(response.content), cv2.GaussianBlur(decoded(PNG), (15, 15), 0)) >= 40


@pytest.mark.parametrize(
    ("query", "media_type", "name"),
    [
        ("format=png", "image/png", "blurred_image.png"),
        ("format=webp&quality=90", "image/webp", "blurred_image.webp"),
        ("pipeline=flip", "image/jpeg", "blurred_image.jpg"),
    ],
)
def test_upload_takes_options(door: httpx.Client, query: str, media_type: str, name: str) -> None:
    response = door.post(f"/upload?{query}", files=as_file(PNG), headers={"Accept": "image/avif"})
    assert response.headers["content-type"] == media_type
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'


# --- process: the three kinds of body ------------------------------------------------------------------------------


def test_a_form(door: httpx.Client) -> None:
    response = door.post("/v1/process", files=as_file(PNG, "my parrot.png"), data={"pipeline": "flip"})
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-disposition"] == 'inline; filename="my parrot.png"'
    assert np.array_equal(decoded(response.content), decoded(PNG)[::-1])


def test_a_form_with_json_beside(door: httpx.Client) -> None:
    wanted = json.dumps({"pipeline": [{"filter": "flip"}], "format": "png"})
    response = door.post("/v1/process", files=as_file(PNG), data={"request": wanted})
    assert np.array_equal(decoded(response.content), decoded(PNG)[::-1])


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "application/x-www-form-urlencoded", ""])
def test_a_raw_picture(door: httpx.Client, kind: str) -> None:
    response = door.post("/v1/process?pipeline=flip", content=PNG, headers={"Content-Type": kind} if kind else {})
    assert np.array_equal(decoded(response.content), decoded(PNG)[::-1])


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "data:;base64,"])
def test_json(door: httpx.Client, prefix: str) -> None:
    image = prefix + base64.b64encode(PNG).decode()
    response = door.post("/v1/process", json={"image": image, "pipeline": "flip"})
    assert np.array_equal(decoded(response.content), decoded(PNG)[::-1])


def test_a_body_in_chunks(door: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (PNG[at : at + 1000] for at in range(0, len(PNG), 1000))

    response = door.post("/v1/process?pipeline=flip", content=chunks())
    assert np.array_equal(decoded(response.content), decoded(PNG)[::-1])


def test_json_about_a_picture(door: httpx.Client) -> None:
    response = door.post("/v1/process?pipeline=rotate:90&format=json&include=image", content=PNG)
    told = response.json()
    assert told["source"] == {"format": "png", "width": 96, "height": 64, "bytes": len(PNG), "frames": 1}
    image = base64.b64decode(told.pop("image"))
    assert told["output"] == {"format": "png", "width": 64, "height": 96, "bytes": len(image), "frames": 1}
    assert told["pipeline"] == "rotate"
    assert np.array_equal(decoded(image), np.rot90(decoded(PNG), -1))
    assert set(told) == {"source", "output", "findings", "pipeline", "digest"}


# --- which format comes back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "query", "media_type"),
    [
        ("*/*", "", "image/png"),
        ("image/webp", "", "image/webp"),
        ("image/webp;q=0.5, image/jpeg", "", "image/jpeg"),
        ("image/avif,image/webp,image/*,*/*;q=0.8", "", "image/avif"),
        ("application/x-strange", "", "image/png"),
        ("application/json", "", "application/json"),
        ("image/webp", "format=jpeg", "image/jpeg"),
    ],
)
def test_negotiation(door: httpx.Client, accept: str, query: str, media_type: str) -> None:
    response = door.post(f"/v1/process?{query}", content=PNG, headers={"Accept": accept})
    assert response.headers["content-type"] == media_type
    assert "Accept" in response.headers["vary"]


# --- several results, second pictures, presets ---------------------------------------------------------------------

OUTPUTS = [{"name": "small", "pipeline": "blur", "format": "jpeg"}, {"name": "same", "format": "png"}]


def test_outputs_as_json(door: httpx.Client) -> None:
    body = {"image": base64.b64encode(PNG).decode(), "outputs": OUTPUTS, "include": ["image"]}
    told = door.post("/v1/process", json=body).json()["outputs"]
    assert list(told) == ["small", "same"]
    assert [entry["output"]["format"] for entry in told.values()] == ["jpeg", "png"]
    assert np.array_equal(decoded(base64.b64decode(told["same"]["image"])), decoded(PNG))


def test_outputs_as_parts(door: httpx.Client) -> None:
    request = {"request": json.dumps({"outputs": OUTPUTS})}
    response = door.post("/v1/process", files=as_file(PNG), data=request, headers={"Accept": "multipart/mixed"})
    kind = response.headers["content-type"]
    parts = list(
        message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.content, policy=HTTP).iter_parts()
    )
    assert [part["content-disposition"].params["name"] for part in parts] == ["small", "same"]
    assert [part.get_content_type() for part in parts] == ["image/jpeg", "image/png"]
    assert np.array_equal(decoded(parts[1].get_payload(decode=True)), decoded(PNG))


def test_the_output_that_fails_is_named(door: httpx.Client) -> None:
    outputs = [{"name": "good"}, {"name": "bad", "pipeline": "resize:16384,16384,fit=fill,enlarge=true"}]
    response = door.post("/v1/process", json={"image": base64.b64encode(PNG).decode(), "outputs": outputs})
    assert problem(response, 413, "too_many_pixels")["output"] == "bad"


@pytest.mark.parametrize("by", ["part", "json"])
def test_a_second_picture(door: httpx.Client, by: str) -> None:
    mark = picture("png", 3, 8, 8)
    if by == "part":
        files = {**as_file(PNG), "mark": ("mark.png", mark)}
        response = door.post("/v1/process?pipeline=watermark:mark&format=png", files=files)
    else:
        image, pictures = base64.b64encode(PNG).decode(), {"mark": base64.b64encode(mark).decode()}
        body = {"image": image, "pictures": pictures, "pipeline": "watermark:mark", "format": "png"}
        response = door.post("/v1/process", json=body)
    assert response.status_code == 200, response.text
    assert not np.array_equal(decoded(response.content), decoded(PNG))


def test_a_preset(door: httpx.Client) -> None:
    response = door.post("/v1/process?pipeline=preset:thumbnail&format=json", content=PNG)
    assert response.status_code == 200, response.text
    assert "preset" not in response.json()["pipeline"]


# --- refusals ------------------------------------------------------------------------------------------------------

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
NO_NAME = b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n'
NO_FILE = b'--b\r\nContent-Disposition: form-data; name="pipeline"\r\n\r\nblur\r\n--b--\r\n'
EMPTY = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n\r\n--b--\r\n'
TEXT = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nHello\r\n--b--\r\n'
JSON = {"Content-Type": "application/json"}
DEEP = b'{"image":' + b"[" * 200_000


@pytest.mark.parametrize("route", ["/upload", "/v1/process"])
@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        pytest.param(FORM, NO_FILE, 400, "no_file", id="no-file-part"),
        pytest.param(FORM, NO_NAME, 400, "empty_filename", id="empty-filename"),
        pytest.param(FORM, EMPTY, 400, "empty_body", id="empty-file"),
        pytest.param(FORM, TEXT, 415, "not_an_image", id="text-file"),
        pytest.param({}, b"", 400, "empty_body", id="empty-body"),
        pytest.param({}, b"Hello", 415, "not_an_image", id="raw-text"),
        pytest.param(FORM, b"--c--", 400, "bad_body", id="other-boundary"),
        pytest.param(FORM, TEXT[:-9], 400, "bad_body", id="form-breaks-off"),
        pytest.param({"Content-Type": "multipart/form-data"}, TEXT, 400, "bad_body", id="no-boundary"),
        pytest.param(JSON, b"[]", 400, "bad_body", id="json-no-object"),
        pytest.param(JSON, b"{", 400, "bad_body", id="json-broken"),
        pytest.param(JSON, b"{\xff}", 400, "bad_body", id="json-not-utf8"),
        pytest.param(JSON, DEEP, 400, "bad_body", id="json-bomb"),
        pytest.param(JSON, b"{}", 400, "no_file", id="json-without-image"),
        pytest.param(JSON, b'{"image": "%"}', 400, "bad_base64", id="bad-base64"),
        pytest.param(JSON, b'{"image": 3}', 400, "bad_base64", id="image-is-a-number"),
        pytest.param(JSON, b'{"image": ""}', 400, "empty_body", id="image-is-empty"),
        pytest.param(JSON, b'{"image": "AAAA", "source": "gs://b/k"}', 400, "two_pictures", id="source"),
    ],
)
def test_bodies_are_refused(
    door: httpx.Client, route: str, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    problem(door.post(route, headers=headers, content=body), status, code)


@pytest.mark.parametrize(
    ("query", "code", "members"),
    [
        ("pipeline=blurr", "unknown_filter", {"got": "blurr", "expected": "blur"}),
        ("pipeline=blur:kernle=3", "unknown_parameter", {"parameter": "blur.kernle", "expected": "kernel"}),
        ("pipeline=blur:4", "bad_parameter", {"parameter": "blur.kernel", "got": "4"}),
        ("pipeline=blur//flip", "bad_pipeline", {}),
        ("pipeline=blur:%25zz", "bad_pipeline", {}),
        ("pipeline=preset:nix", "unknown_preset", {}),
        ("pipeline=watermark:nix", "unknown_picture", {"got": "nix"}),
        ("format=jpgg", "unknown_format", {"parameter": "format"}),
        ("quality=101", "bad_parameter", {"parameter": "quality", "got": "101"}),
        ("qualty=3", "unknown_option", {"parameter": "qualty", "expected": "quality"}),
        ("quality=3&quality=4", "conflicting_option", {"parameter": "quality"}),
        ("keep=", "bad_parameter", {"parameter": "keep"}),
        ("keep=exif++icc", "bad_parameter", {"parameter": "keep"}),
        ("to=gs://bucket", "bad_address", {"parameter": "to"}),
        ("source=gs://bucket/key", "two_pictures", {"parameter": "source"}),
        ("pipeline=%FF", "bad_encoding", {}),
        ("pipeline=blur%00", "bad_pipeline", {}),
        ("%00=1", "unknown_option", {}),
        ("&".join(f"a{n}=1" for n in range(201)), "bad_body", {}),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_options_are_refused(door: httpx.Client, query: str, code: str, members: dict[str, str]) -> None:
    told = problem(door.post(f"/v1/process?{query}", content=PNG), 400, code)
    assert members.items() <= told.items()


def test_places_must_agree(door: httpx.Client) -> None:
    agreed = door.post("/v1/process?format=jpg&quality=7", files=as_file(PNG), data={"quality": "7", "format": "jpeg"})
    assert agreed.status_code == 200
    refused = door.post("/v1/process?quality=7", files=as_file(PNG), data={"quality": "8"})
    assert problem(refused, 400, "conflicting_option")["parameter"] == "quality"


@pytest.mark.parametrize("way", ["length", "chunks", "form"])
def test_a_body_too_long(door: httpx.Client, way: str) -> None:
    long = b"\0" * (33 * 1024 * 1024)
    if way == "length":
        response = door.post("/v1/process", content=long)
    elif way == "chunks":
        response = door.post("/v1/process", content=(long[at : at + 65536] for at in range(0, len(long), 65536)))
    else:
        response = door.post("/upload", files=as_file(long))
    problem(response, 413, "too_many_bytes")


def test_damage(door: httpx.Client) -> None:
    problem(door.post("/v1/process", content=JPEG[: len(JPEG) // 2]), 422, "damaged_image")


# --- the rest of HTTP ----------------------------------------------------------------------------------------------


def test_headers_of_an_answer(door: httpx.Client) -> None:
    response = door.post("/v1/process?pipeline=blur/flip", content=JPEG, headers={"X-Request-Id": "my-id.7"})
    assert response.headers["x-request-id"] == "my-id.7"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r'"[0-9a-f]{32}"', response.headers["etag"])
    spans = [entry.split(";")[0] for entry in response.headers["server-timing"].split(", ")]
    assert {"queue", "decode", "blur", "flip", "encode", "total"} <= set(spans)


def test_a_strange_request_id_is_replaced(door: httpx.Client) -> None:
    response = door.get("/health", headers={"X-Request-Id": "a b<script>"})
    assert re.fullmatch(r"[0-9a-f]{16}", response.headers["x-request-id"])


def test_the_etag_names_the_result(door: httpx.Client) -> None:
    def etag(query: str, body: bytes = PNG) -> str:
        return str(door.post(f"/v1/process?{query}", content=body).headers["etag"])

    same = [etag("pipeline=blur:15"), etag("pipeline=blur"), etag("pipeline=blur:kernel=15")]
    assert len(set(same)) == 1
    queries = ("pipeline=blur:17", "pipeline=blur&quality=3", "pipeline=blur&format=webp", "format=json", "")
    others = [etag(query) for query in queries] + [etag("pipeline=blur", JPEG)]
    assert len({same[0], *others}) == 7


def test_if_none_match_belongs_to_get(door: httpx.Client) -> None:
    first = door.post("/v1/process", content=PNG)
    again = door.post("/v1/process", content=PNG, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    listed = door.get("/v1/filters")
    known = door.get("/v1/filters", headers={"If-None-Match": listed.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/health", "/ready", "/v1/filters", "/v1/formats", "/v1/version", "/openapi.json"]
)
def test_what_can_be_looked_at(door: httpx.Client, path: str) -> None:
    response = door.get(path)
    head = door.head(path)
    assert (response.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["content-length"] == response.headers["content-length"]
    assert "GET" in door.options(path).headers["allow"]


def test_filters_are_listed(door: httpx.Client) -> None:
    known = {entry["name"]: entry for entry in door.get("/v1/filters").json()["filters"]}
    blur = known["blur"]
    assert (blur["kind"], blur["needs"], blur["example"]) == ("filter", [], "blur:15")
    assert blur["parameters"]["properties"]["kernel"]["maximum"] == 99


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nix", 404, "not_found"),
        ("GET", "/v1/process/", 405, "method_not_allowed"),
        ("GET", "/upload", 405, "method_not_allowed"),
        ("PUT", "/v1/process", 405, "method_not_allowed"),
        ("GET", "/ui/nix.css", 404, "not_found"),
        ("GET", "/ui/..%2f..%2f..%2fmain.py", 404, "not_found"),
    ],
)
def test_paths_and_methods(door: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    response = door.request(method, path)
    problem(response, status, code)
    assert status != 405 or "POST" in response.headers["allow"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
    ids=str,
)
def test_other_sites(door: httpx.Client, headers: dict[str, str], status: int) -> None:
    assert door.post("/v1/process", content=PNG, headers=headers).status_code == status


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_pages_bring_what_they_link(door: httpx.Client, page: str) -> None:
    text = door.get(page).text
    linked = set(re.findall(r'(?:src|href)="([^"#]+)"', text))
    linked -= {link for link in linked if link.startswith("v1/images/")}  # of a catalog that other tests fill and empty
    assert {address("icon.svg"), address("style.css")} <= linked
    for link in linked:
        assert not link.startswith("http")
        assert door.get(f"/{link}").status_code == 200, link


def test_our_own_page_may_post(door: httpx.Client) -> None:
    host = door.build_request("GET", "/").headers["host"]
    response = door.post("/", files=as_file(PNG), headers={"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 200
    assert "data:image/png;base64," in response.text

"""The work of one request: limits, deadline, queue, second pictures, several results."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.cost import Estimate
from core.limits import Deadline
from functions.http import Darkroom
from service.options import ProcessingOptions
from service.payload import Payload
from service.processing import ProcessingResult
from service.processor import read_asset
from service.timing import Timings
from tests.functions.support import app_with, client_of, decoded, picture

PNG = picture("png")


def refusal(client: httpx.Client, query: str = "", body: bytes = PNG) -> tuple[int, str]:
    response = client.post(f"/v1/process?{query}", content=body)
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    ("setting", "query", "expected"),
    [
        ({"max_body_bytes": "100"}, "", (413, "too_many_bytes")),
        ({"max_pixels": "100"}, "", (413, "too_many_pixels")),
        ({"max_side": "80"}, "", (413, "too_many_pixels")),
        ({"max_pixels": "10000"}, "pipeline=pad:99,99,99,99", (413, "too_many_pixels")),
        ({"max_steps": "2"}, "pipeline=blur/blur/blur", (413, "too_much_work")),
        ({"max_work": "0.001"}, "pipeline=denoise", (413, "too_much_work")),
        ({"max_memory": "1048576"}, "pipeline=resize:2000,enlarge=true", (413, "too_much_work")),
        ({"max_seconds": "0.001"}, "pipeline=" + "/".join(["median"] * 30), (504, "deadline_exceeded")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_limits_are_settings(setting: dict[str, str], query: str, expected: tuple[int, str]) -> None:
    assert refusal(client_of(app_with(**setting)), query) == expected


def test_the_giant_picture_is_refused_by_its_header(client: httpx.Client, data: Path) -> None:
    giant = (data / "images/photos/giant-image.jpg").read_bytes()
    response = client.post("/v1/process?pipeline=blur", content=giant)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_pixels")
    assert "decode" not in response.headers["server-timing"]


def outputs(client: httpx.Client, wanted: Any, **members: Any) -> httpx.Response:
    body = {"image": base64.b64encode(PNG).decode(), "outputs": wanted, **members}
    return client.post("/v1/process", json=body)


@pytest.mark.parametrize(
    ("wanted", "members", "code"),
    [
        ([], {}, "bad_outputs"),
        ({}, {}, "bad_outputs"),
        (None, {}, "bad_outputs"),
        ([{}], {}, "bad_outputs"),
        (["a"], {}, "bad_outputs"),
        ([{"name": "A"}], {}, "bad_outputs"),
        ([{"name": "a" * 33}], {}, "bad_outputs"),
        ([{"name": "a\n"}], {}, "bad_outputs"),
        ([{"name": "a"}, {"name": "a"}], {}, "bad_outputs"),
        ([{"name": str(n)} for n in range(17)], {}, "bad_outputs"),
        ([{"name": "a"}], {"pipeline": "blur"}, "bad_outputs"),
        ([{"name": "a"}], {"quality": 3}, "bad_outputs"),
        ([{"name": "a", "include": ["image"]}], {}, "bad_outputs"),
        ([{"name": "a", "outputs": []}], {}, "bad_outputs"),
        ([{"name": "a", "qualty": 3}], {}, "unknown_option"),
        ([{"name": "a", "to": "gs://b"}], {}, "bad_address"),
        ([{"name": "a", "source": "gs://b/k"}], {}, "bad_outputs"),
        ([{"name": name, "to": "gs://b/k"} for name in "ab"], {}, "bad_outputs"),
        ([{"name": "a", "pipeline": "blurr"}], {}, "unknown_filter"),
    ],
)
def test_outputs_that_are_refused(client: httpx.Client, wanted: Any, members: dict[str, Any], code: str) -> None:
    response = outputs(client, wanted, **members)
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_outputs_share_the_work_budget() -> None:
    client = client_of(app_with(max_work="0.02"))
    one = {"name": "a", "pipeline": "denoise"}
    assert outputs(client, [one]).status_code == 200
    assert outputs(client, [{**one, "name": str(n)} for n in range(8)]).status_code == 200, "computed once"
    response = outputs(client, [{"name": str(n), "pipeline": f"denoise:{n + 3}"} for n in range(8)])
    assert (response.status_code, response.json()["code"]) == (413, "too_much_work")


def test_outputs_negotiate_each(client: httpx.Client) -> None:
    wanted = [{"name": "a", "format": "json"}, {"name": "b"}, {"name": "c", "format": "webp", "pipeline": ""}]
    body = {"image": base64.b64encode(PNG).decode(), "outputs": wanted}
    response = client.post("/v1/process", json=body, headers={"Accept": "multipart/mixed, image/jpeg"})
    kinds = [line for line in response.content.split(b"\r\n") if line.startswith(b"Content-Type")]
    assert kinds == [b"Content-Type: application/json", b"Content-Type: image/jpeg", b"Content-Type: image/webp"]


def test_pictures_come_only_when_asked_for(client: httpx.Client) -> None:
    plain = outputs(client, [{"name": "a", "pipeline": "blur"}]).json()["outputs"]["a"]
    assert "image" not in plain
    assert plain["output"]["bytes"] is None
    full = outputs(client, [{"name": "a", "pipeline": "blur"}], include=["image"]).json()["outputs"]["a"]
    assert full["output"]["bytes"] == len(base64.b64decode(full["image"]))


def test_an_animation_moves_where_its_format_does(client: httpx.Client, data: Path) -> None:
    moving = _a_moving_gif(data)
    kept = client.post("/v1/process?pipeline=blur&format=gif&include=image", content=moving)
    told = client.post("/v1/process?format=json&include=image", content=moving).json()
    still = client.post("/v1/process?format=jpeg", content=moving)
    assert kept.headers["content-type"] == "image/gif"
    assert told["output"]["frames"] == told["source"]["frames"] > 1
    assert decoded(still.content).ndim == 3


def _a_moving_gif(data: Path) -> bytes:
    from core import codecs
    from core.limits import Limits

    files = sorted((data / "formats").rglob("*.gif"))
    return next(raw for file in files if codecs.probe(raw := file.read_bytes(), Limits()).frames > 1)


@pytest.mark.parametrize("queue", ["0", "1"])
def test_a_full_queue(queue: str) -> None:
    app = app_with(at_once="1", queue=queue, queue_seconds="0.05")
    client = client_of(app)
    with app.service.processor.admission.enter(Estimate(), Deadline(1), Timings()):
        response = client.post("/v1/process", content=PNG)
    assert (response.status_code, response.json()["code"]) == (429, "queue_full")
    assert int(response.headers["retry-after"]) >= 1
    assert client.post("/v1/process", content=PNG).status_code == 200


def test_assets_come_after_the_requests_own(tmp_path: Path) -> None:
    (tmp_path / "mark.png").write_bytes(picture("png", 3, 8, 8))
    client = client_of(app_with(assets=str(tmp_path)))
    shipped = client.post("/v1/process?pipeline=watermark:mark", content=PNG)
    own = client.post(
        "/v1/process?pipeline=watermark:mark",
        files={"file": ("a.png", PNG), "mark": ("m.png", picture("png", 1, 8, 8))},
    )
    assert (shipped.status_code, own.status_code) == (200, 200)
    assert shipped.content != own.content
    assert shipped.headers["etag"] != own.headers["etag"]


@pytest.mark.parametrize(("name", "found"), [("a.png", True), ("a", True), ("b", True), ("c", False), ("d", False)])
def test_assets_by_name(tmp_path: Path, name: str, found: bool) -> None:
    (tmp_path / "a.png").write_bytes(b"A")
    (tmp_path / "b").write_bytes(b"B")
    (tmp_path / "c").mkdir()
    if found:
        assert read_asset(name, tmp_path) == name[0].upper().encode()
    else:
        with pytest.raises(KeyError):
            read_asset(name, tmp_path)


@pytest.mark.parametrize("name", ["../secret", "..", ".", "", "*", "a/b", "a\0b", "/etc/passwd", "?", "[a]"])
def test_assets_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"S")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a").write_bytes(b"A")
    with pytest.raises(KeyError):
        read_asset(name, tmp_path / "assets")


def test_a_step_in_json_is_the_same_as_text(client: httpx.Client) -> None:
    request = {"request": json.dumps({"pipeline": [{"filter": "blur", "kernel": 9}, {"filter": "flip"}]})}
    one = client.post("/v1/process", files={"file": ("a.png", PNG)}, data=request)
    other = client.post("/v1/process?pipeline=blur:9/flip", content=PNG)
    assert one.content == other.content
    assert one.headers["etag"] == other.headers["etag"]


@pytest.mark.parametrize(
    ("sent", "answered", "same"),
    [
        (b"abcd", b"ab", False), (b"abcd", b"abc", True), (b"zzzz", b"abc", True),
        (b"ab", b"abcd", False), (b"abc", b"abcd", False), (b"abc", b"zzzz", False),
    ],
)  # fmt: skip
def test_the_shorter_of_what_was_sent_and_answered_stands_for_both(sent: bytes, answered: bytes, same: bool) -> None:
    def tag(picture: bytes, body: bytes) -> str:
        return ProcessingResult(Payload(picture, "", {}, []), ProcessingOptions(outputs=[]), [], "").etag(
            "image/png", body
        )

    assert (tag(sent, answered) == tag(b"abcde", b"abc")) == same
    assert tag(sent, answered) == tag(sent, answered)


def test_too_many_steps_in_json_are_not_even_read(client: httpx.Client) -> None:
    for count, refused in ((300, (413, "too_much_work")), (200_000, (400, "bad_body"))):
        steps = [{"filter": "blur"}] * count
        response = client.post("/v1/process", json={"image": base64.b64encode(PNG).decode(), "pipeline": steps})
        assert (response.status_code, response.json()["code"]) == refused


@pytest.mark.parametrize("text", ["blur/" * 100_000, "a" * 200_000, "blur:" + "9" * 90_000])
def test_long_pipelines(client: httpx.Client, text: str) -> None:
    response = client.post("/v1/process", json={"image": base64.b64encode(PNG).decode(), "pipeline": text})
    assert response.status_code == 400
    assert len(response.content) < 2000


def test_the_app_shares_its_bench(app: Darkroom) -> None:
    assert app.service.processor.limits == app.service.parser.limits == app.service.settings.limits()

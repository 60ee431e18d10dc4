"""Findings over HTTP: as our own JSON, with masks, and in the forms of other tools."""

import base64
import json
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from functions.http import Darkroom
from tests.core.fakes import FakeModels, street
from tests.functions.openapi.test_document import check
from tests.functions.support import app_with, client_of, decoded, picture

PNG = picture("png", width=200, height=100)


@pytest.fixture(scope="module")
def seeing() -> Darkroom:
    """An application whose models see what fakes are told."""
    app = app_with()
    app.service.processor = msgspec.structs.replace(app.service.processor, models=FakeModels())
    return app


@pytest.fixture(scope="module")
def client(seeing: Darkroom) -> httpx.Client:
    return client_of(seeing)


def post(client: httpx.Client, query: str, **headers: str) -> httpx.Response:
    return client.post(f"/v1/process?{query}", content=PNG, headers=headers)


def told(response: httpx.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    return answer


def test_vision_alone_answers_json(client: httpx.Client) -> None:
    answer = told(post(client, "pipeline=detect:things/count"))
    assert answer["findings"]["counts"] == {"dog": 1, "person": 2}
    assert answer["findings"]["objects"][0] == {
        "label": "person", "class": 0, "score": 0.9, "box": [20, 10, 60, 80], "model": "things",
    }  # fmt: skip
    assert answer["pipeline"] == "detect:things/count"


def test_a_filter_after_vision_answers_a_picture(client: httpx.Client) -> None:
    response = post(client, "pipeline=detect:things/redact:person")
    assert response.headers["Content-Type"] == "image/png"
    assert (decoded(response.content)[10:90, 20:80] == 0).all()


def test_masks_come_where_they_are_asked_for(client: httpx.Client) -> None:
    query = "pipeline=segment/detect:outlines"
    plain, full = (told(post(client, f"{query}{more}"))["findings"] for more in ("", "&include=masks"))
    assert "mask" not in plain["objects"][0]
    assert "map" not in plain["segments"][0]
    assert full["objects"][0]["mask"]["size"] == [100, 200]
    assert np.array_equal(decoded(base64.b64decode(full["segments"][0]["map"])), street().repeat(2, axis=1))


@pytest.mark.parametrize(
    ("query", "media_type", "name"),
    [
        ("pipeline=detect&findings=coco", "application/json", "picture.json"),
        ("pipeline=detect&findings=yolo", "text/plain; charset=utf-8", "picture.txt"),
        ("pipeline=segment&findings=labelmap", "image/png", "picture.png"),
        ("pipeline=detect/blur&findings=coco&format=webp", "application/json", "picture.json"),
    ],
)
def test_a_form_is_the_whole_answer(client: httpx.Client, query: str, media_type: str, name: str) -> None:
    response = post(client, query, Accept="image/webp")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == media_type
    assert name in response.headers["Content-Disposition"]


def test_coco_over_http(client: httpx.Client) -> None:
    files = {"file": ("street.png", PNG)}
    answer = told(client.post("/v1/process?pipeline=detect:things&findings=coco", files=files))
    assert answer["images"] == [{"id": 1, "width": 200, "height": 100, "file_name": "street.png"}]
    assert len(answer["annotations"]) == 3
    check(client.get("/openapi.json").json(), "Coco", answer)


def test_yolo_over_http(client: httpx.Client) -> None:
    assert post(client, "pipeline=persons&findings=yolo").text == "0 0.250000 0.500000 0.300000 0.800000\n"


def test_the_original_route_has_forms_too(client: httpx.Client) -> None:
    response = client.post("/upload?pipeline=detect&findings=coco", files={"file": ("a.png", PNG)})
    assert told(response)["annotations"]


OUTPUTS = [
    {"name": "coco", "pipeline": "detect:things", "findings": "coco"},
    {"name": "yolo", "pipeline": "detect:things", "findings": "yolo"},
    {"name": "map", "pipeline": "segment", "findings": "labelmap"},
    {"name": "plain", "pipeline": "detect:things/draw"},
]


def test_forms_among_several_outputs(client: httpx.Client) -> None:
    body = {"image": base64.b64encode(PNG).decode(), "outputs": OUTPUTS, "include": ["image"]}
    outputs = told(client.post("/v1/process", json=body))["outputs"]
    assert len(outputs["coco"]["findings"]["annotations"]) == 3
    assert outputs["yolo"]["findings"].count("\n") == 3
    assert decoded(base64.b64decode(outputs["map"]["findings"])).shape == (100, 200)
    assert [name for name, output in outputs.items() if "image" in output] == ["plain"]
    assert outputs["coco"]["output"]["bytes"] is None


def test_forms_among_several_parts(client: httpx.Client) -> None:
    body = {"image": base64.b64encode(PNG).decode(), "outputs": OUTPUTS}
    mixed = client.post("/v1/process", json=body, headers={"Accept": "multipart/mixed"})
    boundary = mixed.headers["Content-Type"].partition('boundary="')[2].strip('"').encode()
    parts = mixed.content.split(b"--" + boundary)[1:-1]
    types = [part.split(b"Content-Type: ")[1].split(b"\r\n")[0].decode() for part in parts]
    assert types == ["application/json", "text/plain; charset=utf-8", "image/png", "image/png"]
    assert json.loads(parts[0].partition(b"\r\n\r\n")[2])["annotations"]


def test_each_form_and_each_inclusion_has_its_own_etag(client: httpx.Client) -> None:
    queries = [
        "",
        "&findings=coco",
        "&findings=yolo",
        "&findings=labelmap",
        "&include=masks",
        "&include=image",
        "&include=masks+image",
    ]
    tags = {post(client, f"pipeline=segment/detect{query}&format=json").headers["ETag"] for query in queries}
    assert len(tags) == len(queries)


def test_another_revision_of_a_model_is_another_etag(seeing: Darkroom, client: httpx.Client) -> None:
    before = post(client, "pipeline=detect/draw").headers["ETag"]
    models = seeing.service.processor.models
    assert isinstance(models, FakeModels)
    models.revision = "another"
    assert post(client, "pipeline=detect/draw").headers["ETag"] != before
    models.revision = "1"
    assert post(client, "pipeline=detect/draw").headers["ETag"] == before


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("pipeline=redact", 400, "needs_findings"),
        ("pipeline=segment&findings=coco", 400, "needs_findings"),
        ("pipeline=detect&findings=labelmap", 400, "needs_findings"),
        ("pipeline=detect:nobody/redact", 400, "unknown_model"),
        ("pipeline=detect/redact:person", 400, "unknown_class"),
        ("pipeline=faces/detect:things,1/crop_to:dog,missing=error", 422, "nothing_found"),
        ("pipeline=detect&findings=voc", 400, "bad_parameter"),
        ("pipeline=detect&include=boxes", 400, "bad_parameter"),
    ],
)
def test_what_cannot_be_done_is_a_problem_and_no_picture(
    client: httpx.Client, query: str, status: int, code: str
) -> None:
    response = post(client, query)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, told(response)["code"]) == (status, code)


def test_an_animation_tells_of_every_frame(client: httpx.Client) -> None:
    import io

    from PIL import Image

    frames = [Image.new("RGB", (40, 20), (value, 0, 0)) for value in (0, 120, 240)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    query = "/v1/process?pipeline=detect/count&format=json&include=image"
    findings = told(client.post(query, content=out.getvalue()))["findings"]
    assert [frame["counts"] for frame in findings["frames"]] == [{"circle": 1, "star": 1}] * 3

"""Bodies and answers that are larger than a platform passes on."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Response

from functions.http import Darkroom
from functions.responses.oversize import passed_on
from service import platform
from service.errors import AnswerTooLargeError
from service.platform import Platform
from tests.functions.routes.images.conftest import kept
from tests.functions.routes.images.test_images import objects, put
from tests.functions.support import app_with, client_of, picture
from tests.storage.support import BUCKET, aws_environment, make_s3_bucket
from tests.waiting import PATIENCE
from tools.emulators import proxied

PNG = picture("png", width=400, height=300)
TEXT, BINARY = 60_000, 30_000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that passes on little."""
    monkeypatch.setitem(platform.PLATFORMS, "lambda", Platform(TEXT, BINARY))


@pytest.fixture
def app(tmp_path: Path) -> Darkroom:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(PNG)
    return kept(tmp_path, platform="lambda", sources="file://in/")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of the results' bucket."""
    return tmp_path / "own"


@pytest.fixture
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


SMALL = picture("jpg", width=120, height=90)
PROCESS = "/v1/process?pipeline=resize:400,enlarge=true&format=png"
RENDER = "/v1/render/resize:399/-/file/in/a.png?format=png"
UNLIMITED = {"platform": "none"}


def test_the_pictures_are_as_large_as_the_test_needs() -> None:
    assert len(SMALL) < BINARY < len(PNG)


def expected(tmp_path: Path, url: str, body: bytes | None = None) -> httpx.Response:
    """What is answered where nothing limits it."""
    client = client_of(kept(tmp_path, sources="file://in/", **UNLIMITED))
    return client.get(url) if body is None else client.post(url, content=body)


def followed(client: httpx.Client, response: httpx.Response) -> httpx.Response:
    assert (response.status_code, response.content) == (303, b"")
    assert response.headers["cache-control"] == "no-store"
    return client.get(response.headers["location"])


@pytest.mark.parametrize(("url", "body"), [(PROCESS, SMALL), (RENDER, None)], ids=["process", "render"])
def test_a_large_answer_is_stored(
    client: httpx.Client, tmp_path: Path, own: Path, url: str, body: bytes | None
) -> None:
    whole = expected(tmp_path, url, body)
    assert whole.status_code == 200
    assert len(whole.content) > BINARY
    for _ in range(2):
        found = followed(client, client.get(url) if body is None else client.post(url, content=body))
        assert (found.content, found.headers["content-type"]) == (whole.content, "image/png")
        assert found.headers["content-security-policy"].startswith("sandbox")
    assert len([key for key in objects(own) if key.startswith("answers/")]) == 1


def test_a_bucket_answers_by_itself(tmp_path: Path) -> None:
    """The URL is the bucket's own: nothing of the answer passes through the platform."""
    with pytest.MonkeyPatch.context() as patch:
        aws_environment(patch)
        with proxied.amazon() as proxy:
            make_s3_bucket(proxy.url)
            results = f"s3://{BUCKET}/own"
            app = kept(tmp_path, platform="lambda", sources="file://in/", results=results, s3_endpoint=proxy.url)
            response = client_of(app).post(PROCESS, content=SMALL)
            assert response.status_code == 303
            assert response.headers["location"].startswith(proxy.url)
            found = httpx.get(response.headers["location"], timeout=PATIENCE)
            assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
            assert found.content == expected(tmp_path, PROCESS, SMALL).content


def test_an_original_is_where_it_is(client: httpx.Client, own: Path) -> None:
    row_id = stored(client, own)
    before = objects(own)
    found = followed(client, client.get(f"/v1/images/{row_id}/original"))
    assert found.content == PNG
    assert objects(own) == before, "nothing is stored twice"
    assert client.head(f"/v1/images/{row_id}/original").headers["content-length"] == str(len(PNG))


def stored(client: httpx.Client, own: Path) -> str:
    """A picture that is larger than a request may be, uploaded by its signed URL."""
    wish = {"content_type": "image/png", "bytes": len(PNG), "filename": "a.png"}
    upload = client.post("/v1/uploads", json=wish).json()
    assert client.put(upload["url"], content=PNG, headers=upload["headers"]).status_code == 201
    return str(upload["id"])


def test_ranges_stay_within_the_limit(client: httpx.Client, own: Path) -> None:
    """A client that asks for ranges gets all of it, part by part."""
    for url in (f"/v1/images/{stored(client, own)}/original", RENDER):
        data, total, first = b"", None, client.get(url, headers={"Range": "bytes=0-"})
        while total is None or len(data) < total:
            part = client.get(url, headers={"Range": f"bytes={len(data)}-", "If-Range": first.headers["etag"]})
            assert part.status_code == 206
            assert 0 < len(part.content) <= BINARY
            total = int(part.headers["content-range"].rpartition("/")[2])
            assert part.headers["content-range"] == f"bytes {len(data)}-{len(data) + len(part.content) - 1}/{total}"
            data += part.content
        assert len(data) == total > BINARY


def test_json_may_be_longer_than_a_picture(client: httpx.Client) -> None:
    url = "/v1/process?pipeline=resize:WIDTH,enlarge=true&format=json&include=image"
    answer = client.post(url.replace("WIDTH", "700"), content=SMALL)
    assert answer.status_code == 200
    assert BINARY < len(answer.content) <= TEXT
    larger = followed(client, client.post(url.replace("WIDTH", "1600"), content=SMALL))
    assert larger.headers["content-type"] == "application/json"
    assert len(larger.content) > TEXT


def test_several_answers(client: httpx.Client) -> None:
    outputs = [{"name": name, "pipeline": "resize:400,enlarge=true", "format": "png"} for name in ("a", "b")]
    body = {"image": base64.b64encode(SMALL).decode(), "include": ["image"], "outputs": outputs}
    for accept, kind in (("application/json", "application/json"), ("multipart/mixed", "multipart/mixed")):
        found = followed(client, client.post("/v1/process", json=body, headers={"Accept": accept}))
        assert found.headers["content-type"].startswith(kind)
        assert len(found.content) > TEXT


def test_tensors_need_their_header(app: Darkroom) -> None:
    """A bucket would answer without the length of their JSON."""
    tensors = Response(b"x" * (BINARY + 1), headers={"Inference-Header-Content-Length": "3"})
    tensors.content_type = "application/octet-stream"
    with pytest.raises(AnswerTooLargeError, match="fewer outputs"):
        passed_on(tensors, app.service, head=False, may_store=True)
    assert passed_on(tensors, app.service, head=True, may_store=True) is tensors


def test_without_a_place_it_is_refused() -> None:
    app = app_with(platform="lambda")
    problem = client_of(app).post(PROCESS, content=SMALL)
    assert (problem.status_code, problem.json()["code"]) == (413, "answer_too_large")
    assert "DARKROOM_RESULTS" in problem.json()["detail"]
    assert str(BINARY) in problem.json()["detail"]
    assert problem.headers["cache-control"] == "no-store"


BODIES: dict[str, tuple[dict[str, Any], int]] = {
    "a picture": ({"content": PNG}, 413),
    "a form": ({"files": {"file": ("a.png", PNG)}}, 413),
    "chunked": ({"content": iter([PNG[:1000], PNG[1000:]])}, 413),
    "a small picture": ({"content": SMALL}, 200),
    "JSON that is longer than a picture may be": (
        {"json": {"image": base64.b64encode(SMALL).decode(), "pictures": {"a": "A" * (BINARY // 4 * 4)}}}, 200,
    ),
    "JSON that is too long": ({"json": {"image": base64.b64encode(PNG).decode()}}, 413),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_large_bodies(client: httpx.Client, body: dict[str, Any], status: int) -> None:
    response = client.post("/v1/process?pipeline=resize:9&format=jpeg", **body)
    assert response.status_code == status, response.text
    if status == 413:
        assert response.json()["code"] == "too_many_bytes"
        assert "/v1/uploads" in response.json()["detail"]


def test_tokens_are_for_what_they_say(client: httpx.Client) -> None:
    url = client.post(PROCESS, content=SMALL).headers["location"]
    assert client.put(url, content=SMALL).json()["code"] == "bad_token"
    assert client.get(url[:-1] + ("A" if url[-1] != "A" else "B")).json()["code"] == "bad_token"
    upload = client.post("/v1/uploads", json={"content_type": "image/png", "bytes": 9}).json()
    assert client.get(upload["url"]).json()["code"] == "bad_token"


def test_without_a_platform_nothing_is_moved(tmp_path: Path) -> None:
    assert expected(tmp_path, PROCESS, SMALL).status_code == 200


def test_small_pictures_are_kept_as_ever(client: httpx.Client) -> None:
    row = put(client, SMALL)
    assert client.get(f"/v1/images/{row['id']}/original").content == SMALL


def test_nothing_is_stored_for_a_page_of_another_site(own: Path, tmp_path: Path) -> None:
    """Its `<img>` brings this machine's permission along, or a cookie."""
    app = app_with(platform="lambda", results="file://own", files=str(tmp_path), sources="file://own/")
    own.mkdir()
    (own / "a.png").write_bytes(PNG)
    url = "/v1/render/resize:700,enlarge=true/-/file/own/a.png?format=png"
    problem = client_of(app).get(url, headers={"Sec-Fetch-Site": "cross-site"})
    assert (problem.status_code, problem.json()["code"]) == (413, "answer_too_large")
    assert objects(own) == ["a.png"]

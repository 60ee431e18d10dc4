"""Several results of one picture in one response: links, a note, parts, a zip, and options that were ignored."""

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from functions.responses.several import NOTE
from tests.core.codecs.gain_map_files import ultra_hdr_file
from tests.functions.routes.images.conftest import kept
from tests.functions.support import app_with, client_of, decoded, picture

PNG = picture("png")
OUTPUTS = [{"name": "small", "pipeline": "resize:32"}, {"name": "seen", "pipeline": "palette"}]
TOP = {"note", "seconds"}


def ask(client: httpx.Client, accept: str = "*/*", **members: Any) -> httpx.Response:
    request = json.dumps({"outputs": OUTPUTS, **members})
    files, headers = {"file": ("a.png", PNG)}, {"Accept": accept}
    return client.post("/v1/process", files=files, data={"request": request}, headers=headers)


@pytest.fixture
def client(tmp_path: Path) -> httpx.Client:
    return client_of(kept(tmp_path))


def objects(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "own").rglob("*") if path.is_file()]


def test_pictures_are_linked_where_the_caller_may_write(client: httpx.Client, tmp_path: Path) -> None:
    told = ask(client).json()
    assert set(told) & TOP == {"seconds"}
    assert "link" not in told["outputs"]["seen"], "what only looks has no picture"
    linked = client.get(told["outputs"]["small"]["link"])
    assert decoded(linked.content).shape == (21, 32, 3)
    assert len(linked.content) == told["outputs"]["small"]["output"]["bytes"]
    before = objects(tmp_path)
    again = ask(client)
    assert objects(tmp_path) == before, "the same bytes are stored once"
    assert again.headers["etag"] != ""


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        pytest.param({"local_writes": "false"}, {}, id="may-not-write"),
        pytest.param({"auth": "none", "local_writes": "false"}, {}, id="anybody"),
    ],
)
def test_a_note_names_both_ways(tmp_path: Path, settings: dict[str, str], headers: dict[str, str]) -> None:
    response = client_of(kept(tmp_path, **settings)).post(
        "/v1/process",
        files={"file": ("a.png", PNG)},
        data={"request": json.dumps({"outputs": OUTPUTS})},
        headers=headers,
    )
    assert set(response.json()) & TOP == {"note"}
    assert response.json()["note"] == NOTE
    assert "multipart/mixed" in NOTE
    assert "include=image" in NOTE
    assert response.json()["outputs"]["small"]["output"]["bytes"] is None, "nothing is encoded for nobody"
    assert objects(tmp_path) == []


def test_a_server_without_storage_says_how(tmp_path: Path) -> None:
    client = client_of(app_with(data=str(tmp_path)))
    assert ask(client).json()["note"] == NOTE


@pytest.mark.parametrize("include", [["image"], ["data_url"], ["image", "data_url"]])
def test_what_is_included_needs_no_link(client: httpx.Client, tmp_path: Path, include: list[str]) -> None:
    told = ask(client, include=include).json()
    assert not set(told) & TOP
    entry = told["outputs"]["small"]
    assert ("image" in entry, "data_url" in entry) == ("image" in include, "data_url" in include)
    assert objects(tmp_path) == []


@pytest.mark.parametrize("outputs", [[{"name": "seen", "pipeline": "palette"}], [{"name": "j", "format": "json"}]])
def test_what_makes_no_picture_needs_none(client: httpx.Client, outputs: list[dict[str, str]]) -> None:
    assert not set(ask(client, outputs=outputs).json()) & TOP


def test_a_zip_has_one_file_for_each(client: httpx.Client) -> None:
    response = ask(client, "application/zip")
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["small.png", "seen.json"]
        assert decoded(archive.read("small.png")).shape == (21, 32, 3)
        assert json.loads(archive.read("seen.json"))["pipeline"] == "palette"


def test_the_same_zip_has_the_same_bytes(client: httpx.Client) -> None:
    one, other = ask(client, "application/zip"), ask(client, "application/zip")
    assert (one.content, one.headers["etag"]) == (other.content, other.headers["etag"])
    assert ask(client, "multipart/mixed").headers["etag"] != one.headers["etag"]


def test_ignored_options_are_named_with_their_output(client: httpx.Client) -> None:
    outputs = [{"name": "a", "progressive": True, "lossless": True}, {"name": "b", "format": "webp", "quality": 70}]
    for accept in ("multipart/mixed", "application/zip", "*/*"):
        response = ask(client, accept, outputs=outputs)
        assert response.headers["x-ignored-options"] == "a.progressive, a.lossless"
    told = response.json()["outputs"]
    assert told["a"]["ignored"] == ["progressive", "lossless"]
    assert "ignored" not in told["b"]


@pytest.mark.parametrize(
    ("query", "accept", "ignored"),
    [
        ("chroma=444", "*/*", "chroma"),
        ("quality=70", "*/*", None),
        ("quality=70", "image/webp", None),
        ("lossless=false&progressive=false", "*/*", None),
        ("background=orange&effort=3", "*/*", "background"),
        ("max_bytes=1000000", "*/*", None),
        ("chroma=444&format=json", "*/*", None),
        ("chroma=444&format=json&include=image", "*/*", "chroma"),
        ("lossless=true", "image/jpeg", "lossless"),
        ("keep=hdr", "*/*", "keep=hdr"),
        ("keep=hdr", "image/jpeg", None),
        ("depth=16", "image/avif", "depth=16"),
        ("depth=16", "image/jxl", None),
    ],
)
def test_ignored_options_of_one_result(client: httpx.Client, query: str, accept: str, ignored: str | None) -> None:
    response = client.post(f"/v1/process?{query}", content=PNG, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    assert response.headers.get("x-ignored-options") == ignored


def test_a_data_url_is_the_picture(client: httpx.Client) -> None:
    told = client.post("/v1/process?format=json&include=data_url&pipeline=flip", content=PNG).json()
    head, _, text = told["data_url"].partition(",")
    assert head == "data:image/png;base64"
    assert "image" not in told
    assert np.array_equal(decoded(base64.b64decode(text)), decoded(PNG)[::-1])


@pytest.mark.parametrize(
    ("query", "accept", "kind", "ignored"),
    [
        ("pipeline=resize:90&keep=hdr", "*/*", "image/jpeg", None),
        ("pipeline=resize:90&keep=hdr", "image/avif,image/webp,*/*;q=0.8", "image/jpeg", None),
        ("pipeline=resize:90/sepia&keep=hdr", "*/*", "image/jpeg", "keep=hdr"),
        ("pipeline=resize:90&keep=hdr", "image/webp", "image/webp", "keep=hdr"),
        ("pipeline=resize:90", "*/*", "image/jpeg", None),
    ],
)
def test_hdr_is_kept_or_named(client: httpx.Client, query: str, accept: str, kind: str, ignored: str | None) -> None:
    response = client.post(f"/v1/process?{query}", content=ultra_hdr_file(), headers={"Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, kind)
    assert response.headers.get("x-ignored-options") == ignored
    assert (b"hdrgm" in response.content) == ("keep" in query and ignored is None)


def test_a_format_without_gain_maps_refuses_to_keep_one(client: httpx.Client) -> None:
    response = client.post("/v1/process?format=png&keep=hdr", content=ultra_hdr_file())
    assert (response.status_code, response.json()["code"]) == (400, "ignored_option")

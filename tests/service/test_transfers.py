"""`source` and `to`: pictures from storage, results into it, over files; what clouds add is in test_clouds.py."""

import base64
import os
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from functions.http import Darkroom
from service import provenance
from storage.address import Address
from storage.facts import ObjectMetadata, Stat
from tests.functions.support import BIN, app_with, client_of, decoded, picture, served
from tests.waiting import PATIENCE

PNG = picture("png")
NAME = "straße/a b%2F+ü.png"
SOURCE = f"file://in/{NAME}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for bucket in ("in", "out", "secret"):
        (tmp_path / bucket).mkdir()
    (tmp_path / "in" / NAME).parent.mkdir()
    (tmp_path / "in" / NAME).write_bytes(PNG)
    (tmp_path / "secret" / "a.png").write_bytes(PNG)
    return tmp_path


@pytest.fixture
def app(root: Path) -> Darkroom:
    return app_with(files=str(root), sources="file://in/", targets="file://out/ file://in/made/", log_level="error")


@pytest.fixture
def door(app: Darkroom) -> httpx.Client:
    return client_of(app)


def label(path: Path) -> dict[str, Any]:
    """What is kept beside a file: content type, metadata and so on."""
    told: dict[str, Any] = msgspec.json.decode(os.getxattr(path, "user.darkroom"))["about"]
    return told


def ask(door: httpx.Client, **members: Any) -> httpx.Response:
    return door.post("/v1/process", json=members)


# --- source --------------------------------------------------------------------------------------------------------


def by_json(door: httpx.Client) -> httpx.Response:
    return ask(door, source=SOURCE, pipeline="flip")


def by_query(door: httpx.Client) -> httpx.Response:
    return door.post("/v1/process", params={"source": SOURCE, "pipeline": "flip"})


def by_field(door: httpx.Client) -> httpx.Response:
    return door.post("/v1/process", files={"source": (None, SOURCE), "pipeline": (None, "flip")})


def by_request(door: httpx.Client) -> httpx.Response:
    """The field `request`, beside a file input that nobody filled."""
    told = msgspec.json.encode({"source": SOURCE, "pipeline": "flip"}).decode()
    body = (
        f'--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n{told}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n'
    )
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    return door.post("/v1/process", content=body.encode(), headers=kind)


@pytest.mark.parametrize("way", [by_json, by_query, by_field, by_request])
def test_a_source_is_read(door: httpx.Client, way: Any) -> None:
    response = way(door)
    assert response.status_code == 200, response.text
    assert np.array_equal(decoded(response.content), decoded(PNG)[::-1])
    assert "a b_2F+" in response.headers["content-disposition"]
    assert response.headers["etag"] == by_json(door).headers["etag"]


def test_second_pictures_come_beside_a_source(door: httpx.Client) -> None:
    named = {"source": SOURCE, "pipeline": "watermark:x"}
    assert door.post("/v1/process", params=named, files={"x": ("x.png", PNG)}).status_code == 200


def test_the_etag_is_of_address_and_version(door: httpx.Client, root: Path) -> None:
    before = by_json(door).headers["etag"]
    (root / "in/b.png").write_bytes(PNG)
    elsewhere = ask(door, source="file://in/b.png", pipeline="flip").headers["etag"]
    (root / "in" / NAME).write_bytes(picture("png", 1))
    assert len({before, elsewhere, by_json(door).headers["etag"]}) == 3


def test_json_tells_where_it_was(door: httpx.Client) -> None:
    told = ask(door, source=SOURCE, format="json").json()["source"]
    assert (told["url"], told["bytes"]) == (SOURCE, len(PNG))
    assert told["version"]


IMAGE = base64.b64encode(PNG).decode()
REFUSED = {
    "both in json": ({"image": IMAGE, "source": SOURCE}, 400, "two_pictures"),
    "neither": ({"pipeline": "flip"}, 400, "no_file"),
    "null": ({"source": None}, 400, "no_file"),
    "no text": ({"source": 7}, 400, "bad_parameter"),
    "empty": ({"source": ""}, 400, "bad_address"),
    "no address": ({"source": "in/a.png"}, 400, "bad_address"),
    "up": ({"source": "file://in/../secret/a.png"}, 400, "bad_address"),
    "here": ({"source": "file://in/./a.png"}, 400, "bad_address"),
    "root": ({"source": "file:///etc/passwd"}, 400, "bad_address"),
    "bucket up": ({"source": "file://../etc/passwd"}, 400, "bad_address"),
    "our own folder": ({"source": "file://in/.darkroom/x"}, 400, "bad_address"),
    "null byte": ({"source": "file://in/a\0.png"}, 400, "bad_parameter"),
    "another bucket": ({"source": "file://secret/a.png"}, 403, "not_allowed"),
    "another scheme": ({"source": "gs://in/a.png"}, 403, "not_allowed"),
    "no scheme": ({"source": "ftp://in/a.png"}, 403, "not_allowed"),
    "not there": ({"source": "file://in/nothing.png"}, 404, "no_object"),
    "a folder": ({"source": "file://in/straße"}, 400, "bad_address"),
    "a source of one output": ({"image": IMAGE, "outputs": [{"name": "a", "source": SOURCE}]}, 400, "bad_outputs"),
    "to nowhere": ({"source": SOURCE, "to": "file://secret/b.png"}, 403, "not_allowed"),
    "to the source's bucket": ({"source": SOURCE, "to": "file://in/b.png"}, 403, "not_allowed"),
    "to a folder up": ({"source": SOURCE, "to": "file://out/../in/b.png"}, 400, "bad_address"),
    "to no bucket": ({"source": SOURCE, "to": "file://out"}, 400, "bad_address"),
    "to no key": ({"source": SOURCE, "to": "file://out/"}, 400, "bad_address"),
    "to ours": ({"source": SOURCE, "to": "file://out/.darkroom/locks/1"}, 400, "bad_address"),
    "to a wrong pipeline": ({"source": SOURCE, "to": "file://out/b.png", "pipeline": "blurr"}, 400, "unknown_filter"),
}  # fmt: skip


@pytest.mark.parametrize(("members", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(door: httpx.Client, root: Path, members: dict[str, Any], status: int, code: str) -> None:
    response = ask(door, **members)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert str(root) not in response.text
    assert [path for path in (root / "out").rglob("*") if path.is_file()] == []


def test_a_link_leads_nowhere(door: httpx.Client, root: Path) -> None:
    (root / "in/a.png").symlink_to(root / "secret/a.png")
    (root / "in/b").symlink_to(root / "secret")
    (root / "out/b").symlink_to(root / "secret")
    for members in ({"source": "file://in/a.png"}, {"source": "file://in/b/a.png"},
                    {"source": SOURCE, "to": "file://out/b/a.png"}):  # fmt: skip
        assert ask(door, **members).status_code == 400
    assert (root / "secret/a.png").read_bytes() == PNG


def test_what_is_too_long_is_refused_before_it_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = client_of(app_with(files=str(root), sources="file://in/", max_body_bytes=str(len(PNG) - 1)))
    monkeypatch.setattr(os, "pread", lambda *_: pytest.fail("the body was read"))
    assert (by_json(small).status_code, by_json(small).json()["code"]) == (413, "too_many_bytes")


def test_nothing_is_open_by_default(root: Path) -> None:
    closed = client_of(app_with(files=str(root)))
    assert by_json(closed).status_code == 403
    assert ask(closed, image=IMAGE, to="file://out/a.png").status_code == 403


# --- to ------------------------------------------------------------------------------------------------------------


def test_the_location_is_percent_encoded(door: httpx.Client, root: Path) -> None:
    response = ask(door, source=SOURCE, pipeline="resize:32", to="file://out/x/a #1? [b] 50%.webp")
    assert response.headers["location"] == "file://out/x/a%20%231%3F%20%5Bb%5D%2050%25.webp"
    assert (root / "out/x/a #1? [b] 50%.webp").is_file()


def test_a_result_is_stored(door: httpx.Client, root: Path) -> None:
    response = ask(door, source=SOURCE, pipeline="resize:32", to="file://out/x/ü.webp")
    told = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == "file://out/x/%C3%BC.webp"
    path = root / "out/x/ü.webp"
    assert decoded(path.read_bytes()).shape[1] == 32
    assert (told["url"], told["size"]) == ("file://out/x/ü.webp", path.stat().st_size)
    assert told["output"]["bytes"] == told["size"]
    assert told["content_type"] == "image/webp"
    about = label(path)
    assert (about["content_type"], about["cache_control"]) == ("image/webp", "no-cache")
    assert about["metadata"] == {
        "made-by": "darkroom",
        "dr-hops": "1",
        "source": "file://in/stra%C3%9Fe/a b%252F+%C3%BC.png",
        "source-version": told["source"]["version"],
        "digest": told["digest"],
    }


def test_the_same_is_written_once(door: httpx.Client, root: Path) -> None:
    first = ask(door, source=SOURCE, to="file://out/a.jpg")
    again = ask(door, source=SOURCE, to="file://out/a.jpg")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["etag"] == first.headers["etag"]
    other = ask(door, source=SOURCE, to="file://out/a.jpg", quality=3)
    assert other.json()["version"] != first.json()["version"]
    (root / "in" / NAME).write_bytes(picture("png", 1))
    newer = ask(door, source=SOURCE, to="file://out/a.jpg", quality=3)
    assert newer.json()["version"] != other.json()["version"]


def test_a_picture_that_is_sent_is_stored(door: httpx.Client, root: Path) -> None:
    for content in (PNG, picture("png", 1)):
        params = {"pipeline": "flip", "to": "file://out/sent.png"}
        assert door.post("/v1/process", params=params, content=content).status_code == 201
        assert np.array_equal(decoded((root / "out/sent.png").read_bytes()), decoded(content)[::-1])
        assert label(root / "out/sent.png")["metadata"]["source"] == "upload"


FORMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "by the key": ("a.webp", {}, "image/webp"),
    "by the key, upper case": ("a.JPG", {}, "image/jpeg"),
    "by the format": ("a.webp", {"format": "png"}, "image/png"),
    "the source's own": ("a", {}, "image/png"),
    "a format that is only read": ("a.bmp", {}, "image/png"),
    "only looks": ("a", {"pipeline": "palette"}, "application/json"),
    "a document by the key": ("a.json", {"pipeline": "flip"}, "application/json"),
    "a form of findings": ("a.json", {"pipeline": "detect", "findings": "coco"}, "application/json"),
    "yolo's text": ("a.txt", {"pipeline": "detect", "findings": "yolo"}, "text/plain; charset=utf-8"),
}


@pytest.mark.parametrize(("name", "members", "kind"), FORMS.values(), ids=FORMS)
def test_the_form_of_what_is_stored(
    door: httpx.Client, root: Path, name: str, members: dict[str, Any], kind: str
) -> None:
    """Whatever `Accept` says, which is about the answer."""
    asked = {"source": SOURCE, "to": f"file://out/{name}", **members}
    response = door.post("/v1/process", json=asked, headers={"Accept": "image/avif, application/json;q=0.5"})
    assert (response.status_code, response.headers["content-type"]) == (201, "application/json")
    assert response.json()["content_type"] == label(root / "out" / name)["content_type"] == kind


def test_findings_are_stored_as_the_answer_has_them(door: httpx.Client, root: Path) -> None:
    told = ask(door, source=SOURCE, pipeline="palette/phash", to="file://out/a.json").json()
    kept = msgspec.json.decode((root / "out/a.json").read_bytes())
    assert kept["findings"]["measures"] == told["findings"]["measures"]
    assert kept["digest"] == told["digest"]
    assert "url" not in kept


def test_what_a_document_includes_is_another_object(door: httpx.Client, root: Path) -> None:
    plain = ask(door, source=SOURCE, pipeline="detect/count", to="file://out/a.json", format="json").json()
    masks = {"pipeline": "detect/count", "to": "file://out/a.json", "format": "json", "include": ["masks"]}
    with_masks = ask(door, source=SOURCE, **masks).json()
    assert with_masks["version"] != plain["version"]
    assert ask(door, source=SOURCE, **masks).json()["version"] == with_masks["version"]


def test_several_results_go_where_each_should(door: httpx.Client, root: Path) -> None:
    outputs = [
        {"name": "small", "pipeline": "resize:16", "to": "file://out/small.png"},
        {"name": "seen", "pipeline": "palette", "to": "file://in/made/seen.json"},
        {"name": "back", "pipeline": "flip"},
    ]
    asked = {"source": SOURCE, "outputs": outputs, "include": ["image"]}
    response = door.post("/v1/process", json=asked, headers={"Accept": "multipart/mixed"})
    told = response.json()["outputs"]
    assert (response.status_code, list(told)) == (201, ["small", "seen", "back"])
    assert "location" not in response.headers
    assert [entry.get("url") for entry in told.values()] == ["file://out/small.png", "file://in/made/seen.json", None]
    assert np.array_equal(decoded(base64.b64decode(told["back"]["image"])), decoded(PNG)[::-1])
    assert base64.b64decode(told["small"]["image"]) == (root / "out/small.png").read_bytes()
    assert decoded((root / "out/small.png").read_bytes()).shape[1] == 16
    assert msgspec.json.decode((root / "in/made/seen.json").read_bytes())["findings"]["measures"]["palette"]


def test_all_targets_are_checked_before_the_work(door: httpx.Client, root: Path) -> None:
    outputs = [{"name": "a", "to": "file://out/a.png"}, {"name": "b", "to": "file://secret/b.png"}]
    response = ask(door, source=SOURCE, outputs=outputs)
    assert (response.status_code, response.json()["output"]) == (403, "b")
    assert "decode" not in response.headers["server-timing"]
    assert list((root / "out").iterdir()) == []


def test_a_source_is_never_replaced(root: Path) -> None:
    same = client_of(app_with(files=str(root), sources="file://in/", targets="file://in/"))
    response = ask(same, source=SOURCE, pipeline="flip", to=SOURCE)
    assert (response.status_code, response.json()["code"]) == (400, "same_object")
    assert (root / "in" / NAME).read_bytes() == PNG


def test_other_sites_may_not_write(door: httpx.Client, root: Path) -> None:
    sent = door.post("/v1/process", json={"source": SOURCE, "to": "file://out/a"}, headers={"Origin": "https://a.test"})
    assert (sent.status_code, list((root / "out").iterdir())) == (403, [])


def test_the_page_stores_nothing(door: httpx.Client, root: Path) -> None:
    sent = door.post("/", files={"file": ("a.png", PNG)}, data={"to": "file://out/a.png"})
    assert (sent.status_code, list((root / "out").iterdir())) == (400, [])


def test_over_a_real_server(root: Path) -> None:
    environment = {"DARKROOM_FILES": str(root), "DARKROOM_SOURCES": "file://in/", "DARKROOM_TARGETS": "file://out/"}
    with served([str(BIN / "python"), "main.py"], {**environment, "DARKROOM_WORKERS": "1"}) as url:
        response = httpx.post(f"{url}/v1/process", json={"source": SOURCE, "to": "file://out/a.jpg"}, timeout=PATIENCE)
    assert response.status_code == 201, response.text
    assert decoded((root / "out/a.jpg").read_bytes()).shape == decoded(PNG).shape


# --- marks ---------------------------------------------------------------------------------------------------------

ODD = {
    "plain": "a b.jpg",
    "percent": "a%2Fb",
    "not ascii": "straße/日.jpg",
    "blank at the ends": " a ",
    "long": "日" * 300,
    "as long as is kept": "a" * 490,
    "empty": "",
}


@pytest.mark.parametrize("key", ODD.values(), ids=ODD)
def test_any_address_can_be_metadata(key: str) -> None:
    address, plain = Address("gs", "b", key), ObjectMetadata()
    stat = Stat(address=address, version=f" {key}\u2028", size=0, modified=0, about=plain, checksums={})
    about = provenance.request_metadata("image/png", stat, "0" * 64, name=key)
    about.check()
    assert about.metadata["made-by"] == "darkroom"


def test_a_web_address_is_kept_without_its_query() -> None:
    shown = provenance.without_query(Address("https", "example.com", "a.jpg?token=secret"))
    assert "secret" not in shown
    assert shown.startswith("https://example.com/a.jpg?sha256=")
    assert provenance.without_query(Address("gs", "b", "a?b")) == "gs://b/a?b"

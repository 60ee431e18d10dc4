"""Renders over HTTP: by address and of kept pictures, with ETag, 304, HEAD, Range, and what is stored of them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.http import Darkroom
from service import processing
from service.render import links, renderer
from storage.address import Address
from storage.allow import Allowed
from storage.errors import StorageError
from tests.functions.routes.images.conftest import KEY, kept
from tests.functions.routes.images.test_images import objects, put
from tests.functions.routes.render.conftest import JPEG
from tests.functions.support import client_of, decoded, picture

A = "/v1/render/resize:48/-/file/in/a.jpg"


def renders(own: Path) -> list[str]:
    return [key for key in objects(own) if key.startswith("renders/")]


def test_a_picture_through_a_pipeline(client: httpx.Client) -> None:
    response = client.get(A)
    assert decoded(response.content).shape == (32, 48, 3)
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["content-disposition"] == 'inline; filename="a.jpg"'
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["vary"] == "Accept"
    assert response.headers["cache-control"] == "private, max-age=300"
    same = client.post("/v1/process?pipeline=resize:48", content=JPEG)
    assert same.content == response.content


ACCEPTS = {
    "nothing": ("", {}, "image/jpeg"), "any": ("*/*", {}, "image/jpeg"), "webp": ("image/webp", {}, "image/webp"),
    "a browser": ("text/html,image/avif,image/webp,*/*;q=0.8", {}, "image/avif"),
    "png before webp": ("image/webp;q=0.5,image/png", {}, "image/png"),
    "none we write": ("image/jxl", {}, "image/jpeg"),
    "a format asked for": ("image/webp", {"format": "png"}, "image/png"),
    "JSON": ("application/json", {}, "application/json"),
    "JSON asked for": ("", {"format": "json"}, "application/json"),
}  # fmt: skip


@pytest.mark.parametrize(("accept", "query", "expected"), ACCEPTS.values(), ids=ACCEPTS)
def test_formats(client: httpx.Client, accept: str, query: dict[str, str], expected: str) -> None:
    response = client.get(A, headers={"Accept": accept}, params=query)
    assert response.headers["content-type"] == expected
    again = client.get(A, headers={"Accept": accept, "If-None-Match": response.headers["etag"]}, params=query)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == response.headers["etag"]
    assert again.headers["vary"] == "Accept"
    assert again.headers["cache-control"] == response.headers["cache-control"]


def test_etags_tell_apart(client: httpx.Client, folder: Path) -> None:
    asked: list[tuple[str, dict[str, str]]] = [
        (A, {}), (f"{A}?format=png", {}), (f"{A}?format=jpeg&quality=50", {}), (A, {"Accept": "image/webp"}),
        (A.replace("48", "47"), {}), (A, {"Accept": "application/json"}), (f"{A}?format=json&include=image", {}),
        (A, {"Accept": "image/png,image/webp;q=0.1"}), (A.replace("a.jpg", "50%25/b.jpg"), {}),
    ]  # fmt: skip
    etags = [client.get(url, headers=headers).headers["etag"] for url, headers in asked]
    assert len(set(etags)) == len(etags)
    (folder / "in" / "a.jpg").write_bytes(picture("jpg", width=80))
    assert client.get(A).headers["etag"] not in etags


def test_304_reads_and_decodes_nothing(
    app: Darkroom, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    etag = client.get(A).headers["etag"]
    fresh = client_of(kept(folder, sources="file://in/"))
    for name in ("process_payload", "find_object"):
        monkeypatch.setattr(renderer, name, None)
    monkeypatch.setattr(renderer.Renderer, "render", None)
    assert fresh.get(A, headers={"If-None-Match": etag}).status_code == 304
    assert fresh.head(A, headers={"If-None-Match": etag}).status_code == 304


def test_head_and_range(client: httpx.Client) -> None:
    whole = client.get(A)
    head = client.head(A)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "content-type", "cache-control", "vary"):
        assert head.headers[name] == whole.headers[name]
    part = client.get(A, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    past = client.get(A, headers={"Range": "bytes=999999-"})
    assert (past.status_code, past.headers["cache-control"]) == (416, "no-store")


REFUSED = {
    "a bucket on no list": ("resize:9/-/file/secret/a.jpg", 403, "not_allowed"),
    "our own bucket": ("resize:9/-/file/own/a.jpg", 403, "not_allowed"),
    "nothing there": ("resize:9/-/file/in/b.jpg", 404, "no_object"),
    "a folder": ("resize:9/-/file/in/deep", 400, "bad_address"),
    "no such scheme": ("resize:9/-/ftp/in/a.jpg", 403, "not_allowed"),
    "no filter": ("resise:9/-/file/in/a.jpg", 400, "unknown_filter"),
    "a wrong value": ("blur:4/-/file/in/a.jpg", 400, "bad_parameter"),
    "no second picture": ("watermark:none/-/file/in/a.jpg", 400, "unknown_picture"),
    "no option": ("resize:9/-/file/in/a.jpg?colour=red", 400, "unknown_option"),
    "a second pipeline": ("resize:9/-/file/in/a.jpg?pipeline=blur", 400, "unknown_option"),
    "a target": ("resize:9/-/file/in/a.jpg?to=file://own/x", 400, "unknown_option"),
    "a wrong signature": ("resize:9/-/file/in/a.jpg?sig=00", 403, "bad_signature"),
    "no findings": ("redact/-/file/in/a.jpg", 400, "needs_findings"),
}


@pytest.mark.parametrize(("path", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(client: httpx.Client, own: Path, path: str, status: int, code: str) -> None:
    response = client.get(f"/v1/render/{path}")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["cache-control"] == "no-store"
    assert objects(own) == []


def test_a_kept_picture(client: httpx.Client, own: Path) -> None:
    row = put(client)
    url = f"/v1/images/{row['id']}/resize:48/text:a%2Fb"
    response = client.get(url)
    assert decoded(response.content).shape == (32, 48, 3)
    assert client.get(url, headers={"If-None-Match": response.headers["etag"]}).status_code == 304
    assert [key.split("/")[1] for key in renders(own)] == [row["id"]]
    assert client.get(f"/v1/images/{'0' * 32}/resize:48").json()["code"] == "no_such_image"
    assert client.delete(f"/v1/images/{row['id']}").status_code == 204
    assert objects(own) == []
    assert client.get(url).status_code == 404


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Pictures that were computed from now on."""
    calls: list[Any] = []
    real = processing.process_payload
    monkeypatch.setattr(renderer, "process_payload", lambda *args: calls.append(args) or real(*args))
    return calls


def test_stored_once_and_read_back(folder: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch)
    first, second = (client_of(kept(folder, sources="file://in/")) for _ in range(2))
    made = first.get(A)
    again = second.get(A)
    assert (again.content, again.headers["content-type"]) == (made.content, made.headers["content-type"])
    assert again.headers["content-disposition"] == made.headers["content-disposition"]
    assert len(calls) == 1
    assert len(renders(own)) == 1
    assert (own / renders(own)[0]).read_bytes() == made.content


FAR = {"REMOTE_ADDR": "192.0.2.1"}


def asked_from_afar(app: Darkroom, url: str) -> int:
    return app.test_client().get(url, environ_overrides=FAR).status_code


STORED = {
    "anything": ("none", "resize:48", "", 1), "a preset": ("none", "preset:thumbnail", "", 1),
    "a preset with options": ("none", "preset:thumbnail", "?quality=31", 1),
    "the platform's": ("platform", "resize:48", "", 1),
    "the whole web": ("web", "resize:48", "", 0), "a preset of the whole web": ("web", "preset:thumbnail", "", 1),
    "a preset in a format": ("web", "preset:thumbnail", "?format=png", 1),
    "a preset and more": ("web", "preset:thumbnail/blur:3", "", 0),
    "a preset and options": ("web", "preset:thumbnail", "?quality=31", 0),
    "a signed link": ("web", "resize:48", "SIGNED", 1),
}  # fmt: skip


@pytest.mark.parametrize(("auth", "pipeline", "query", "stored"), STORED.values(), ids=STORED)
def test_what_is_stored_for_strangers(
    folder: Path, own: Path, monkeypatch: pytest.MonkeyPatch, auth: str, pipeline: str, query: str, stored: int
) -> None:
    monkeypatch.setattr(Allowed, "is_whole_web", lambda *_: auth == "web")  # no test reads from the web
    app = kept(folder, sources="file://in/", auth="none" if auth == "web" else auth)
    url = f"/v1/render/{pipeline}/-/file/in/a.jpg"
    url = links.sign_url(KEY, url) if query == "SIGNED" else url + query
    assert asked_from_afar(app, url) == 200
    assert len(renders(own)) == stored
    assert client_of(app).get(url).headers["cache-control"].endswith(", max-age=300")
    assert len(renders(own)) == 1, "who may write has it stored, although it was in memory"


def test_at_most_so_many_are_stored(
    client: httpx.Client, folder: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "MAX_STORED", 3)
    for width in range(20, 26):
        assert client.get(f"/v1/render/resize:{width}/-/file/in/a.jpg").status_code == 200
    assert len(renders(own)) == 3
    (folder / "in" / "a.jpg").write_bytes(picture("jpg", width=80))
    assert client.get(A).status_code == 200
    assert len(renders(own)) == 1, "those of the earlier version are gone"


def test_of_those_who_store_at_the_same_moment_none_makes_one_too_many(
    client: httpx.Client, app: Darkroom, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process stores its own between our look and our write."""
    monkeypatch.setattr(renderer, "MAX_STORED", 2)
    assert client.get(A).status_code == 200
    (first,) = renders(own)
    store = app.service.storage.stores.of(Address("file", "own", "x"))
    write = store.write

    def after_another(address: Address, *rest: Any, **more: Any) -> Any:
        (own / f"{first.rpartition('-')[0]}-another").write_bytes(b"x")
        return write(address, *rest, **more)

    monkeypatch.setattr(store, "write", after_another)
    answer = client.get("/v1/render/resize:21/-/file/in/a.jpg")
    assert decoded(answer.content).shape[1] == 21
    assert len(renders(own)) == 2


def test_where_nobody_can_tell_how_many_there_are_ours_goes(
    client: httpx.Client, app: Darkroom, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app.service.storage.stores.of(Address("file", "own", "x"))
    usual, asked = store.list, list[Address]()

    def failing(prefix: Address, *rest: Any, **more: Any) -> Any:
        asked.append(prefix)
        if len(asked) > 1:
            raise StorageError("It is away.")
        return usual(prefix, *rest, **more)

    monkeypatch.setattr(store, "list", failing)
    assert client.get(A).status_code == 200
    assert (len(asked), renders(own)) == (2, [])


def test_a_store_that_fails_is_no_reason_not_to_answer(client: httpx.Client, own: Path) -> None:
    (own / "renders").touch()
    assert client.get(A).status_code == 200


SPELLINGS = {
    "as it was": "/v1/render/text:a~b/-/file/in/a.jpg?format=jpeg&quality=5",
    "more encoded": "/v1/render/text:a%7Eb/-/file/in/%61.jpg?format=jpeg&quality=5",
    "another order": "/v1/render/text:a~b/-/file/in/a.jpg?quality=5&format=jpeg",
    "whole": "https://photos.example/v1/render/text:a~b/-/file/in/a.jpg?format=jpeg&quality=5",
}
OTHERS = {
    "another picture": "/v1/render/text:a~b/-/file/in/b.jpg?format=jpeg&quality=5",
    "another option": "/v1/render/text:a~b/-/file/in/a.jpg?format=jpeg&quality=6",
    "one option more": "/v1/render/text:a~b/-/file/in/a.jpg?format=jpeg&quality=5&lossless=true",
    "a slash for an encoded one": "/v1/render/text:a~b/-/file/in%2Fa.jpg?format=jpeg&quality=5",
    "another route": "/v1/images/text:a~b/-/file/in/a.jpg?format=png&quality=5",
}


def signature(url: str, key: str = KEY) -> str:
    return links.sign_url(key, url).rpartition("sig=")[2]


@pytest.mark.parametrize("url", SPELLINGS.values(), ids=SPELLINGS)
def test_a_signature_is_of_the_address_not_its_spelling(url: str) -> None:
    assert signature(url) == signature(SPELLINGS["as it was"])
    assert signature(links.sign_url(KEY, url)) == signature(url)


@pytest.mark.parametrize("url", OTHERS.values(), ids=OTHERS)
def test_a_signature_is_of_one_address(url: str) -> None:
    assert signature(url) != signature(SPELLINGS["as it was"])
    assert signature(url) != signature(url, KEY + "x")


def test_ignored_options_are_named(client: httpx.Client) -> None:
    def ignored(query: str, accept: str) -> str | None:
        response = client.get(f"{A}{query}", headers={"Accept": accept})
        assert response.status_code == 200, response.text
        return response.headers.get("x-ignored-options")

    assert ignored("?lossless=true&quality=70", "image/jpeg") == "lossless"
    assert ignored("?lossless=true&quality=70", "image/webp") is None
    assert client.get(f"{A}?format=png&progressive=true").json()["code"] == "ignored_option"

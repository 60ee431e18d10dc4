"""The catalog over HTTP: what is put is found, read and deleted, and nothing else is."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.identity import sha256
from functions.http import Darkroom
from service import cataloging
from storage.address import Address
from tests.functions.openapi.test_document import check
from tests.functions.routes.images.conftest import kept
from tests.functions.support import app_with, client_of, picture

JPEG, PNG = picture("jpg"), picture("png", width=40, height=200)


def objects(bucket: Path) -> list[str]:
    """Keys of a bucket that is a folder."""
    files = (path for path in bucket.rglob("*") if path.is_file())
    return sorted(path.relative_to(bucket).as_posix() for path in files if ".darkroom" not in path.parts)


def put(client: httpx.Client, data: bytes = JPEG, **query: str) -> dict[str, Any]:
    response = client.post("/v1/images", params=query, content=data)
    assert response.status_code == 201, response.text
    row: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/v1/images/{row['id']}"
    return row


BODIES = {
    "raw": {"content": JPEG, "headers": {"Content-Type": "image/jpeg"}, "params": {"name": "a.jpg"}},
    "form": {"files": {"file": ("a.jpg", JPEG, "text/html")}},
    "form with a name": {"files": {"file": ("b.jpg", JPEG, "image/png")}, "data": {"name": "a.jpg"}},
    "json": {"json": {"image": base64.b64encode(JPEG).decode(), "name": "a.jpg"}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_put_and_get(client: httpx.Client, own: Path, body: dict[str, Any]) -> None:
    row = client.post("/v1/images", **body).json()
    assert (row["name"], row["format"], row["width"], row["height"]) == ("a.jpg", "jpeg", 96, 64)
    assert (row["sha256"], row["bytes"], row["state"]) == (sha256(JPEG), len(JPEG), "ready")
    assert client.get(f"/v1/images/{row['id']}").json() == row
    whole = client.get(f"/v1/images/{row['id']}/original")
    assert (whole.content, whole.headers["content-type"]) == (JPEG, "image/jpeg")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"] == f'inline; filename="{row["id"]}.jpg"'
    (key,) = objects(own)
    assert row["source"] == f"file://own/{key}"


NAMES = {
    "plain": ("street.jpg", "street.jpg", "street.jpg"), "a way out": ("../../etc/passwd", "passwd", "passwd.jpg"),
    "Windows": ("C:\\photos\\a.jpg", "a.jpg", "a.jpg"), "a folder": ("x/", None, "picture.jpg"),
    "none": ("", None, "picture.jpg"), "Greek": ("καλημέρα.jpg", "καλημέρα.jpg", "picture.jpg"),
    "control characters": ("a\r\nSet-Cookie: b\0.jpg", "aSet-Cookie: b.jpg", "aset-cookie-b.jpg"),
    "quotes": ('a".jpg', 'a".jpg', "a.jpg"), "another ending": ("a.html", "a.html", "a.jpg"),
    "long": ("ä" * 500, "ä" * 200, "picture.jpg"), "dots": ("..", "..", "picture.jpg"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "shown", "key"), NAMES.values(), ids=NAMES)
def test_a_name_is_never_a_path(client: httpx.Client, own: Path, name: str, shown: str | None, key: str) -> None:
    row = put(client, name=name)
    (found,) = objects(own)
    folder, _, last = found.rpartition("/")
    assert (folder, last[32:]) == ("images", f"-{key}")
    assert row["name"] == (shown or key)
    for what, extension in {"original": "jpg", "resize:32?format=png": "png", "resize:9?format=webp": "webp"}.items():
        response = client.get(f"/v1/images/{row['id']}/{what}")
        assert response.headers["content-disposition"] == f'inline; filename="{row["id"]}.{extension}"'
        assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert response.headers["x-content-type-options"] == "nosniff"


TOLD: dict[str, tuple[dict[str, Any], int, str | None]] = {
    "twice alike": ({"files": {"file": JPEG}, "data": {"name": "a.jpg"}, "params": {"name": "a.jpg"}}, 201, None),
    "twice": ({"files": {"file": JPEG}, "data": {"name": "a.jpg"}, "params": {"name": "b"}}, 400, "conflicting_option"),
    "a number": ({"json": {"image": base64.b64encode(JPEG).decode(), "name": 1}}, 400, "bad_parameter"),
    "a list": ({"json": {"image": base64.b64encode(JPEG).decode(), "name": ["a"]}}, 400, "bad_parameter"),
    "nothing": ({"json": {"image": base64.b64encode(JPEG).decode(), "name": None}}, 400, "bad_parameter"),
    "a file": ({"files": {"file": JPEG, "name": JPEG}}, 400, "bad_parameter"),
    "another part": ({"files": {"file": JPEG, "logo": JPEG}}, 400, "unknown_option"),
}


@pytest.mark.parametrize(("request_", "status", "code"), TOLD.values(), ids=TOLD)
def test_the_name_is_one_text(
    client: httpx.Client, own: Path, request_: dict[str, Any], status: int, code: str | None
) -> None:
    response = client.post("/v1/images", **request_)
    assert (response.status_code, response.json().get("code")) == (status, code)
    assert bool(objects(own)) is (status == 201)


BAD = {
    "nothing": (b"", {}, 400, "empty_body"), "no picture": (b"hello", {}, 415, "not_an_image"),
    "half a picture": (PNG[:-100], {}, 422, "damaged_image"),
    "a pipeline": (JPEG, {"pipeline": "blur"}, 400, "unknown_option"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "query", "status", "code"), BAD.values(), ids=BAD)
def test_what_is_not_kept(
    client: httpx.Client, own: Path, data: bytes, query: dict[str, str], status: int, code: str
) -> None:
    response = client.post("/v1/images", params=query, content=data)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["cache-control"] == "no-store"
    assert objects(own) == []
    assert client.get("/v1/images").json() == {"images": [], "next": None}


def test_listing(app: Darkroom, client: httpx.Client) -> None:
    small, tall = put(client), put(client, PNG, name="tall.png")

    def found(**query: str) -> list[str]:
        return [row["id"] for row in client.get("/v1/images", params=query).json()["images"]]

    assert found() == [tall["id"], small["id"]]
    assert found(sort="width") == [tall["id"], small["id"]]
    assert found(min_height="100") == [tall["id"]]
    assert found(format="jpeg", max_width="96") == [small["id"]]
    assert found(name="TALL") == [tall["id"]]
    first = client.get("/v1/images?limit=1").json()
    assert client.get("/v1/images", params={"limit": 1, "cursor": first["next"]}).json()["images"][0] == small
    like = client.get("/v1/images", params={"similar_to": small["id"]}).json()
    assert like["images"] == [{**tall, "distance": like["images"][0]["distance"]}]
    described = client.get("/openapi.json").json()
    check(described, "ImagePage", like)
    check(described, "ImagePage", first)
    check(described, "ImageRow", tall)


WRONG = {
    "a side": ("min_width=0", "bad_parameter"), "a cursor": ("cursor=x", "bad_cursor"),
    "an order": ("sort=colour", "bad_parameter"), "a name": ("minwidth=1", "unknown_parameter"),
    "twice": ("limit=1&limit=2", "conflicting_option"), "no text": ("name=%FF", "bad_encoding"),
    "likeness to nothing": ("similar_to=" + "0" * 32, "bad_parameter"),
}  # fmt: skip


@pytest.mark.parametrize(("query", "code"), WRONG.values(), ids=WRONG)
def test_wrong_queries(client: httpx.Client, query: str, code: str) -> None:
    response = client.get(f"/v1/images?{query}")
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_delete(client: httpx.Client, own: Path) -> None:
    row, other = put(client), put(client)
    assert client.delete(f"/v1/images/{row['id']}").status_code == 204
    again = client.delete(f"/v1/images/{row['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "no_such_image")
    assert client.get(f"/v1/images/{row['id']}/original").status_code == 404
    assert [f"file://own/{key}" for key in objects(own)] == [other["source"]]


@pytest.mark.parametrize("id", ["x", "0" * 32, "0" * 31, "..", "%2e%2e%2fetc", "%00", "0" * 32 + "%0A"])
@pytest.mark.parametrize(("method", "ending"), [("GET", ""), ("GET", "/original"), ("DELETE", "")])
def test_ids_that_are_none(client: httpx.Client, id: str, method: str, ending: str) -> None:  # noqa: A002
    response = client.request(method, f"http://localhost/v1/images/{id}{ending}")
    expected = (404, "no_such_image")
    if id == "..":
        expected = (404, "not_found")  # the client has already gone up
    elif (id, method) == ("%2e%2e%2fetc", "DELETE"):
        expected = (405, "method_not_allowed")  # a route of two parts, which nothing deletes
    assert (response.status_code, response.json()["code"]) == expected
    assert response.headers["cache-control"] == "no-store"


CONDITIONS: dict[str, tuple[dict[str, str], int, slice]] = {
    "whole": ({}, 200, slice(None)), "a range": ({"Range": "bytes=10-19"}, 206, slice(10, 20)),
    "to the end": ({"Range": "bytes=10-"}, 206, slice(10, None)),
    "the last": ({"Range": "bytes=-5"}, 206, slice(-5, None)),
    "past the end": ({"Range": "bytes=10-999999"}, 206, slice(10, None)),
    "several": ({"Range": "bytes=0-1,3-4"}, 200, slice(None)),
    "other units": ({"Range": "lines=0-1"}, 200, slice(None)),
    "nonsense": ({"Range": "bytes=b-a"}, 200, slice(None)), "backwards": ({"Range": "bytes=9-1"}, 200, slice(None)),
    "another version": ({"Range": "bytes=0-1", "If-Range": '"x"'}, 200, slice(None)),
    "this version": ({"Range": "bytes=0-1", "If-Range": "ETAG"}, 206, slice(0, 2)),
    "has it": ({"If-None-Match": '"x", ETAG'}, 304, slice(0)), "has any": ({"If-None-Match": "*"}, 304, slice(0)),
    "has it weakly": ({"If-None-Match": "W/ETAG"}, 304, slice(0)),
    "has another": ({"If-None-Match": '"x"'}, 200, slice(None)),
    "a range of what it has": ({"If-None-Match": "ETAG", "Range": "bytes=0-1"}, 304, slice(0)),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "status", "part"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions_and_ranges(client: httpx.Client, headers: dict[str, str], status: int, part: slice) -> None:
    url = f"/v1/images/{put(client)['id']}/original"
    etag = client.get(url).headers["etag"]
    given = {name: value.replace("ETAG", etag) for name, value in headers.items()}
    response = client.get(url, headers=given)
    assert (response.status_code, response.content) == (status, JPEG[part])
    assert response.headers["etag"] == etag
    if status == 206:
        start, stop, _ = part.indices(len(JPEG))
        assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(JPEG)}"
    head = client.head(url, headers=given)
    assert head.status_code == (304 if status == 304 else 200)
    assert head.content == b""
    assert status == 304 or head.headers["content-length"] == str(len(JPEG))


def test_a_range_past_the_end(client: httpx.Client) -> None:
    response = client.get(f"/v1/images/{put(client)['id']}/original", headers={"Range": "bytes=99999-"})
    assert (response.status_code, response.json()["code"]) == (416, "bad_range")
    assert response.headers["content-range"] == f"bytes */{len(JPEG)}"


def test_an_object_that_went_is_missed(client: httpx.Client, own: Path) -> None:
    row = put(client)
    (own / objects(own)[0]).unlink()
    response = client.get(f"/v1/images/{row['id']}/original")
    assert (response.status_code, response.json()["code"]) == (404, "no_object")


def test_pictures_of_buckets_that_are_only_read_stay(tmp_path: Path, app: Darkroom) -> None:
    (tmp_path / "in" / "a.png").write_bytes(PNG)
    address = Address("file", "in", "a.png")
    stat = app.service.storage.stores.of(address).read(address, app_deadline()).stat
    row = cataloging.row_of(app.service.processor, address, stat, PNG)
    catalog = cataloging.open_catalog(app.service.settings)
    assert catalog
    catalog.put(row)
    assert client_of(app).get(f"/v1/images/{row.id}/original").content == PNG
    refused = client_of(app).delete(f"/v1/images/{row.id}")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert client_of(kept(tmp_path, targets="file://in/")).delete(f"/v1/images/{row.id}").status_code == 204
    assert objects(tmp_path / "in") == []


def app_deadline() -> Any:
    from core.limits import Deadline

    return Deadline(60)


def test_without_a_catalog(tmp_path: Path) -> None:
    client = client_of(kept(tmp_path, catalog="none"))
    for response in (client.get("/v1/images"), client.get("/v1/images/x"), client.post("/v1/images", content=JPEG),
                     client.delete("/v1/images/x"), client.get("/v1/images/x/original")):  # fmt: skip
        assert (response.status_code, response.json()["code"]) == (404, "catalog_off")


def test_without_a_place_for_results(tmp_path: Path) -> None:
    client = client_of(app_with(data=str(tmp_path)))
    assert client.get("/v1/images").status_code == 200
    response = client.post("/v1/images", content=JPEG)
    assert (response.status_code, response.json()["code"]) == (503, "no_results")


PEERS = {
    "this machine": ({}, "127.0.0.1", ""), "another machine": ({}, "192.0.2.1", "local_only"),
    "another name": ({"Host": "photos.example"}, "127.0.0.1", "local_only"),
    "through a proxy here": ({"X-Forwarded-For": "192.0.2.1"}, "127.0.0.1", "local_only"),
    "through another": ({"Forwarded": "for=127.0.0.1"}, "127.0.0.1", "local_only"),
    "another site's page": ({"Sec-Fetch-Site": "cross-site"}, "127.0.0.1", "cross_site"),
}  # fmt: skip


@pytest.mark.parametrize("auth", ["none", "platform"])
@pytest.mark.parametrize(("headers", "peer", "code"), PEERS.values(), ids=PEERS)
def test_who_may_write(tmp_path: Path, auth: str, headers: dict[str, str], peer: str, code: str) -> None:
    client = kept(tmp_path, auth=auth).test_client()
    from_there = {"headers": headers, "environ_overrides": {"REMOTE_ADDR": peer}}
    assert client.get("/v1/images", **from_there).status_code == 200
    response = client.post("/v1/images", data=JPEG, **from_there)
    assert response.status_code == (403 if code else 201)
    assert response.get_json().get("code", "") == code
    deleted = client.delete(f"/v1/images/{'0' * 32}", **from_there)
    assert deleted.status_code == (403 if code else 404)


@pytest.mark.parametrize("what", ["original", "resize:20", "row"])
def test_if_match(client: httpx.Client, what: str) -> None:
    row = put(client, picture())
    path = f"/v1/images/{row['id']}"
    etag = client.get(f"{path}/original").headers["etag"]
    if what == "row":
        refused = client.delete(path, headers={"If-Match": '"another"'})
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        assert client.get(path).status_code == 200, "nothing is deleted"
        assert client.delete(path, headers={"If-Match": etag}).status_code == 204
        return
    etag = client.get(f"{path}/{what}").headers["etag"]
    statuses = [client.get(f"{path}/{what}", headers={"If-Match": value}).status_code for value in (etag, "*", '"x"')]
    assert statuses == [200, 200, 412]

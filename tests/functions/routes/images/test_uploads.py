"""Signed uploads: what was signed is taken once, and nothing else, by our own receiver and by a real S3."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from functions.http import Darkroom
from functions.routes import uploads
from storage import tokens
from storage.address import Address
from storage.facts import UrlGrant
from tests.functions.routes.images.conftest import KEY, kept
from tests.functions.routes.images.test_images import JPEG, PNG, objects
from tests.functions.support import app_with, client_of
from tests.storage.support import BUCKET, aws_environment, make_s3_bucket, s3_client, signed_long_ago
from tools.emulators import versitygw


def asked(client: httpx.Client, data: bytes = JPEG, kind: str = "image/jpeg", **more: Any) -> dict[str, Any]:
    response = client.post("/v1/uploads", json={"content_type": kind, "bytes": len(data), **more})
    assert response.status_code == 200, response.text
    upload: dict[str, Any] = response.json()
    return upload


def sent(client: httpx.Client, upload: dict[str, Any], data: bytes = JPEG, **headers: str) -> httpx.Response:
    return client.put(upload["url"], content=data, headers={**upload["headers"], **headers})


def test_what_is_uploaded_is_catalogued(client: httpx.Client, own: Path) -> None:
    upload = asked(client, filename="../My Street.JPG")
    response = sent(client, upload)
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/v1/images/{upload['id']}"
    row = client.get(response.headers["location"]).json()
    assert (row["source"], row["name"], row["width"]) == (upload["source"], "my-street.jpg", 96)
    assert client.get(f"{response.headers['location']}/original").content == JPEG
    assert [f"file://own/{key}" for key in objects(own)] == [upload["source"]]


def test_one_effect(client: httpx.Client, own: Path) -> None:
    upload = asked(client)
    assert sent(client, upload).status_code == 201
    again = sent(client, upload, JPEG[:-1] + b"x")
    assert (again.status_code, again.json()["code"]) == (412, "object_changed")
    assert "used already" in again.json()["detail"]
    assert client.get(f"/v1/images/{upload['id']}/original").content == JPEG


SENT: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "too long": (JPEG + b"x", {}, 413, "too_many_bytes"), "much too long": (JPEG * 99, {}, 413, "too_many_bytes"),
    "too short": (JPEG[:-1], {}, 400, "bad_upload"), "nothing": (b"", {}, 400, "bad_upload"),
    "another type": (JPEG, {"Content-Type": "text/html"}, 400, "bad_upload"),
    "no picture": (b"x" * len(JPEG), {}, 415, "not_an_image"),
    "a damaged one": (PNG[:200] + b"\0" * (len(JPEG) - 200), {}, 422, "damaged_image"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "headers", "status", "code"), SENT.values(), ids=SENT)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_what_was_not_signed_leaves_nothing(
    client: httpx.Client, own: Path, data: bytes, headers: dict[str, str], status: int, code: str, chunked: bool
) -> None:
    upload = asked(client)
    given = {**upload["headers"], **headers}
    content = iter([data[:100], data[100:]]) if chunked else data
    response = client.put(upload["url"], content=content, headers=given)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert objects(own) == []
    assert client.get("/v1/images").json()["images"] == []
    assert sent(client, upload).status_code == 201, "the right bytes may still come"


def token(*, until: float = 60, method: str = "PUT", key: bytes = KEY.encode()) -> str:
    grant = UrlGrant(method=method, seconds=60, content_type="image/jpeg", least=len(JPEG), most=len(JPEG))  # type: ignore[arg-type]
    return tokens.seal(key, tokens.SignedGrant(Address("file", "own", "images/x.jpg"), grant, time.time() + until))


def flipped(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


TOKENS = {
    "expired": token(until=-1), "for reading": token(method="GET"), "of another key": token(key=b"k" * 32),
    "another key in it": flipped(token(), 20), "another signature": flipped(token(), -10), "none": "x", "empty": ".",
    "a traversal": "..%2f..%2fetc", "long": "A" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_that_are_refused(client: httpx.Client, own: Path, name: str) -> None:
    response = client.put(f"/v1/uploads/{TOKENS[name]}", content=JPEG, headers={"Content-Type": "image/jpeg"})
    expected = {"a traversal": (404, "not_found"), "empty": (405, "method_not_allowed")}.get(name, (403, "bad_token"))
    assert (response.status_code, response.json()["code"]) == expected
    assert objects(own) == []


PNG_KIND = {"content_type": "image/png"}
WISHES: dict[str, tuple[Any, str]] = {
    "no type": ({"bytes": 1}, "content_type"), "a page": ({"bytes": 1, "content_type": "text/html"}, "content_type"),
    "no length": (PNG_KIND, "bytes"), "nothing": ({**PNG_KIND, "bytes": 0}, "bytes"),
    "true": ({**PNG_KIND, "bytes": True}, "bytes"), "a fraction": ({**PNG_KIND, "bytes": 1.5}, "bytes"),
    "too much": ({**PNG_KIND, "bytes": 2**40}, "bytes"),
    "no text": ({**PNG_KIND, "bytes": 1, "filename": 1}, "filename"),
    "a key of one's own": ({**PNG_KIND, "bytes": 1, "key": "x"}, "key"),
}  # fmt: skip


@pytest.mark.parametrize(("wish", "parameter"), WISHES.values(), ids=WISHES)
def test_wishes_that_are_refused(client: httpx.Client, wish: Any, parameter: str) -> None:
    response = client.post("/v1/uploads", json=wish)
    assert (response.status_code, response.json()["parameter"]) == (400, parameter)


def test_a_token_is_enough_from_anywhere_but_asking_is_for_this_machine(tmp_path: Path) -> None:
    client = kept(tmp_path, auth="none").test_client()
    far = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    wish = {"content_type": "image/jpeg", "bytes": len(JPEG)}
    assert client.post("/v1/uploads", json=wish, **far).status_code == 403
    upload = client.post("/v1/uploads", json=wish).get_json()
    assert client.put(upload["url"], data=JPEG, headers=upload["headers"], **far).status_code == 201


def test_without_a_catalog_or_key(tmp_path: Path, own: Path) -> None:
    app = kept(tmp_path, catalog="none", signing_key="")
    upload = asked(client_of(app))
    assert sent(client_of(app), upload).status_code == 201
    assert len(objects(own)) == 1
    assert sent(client_of(app), upload).status_code == 412
    assert sent(client_of(kept(tmp_path, signing_key="")), upload).status_code == 403, "another start, another key"


def test_past_the_longest_request(tmp_path: Path) -> None:
    """An upload may be longer than a request, and is catalogued and rendered all the same."""
    app = kept(tmp_path, max_body_bytes=str(len(JPEG) - 1))
    client = client_of(app)
    assert client.post("/v1/images", content=JPEG).status_code == 413
    upload = asked(client)
    assert sent(client, upload).status_code == 201
    assert client.get(f"/v1/images/{upload['id']}/resize:20").status_code == 200


@pytest.fixture(scope="module")
def amazon() -> Iterator[Darkroom]:
    """A server whose results are in a real S3 that checks signatures."""
    with pytest.MonkeyPatch.context() as patch, versitygw.started() as url:
        aws_environment(patch)
        make_s3_bucket(url)
        yield app_with(results=f"s3://{BUCKET}/own", s3_endpoint=url, s3_region="us-east-1", catalog="none")


REFUSED: dict[str, tuple[bytes, dict[str, str], str]] = {
    "too long": (JPEG + b"x", {}, ""), "too short": (JPEG[:-1], {}, ""),
    "another type": (JPEG, {"Content-Type": "text/html"}, ""), "over what is there": (JPEG, {"If-None-Match": ""}, ""),
    "another key": (JPEG, {}, "key"), "another signature": (JPEG, {}, "signature"), "expired": (JPEG, {}, "time"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "headers", "tampered"), REFUSED.values(), ids=REFUSED)
def test_a_real_s3_refuses_what_was_not_signed(
    amazon: Darkroom, monkeypatch: pytest.MonkeyPatch, data: bytes, headers: dict[str, str], tampered: str
) -> None:
    if tampered == "time":
        signed_long_ago(monkeypatch, uploads.SECONDS + 10)
    upload = asked(client_of(amazon))
    url = str(upload["url"])
    url = url.replace("own/images/", "own/images/z") if tampered == "key" else url
    url = flipped(url, url.index("X-Amz-Signature=") + 20) if tampered == "signature" else url
    given = {name: value for name, value in {**upload["headers"], **headers}.items() if value}
    assert httpx.put(url, content=data, headers=given).status_code == 403


def test_a_real_s3_takes_it_once(amazon: Darkroom) -> None:
    upload = asked(client_of(amazon))
    assert httpx.put(upload["url"], content=JPEG, headers=upload["headers"]).status_code == 200
    assert httpx.put(upload["url"], content=JPEG, headers=upload["headers"]).status_code == 412
    client = s3_client(amazon.service.settings.s3_endpoint or "")
    address = Address.parse(upload["source"])
    found = client.get_object(Bucket=address.bucket, Key=address.key)
    assert (found["Body"].read(), found["ContentType"]) == (JPEG, "image/jpeg")
    client.close()


def test_google_would_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a service account's key, as the platform's own credentials are found; Google's server asks just this of it."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {"type": "service_account", "client_email": "us@example.com", "private_key": pem,
               "token_uri": "http://127.0.0.1:9/", "project_id": "test"}  # fmt: skip
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    app = app_with(results="gs://pictures/own", gs_project="test", catalog="none")
    upload = asked(client_of(app), filename="a.jpg")
    assert upload["headers"] == {
        "Content-Type": "image/jpeg", "x-goog-content-length-range": f"{len(JPEG)},{len(JPEG)}",
        "x-goog-if-generation-match": "0",
    }  # fmt: skip
    url, asks = urlsplit(upload["url"]), parse_qs(urlsplit(upload["url"]).query)
    assert url.path == f"/{upload['source'].removeprefix('gs://')}"
    assert asks["X-Goog-Expires"] == [str(upload["seconds"])]
    named = "".join(
        f"{name}:{value}\n" for name, value in sorted(
            {**{name.lower(): value for name, value in upload["headers"].items()}, "host": url.netloc}.items()
        )
    )  # fmt: skip
    query = url.query.rpartition("&X-Goog-Signature=")[0]
    names = asks["X-Goog-SignedHeaders"][0]
    canonical = f"PUT\n{url.path}\n{query}\n{named}\n{names}\nUNSIGNED-PAYLOAD"
    scope = asks["X-Goog-Credential"][0].partition("/")[2]
    text = f"GOOG4-RSA-SHA256\n{asks['X-Goog-Date'][0]}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = bytes.fromhex(asks["X-Goog-Signature"][0])
    key.public_key().verify(signature, text.encode(), padding.PKCS1v15(), SHA256())

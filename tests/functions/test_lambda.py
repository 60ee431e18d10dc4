"""The AWS Lambda function under Amazon's runtime interface emulator: HTTP requests, and events of objects."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.identity import sha256
from tests.functions.deployed import ENLARGE, Deployed, deployed, noisy, with_buckets
from tests.functions.requests import test_events as told
from tests.functions.requests.test_lambda_http import API, http_event
from tests.functions.support import BIN, picture, served
from tests.storage.support import s3_client
from tests.waiting import PATIENCE
from tools.emulators import lambda_rie

JPEG = picture("jpg", width=640, height=480)
TWO = '{"outputs": [{"name": "a", "pipeline": "blur"}, {"name": "b"}]}'
LARGE = f"/v1/process?pipeline={ENLARGE}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The function with rules and buckets."""
    with with_buckets(tmp_path_factory.mktemp("cloud")) as function:
        yield function


@pytest.fixture(scope="module")
def http() -> Iterator[str]:
    """The same code as a server, for everybody."""
    with served([str(BIN / "python"), "main.py"], {"DARKROOM_AUTH": "none"}) as url:
        yield url


REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a raw picture": ("POST", "/v1/process?pipeline=resize:100/sepia&format=webp", {"content": JPEG}),
    "a form": ("POST", "/upload", {"files": {"file": ("a.jpg", JPEG)}}),
    "findings": ("POST", "/v1/process?pipeline=palette/blurhash", {"content": JPEG}),
    "several": (
        "POST", "/v1/process",
        {"files": {"file": ("a.jpg", JPEG), "request": (None, TWO)},
         "headers": {"Accept": "multipart/mixed"}},
    ),
    "an encoded slash": ("POST", "/v1/process?pipeline=text:a%2Fb", {"content": JPEG}),
    "an error": ("POST", "/v1/process?pipeline=blurr", {"content": JPEG}),
    "beyond ASCII": ("POST", "/v1/process?pipeline=text:%C3%A9%E6%97%A5", {"content": JPEG}),
    "a list": ("GET", "/v1/filters", {}),
    "a page": ("GET", "/docs", {}),
    "its style": ("GET", "/ui/darkroom.css", {}),
    "no route": ("GET", "/v1/nothing%20here", {}),
    "a head": ("HEAD", "/v1/filters", {}),
}  # fmt: skip
PER_REQUEST = {"date", "server", "connection", "x-request-id", "server-timing", "keep-alive", "content-length"}
BUCKETS = "content-security-policy"
"""It names the buckets' own addresses, and only one of the two has buckets."""


@pytest.mark.parametrize(("method", "path", "sent"), REQUESTS.values(), ids=REQUESTS)
def test_answers_are_those_of_http(cloud: Deployed, http: str, method: str, path: str, sent: dict[str, Any]) -> None:
    """Status, headers and every byte. Lambda's callers are never this machine, so the server's are not either."""
    sent = {**sent, "headers": {"X-Forwarded-For": "192.0.2.7", **sent.get("headers", {})}}
    ours, theirs = (httpx.request(method, f"{base}{path}", timeout=PATIENCE, **sent) for base in (cloud.url, http))
    assert ours.status_code == theirs.status_code
    assert sha256(ours.content) == sha256(theirs.content)
    one, other = (
        {k: v for k, v in side.headers.items() if k not in PER_REQUEST | {BUCKETS}} for side in (ours, theirs)
    )
    assert one == other


@pytest.mark.parametrize("body", [b"", JPEG], ids=["nothing", "a picture"])
def test_an_http_api_s_events(cloud: Deployed, body: bytes) -> None:
    """The other sender of the same format, under a stage of its own."""
    event = http_event("/prod/v1/process", "POST", body, query="pipeline=resize:50&format=png", domain=API)
    event["requestContext"]["stage"] = "prod"
    answer = lambda_rie.invoke(cloud.function, event)
    assert answer["statusCode"] == (200 if body else 400), answer
    assert answer["headers"]["content-type"] == ("image/png" if body else "application/problem+json")
    assert answer["isBase64Encoded"] is bool(body)


def test_nobody_is_this_machine(cloud: Deployed) -> None:
    """An event could say so; this machine may load models."""
    event = http_event("/v1/models/shapes/load", "POST", headers={"host": "localhost"})
    event["requestContext"]["http"]["sourceIp"] = "127.0.0.1"
    del event["headers"]["x-forwarded-for"]
    assert lambda_rie.invoke(cloud.function, event)["statusCode"] == 403


def created(key: str) -> dict[str, Any]:
    return told.s3(s3={"bucket": {"name": "photos"}, "object": {"key": key}})


def message(name: str, *records: Any) -> dict[str, Any]:
    return {**told.sqs({"Records": list(records)}, "1"), "messageId": name}


def test_of_a_batch_only_what_failed_comes_back(cloud: Deployed) -> None:
    client = s3_client(cloud.s3)
    client.put_object(Bucket="photos", Key="a.jpg", Body=JPEG)
    client.put_object(Bucket="photos", Key="b.jpg", Body=JPEG)
    messages = [message("a", created("a.jpg")), message("bad", {"nonsense": 1}), message("b", created("b.jpg"))]
    answer = lambda_rie.invoke(cloud.function, {"Records": messages})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    keys = {entry["Key"] for entry in client.list_objects_v2(Bucket="outputs")["Contents"]}
    assert {"a.jpg.webp", "b.jpg.webp"} <= keys
    client.close()


def test_events_of_s3_itself(cloud: Deployed) -> None:
    client = s3_client(cloud.s3)
    client.put_object(Bucket="photos", Key="direct/c.jpg", Body=JPEG)
    assert lambda_rie.invoke(cloud.function, {"Records": [created("direct/c.jpg")]}) == {}
    assert client.head_object(Bucket="outputs", Key="direct/c.jpg.webp")["ContentType"] == "image/webp"
    client.close()


def test_what_is_no_event_is_an_error(cloud: Deployed) -> None:
    assert lambda_rie.invoke(cloud.function, {"a": 1})["errorType"] == "BadEventError"


def test_a_large_answer_is_where_it_says(cloud: Deployed, http: str) -> None:
    answer = httpx.post(cloud.url + LARGE, content=noisy(), timeout=PATIENCE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(cloud.s3)
    found = httpx.get(answer.headers["location"], timeout=PATIENCE)
    assert len(found.content) > 4_500_000
    assert found.content == httpx.post(http + LARGE, content=noisy(), timeout=PATIENCE).content


def test_without_a_bucket_it_is_too_large() -> None:
    with deployed() as (_, url):
        answer = httpx.post(url + LARGE, content=noisy(), timeout=PATIENCE)
        assert (answer.status_code, answer.json()["code"]) == (413, "answer_too_large")
        assert "DARKROOM_RESULTS" in answer.json()["detail"]

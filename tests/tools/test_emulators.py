"""The proxy before the emulators: the preconditions it holds, the faults it makes, the ledger it keeps."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.waiting import PATIENCE
from tools.emulators import fake_gcs, proxied
from tools.emulators.faults import Plan, Rule
from tools.emulators.proxied import Proxied

SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=t/20260101/us-east-1/s3/aws4_request, Signature=0"}
"""moto wants something that looks like a signature."""


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    with proxied.google(ledger=tmp_path_factory.mktemp("ledger") / "gs.jsonl") as proxy:
        fake_gcs.make_bucket(proxy.url, "in")
        yield proxy


@pytest.fixture(scope="module")
def amazon() -> Iterator[Proxied]:
    with proxied.amazon() as proxy:
        assert httpx.put(f"{proxy.url}/bucket", headers=SIGNED).status_code == 200
        yield proxy


def uploaded(google: Proxied, name: str, body: bytes = b"x") -> str:
    """The generation of a new object."""
    google.befall()
    url = f"{google.url}/upload/storage/v1/b/in/o?uploadType=media&name={name}"
    answer = httpx.post(url, content=body)
    assert answer.status_code == 200
    return str(answer.json()["generation"])


# Method, path and body; GEN is where a wrong generation goes. fake-gcs-server itself would answer 200 to each.
HELD_GS: dict[str, tuple[str, str, Any]] = {
    "get": ("GET", "/storage/v1/b/in/o/a?ifGenerationMatch=GEN", None),
    "download": ("GET", "/download/storage/v1/b/in/o/a?alt=media&ifGenerationMatch=GEN", None),
    "delete": ("DELETE", "/storage/v1/b/in/o/a?ifGenerationMatch=GEN", None),
    "patch": ("PATCH", "/storage/v1/b/in/o/a?ifGenerationMatch=GEN", {"metadata": {"a": "b"}}),
    "update": ("PUT", "/storage/v1/b/in/o/a?ifGenerationMatch=GEN", {"metadata": {"a": "b"}}),
    "rewrite": ("POST", "/storage/v1/b/in/o/b/rewriteTo/b/in/o/a?ifGenerationMatch=GEN", {}),
    "rewrite-source": ("POST", "/storage/v1/b/in/o/a/rewriteTo/b/in/o/c?ifSourceGenerationMatch=GEN", {}),
    "copy": ("POST", "/storage/v1/b/in/o/b/copyTo/b/in/o/a?ifGenerationMatch=GEN", {}),
    "copy-source": ("POST", "/storage/v1/b/in/o/a/copyTo/b/in/o/c?ifSourceGenerationMatch=GEN", {}),
    "compose": ("POST", "/storage/v1/b/in/o/a/compose?ifGenerationMatch=GEN", {"sourceObjects": [{"name": "b"}]}),
}


@pytest.mark.parametrize("wrong", ["1", "0"], ids=["another", "none"])
@pytest.mark.parametrize("name", HELD_GS)
def test_generations_are_held(google: Proxied, name: str, wrong: str) -> None:
    method, path, body = HELD_GS[name]
    right = uploaded(google, "a")
    uploaded(google, "b")
    google.reset()
    refused = httpx.request(method, google.url + path.replace("GEN", wrong), json=body)
    assert refused.status_code == 412
    assert google.ledger() == []
    taken = httpx.request(method, google.url + path.replace("GEN", right), json=body)
    assert taken.status_code == 200
    assert len(google.ledger()) == (method != "GET")


@pytest.mark.parametrize(
    ("query", "status"),
    [("ifGenerationNotMatch=GEN", 412), ("ifGenerationNotMatch=1", 200), ("ifGenerationMatch=GEN", 200)],
)
def test_uploads_and_the_other_word(google: Proxied, query: str, status: int) -> None:
    generation = uploaded(google, "a")
    url = f"{google.url}/upload/storage/v1/b/in/o?uploadType=media&name=a&{query.replace('GEN', generation)}"
    assert httpx.post(url, content=b"y").status_code == status


# Method, path and headers of calls on an object whose ETag is not "0".
HELD_S3: dict[str, tuple[str, str, dict[str, str]]] = {
    "put-over": ("PUT", "/bucket/a", {"If-Match": '"0"'}),
    "put-new": ("PUT", "/bucket/a", {"If-None-Match": "*"}),
    "put-over-nothing": ("PUT", "/bucket/none", {"If-Match": '"0"'}),
    "copy-over": ("PUT", "/bucket/a", {"x-amz-copy-source": "/bucket/b", "If-Match": '"0"'}),
    "copy-new": ("PUT", "/bucket/a", {"x-amz-copy-source": "/bucket/b", "If-None-Match": "*"}),
    "copy-source": ("PUT", "/bucket/c", {"x-amz-copy-source": "/bucket/a", "x-amz-copy-source-if-match": '"0"'}),
    "delete": ("DELETE", "/bucket/a", {"If-Match": '"0"'}),
}


@pytest.mark.parametrize("name", HELD_S3)
def test_etags_are_held(amazon: Proxied, name: str) -> None:
    method, path, headers = HELD_S3[name]
    for key in "ab":
        assert httpx.put(f"{amazon.url}/bucket/{key}", content=key.encode(), headers=SIGNED).status_code == 200
    amazon.reset()
    assert httpx.request(method, amazon.url + path, headers={**SIGNED, **headers}).status_code == 412
    assert amazon.ledger() == []


@pytest.mark.parametrize(
    ("body", "bounds", "statuses"),
    [(b"abc", "1,10", [200, 412]), (b"abc", "3,3", [200, 412]), (b"abcd", "1,3", [400, 400]), (b"", "1,3", [400, 400])],
    ids=["within", "exact", "oversized", "empty"],
)
def test_signed_uploads_to_google(google: Proxied, body: bytes, bounds: str, statuses: list[int]) -> None:
    """As a browser sends them: a PUT of the XML API, whose signature nobody checks, but whose bounds are held."""
    google.reset()
    url = f"{google.url}/in/signed/{bounds}%20%C3%B6.jpg?X-Goog-Signature=1"
    headers = {"x-goog-if-generation-match": "0", "x-goog-content-length-range": bounds, "Content-Type": "image/jpeg"}
    assert [httpx.put(url, content=body, headers=headers).status_code for _ in range(2)] == statuses
    assert [effect.key for effect in google.ledger()] == [f"signed/{bounds} ö.jpg"] * statuses.count(200)
    if 200 in statuses:
        assert httpx.get(url).content == body


def test_a_change_and_its_precondition_are_one_act(google: Proxied) -> None:
    """Of sixteen deletes that name one generation, one takes effect; the rest see that it is gone."""
    generation = uploaded(google, "race")
    google.reset()
    url = f"{google.url}/storage/v1/b/in/o/race?ifGenerationMatch={generation}"
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: httpx.delete(url, timeout=PATIENCE).status_code, range(16)))
    assert sorted(statuses) == [200] + [412] * 15
    assert [effect.op for effect in google.ledger()] == ["delete"]


def test_what_a_line_of_the_ledger_tells(google: Proxied, amazon: Proxied) -> None:
    google.reset()
    url = f"{google.url}/upload/storage/v1/b/in/o?uploadType=multipart"
    head = json.dumps({"name": "ö/a b.jpg", "metadata": {"who": "me"}})
    part = "--x\r\nContent-Type: {}\r\n\r\n{}\r\n"
    body = part.format("application/json", head) + part.format("image/jpeg", "abc") + "--x--\r\n"
    kind = {"Content-Type": "multipart/related; boundary=x"}
    generation = httpx.post(url, content=body.encode(), headers=kind).json()["generation"]
    (line,) = google.ledger()
    assert (line.number, line.op, line.bucket, line.key, line.version) == (0, "write", "in", "ö/a b.jpg", generation)
    assert (line.size, line.md5, line.metadata, line.fault) == (3, "kAFQmDzST7DWlj99KOF/cg==", {"who": "me"}, None)
    amazon.reset()
    amazon.befall(Rule("lost", times=1))
    with pytest.raises(httpx.TransportError):
        httpx.put(f"{amazon.url}/bucket/l%C3%B6", content=b"abc", headers={**SIGNED, "x-amz-meta-Who": "me"})
    (lost,) = amazon.ledger()
    assert (lost.key, lost.version, lost.fault) == ("lö", "900150983cd24fb0d6963f7d28e17f72", "lost")
    assert (lost.size, lost.metadata) == (3, {"who": "me"})


def test_the_ledger_is_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with fake_gcs.started() as upstream, proxied.before("gs", upstream, ledger=path) as proxy:
        fake_gcs.make_bucket(proxy.url, "in")
        for number in range(3):
            uploaded(proxy, f"a{number}")
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["a0", "a1", "a2"]


def test_rules_are_counted_and_in_order() -> None:
    plan = Plan(seed=1)
    plan.rules = [Rule("429", op="read", key="a*", times=2, skip=1), Rule("503", rate=0.0), Rule("reset", op="write")]
    befallen = [plan.befalls(op, key) for op, key in [("read", "a")] * 4 + [("read", "b"), ("write", "b")]]
    assert [rule.kind if rule else None for rule in befallen] == [None, "429", "429", None, None, "reset"]
    assert plan.counts == {"429": 2, "reset": 1}


def test_a_seed_makes_the_same_faults_again() -> None:
    def faults(seed: int) -> list[bool]:
        plan = Plan(seed)
        plan.rules = [Rule("reset", rate=0.3)]
        return [plan.befalls("read", "a") is not None for _ in range(100)]

    assert faults(1) == faults(1) != faults(2)
    assert 15 < sum(faults(1)) < 45


@pytest.mark.parametrize("name", ["fake-gcs", "moto", "versitygw", "gs", "s3"])
def test_each_starts_from_the_command_line(name: str) -> None:
    command = [sys.executable, "-m", "tools.emulators", name]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout:
        url = process.stdout.readline().strip()
        assert httpx.get(url).status_code < 600
        process.send_signal(2)
        assert process.wait(PATIENCE) == 0

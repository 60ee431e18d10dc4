"""Any bytes, any pipeline, any headers: never a 500. FUZZ_CASES asks for more than the short default."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.registry import filters
from service.options import options
from tests.functions.support import app_with, client_of, picture

PACE = settings(
    max_examples=int(os.environ.get("FUZZ_CASES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="FUZZ_CASES" not in os.environ,
)
CLIENT = client_of(app_with(log_level="error", max_pixels="1000000", max_work="2", max_seconds="5"))
REAL = [picture(kind, channels, 24, 16) for kind in ("png", "jpg", "webp", "bmp", "tiff") for channels in (1, 3)]
EXAMPLES = [known.example for known in filters().values()]
NAMES = sorted(filters())

words = st.one_of(st.sampled_from([*NAMES, "preset"]), st.text(max_size=8))
values = st.one_of(
    st.integers(-(10**9), 10**9).map(str), st.floats().map(str), st.text(max_size=12),
    st.sampled_from(["true", "50p", "1:2", "f80", ""]),
)  # fmt: skip
arguments = st.lists(st.one_of(values, st.tuples(words, values).map("=".join)), max_size=4).map(",".join)
steps = st.one_of(
    st.sampled_from(EXAMPLES), st.tuples(st.sampled_from(NAMES), arguments).map(":".join), st.text(max_size=20)
)
pipelines = st.lists(steps, max_size=3).map("/".join)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real picture with a few bytes changed, cut or doubled."""
    data = bytearray(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.one_of(st.none(), st.integers(0, len(data))))
    return bytes(data[:cut]) + draw(st.binary(max_size=8))


bodies = st.one_of(st.sampled_from(REAL), damaged(), st.binary(max_size=200))


def sane(response: httpx.Response) -> None:
    """An answer, or a problem document that is no fault of ours."""
    assert response.status_code < 500 or response.status_code == 504, response.text
    if response.status_code >= 400:
        told = response.json()
        assert told["status"] == response.status_code
        assert {"type", "title", "detail", "code"} <= set(told)


@pytest.mark.fuzz
@PACE
@given(body=bodies, pipeline=pipelines)
def test_any_bytes_any_pipeline(body: bytes, pipeline: str) -> None:
    sane(CLIENT.post("/v1/process", params={"pipeline": pipeline.encode("utf-8", "surrogatepass")}, content=body))


@pytest.mark.fuzz
@PACE
@given(
    query=st.binary(max_size=60),
    body=st.sampled_from(REAL),
    accept=st.text(max_size=40).map(lambda t: t.encode("utf-8", "ignore")),
)
def test_any_query(query: bytes, body: bytes, accept: bytes) -> None:
    url = b"http://localhost/v1/process?" + b"".join(
        b"%%%02X" % byte if byte <= 32 or byte >= 127 else bytes([byte]) for byte in query
    )
    header = bytes(byte for byte in accept if 32 <= byte < 127)
    sane(CLIENT.send(CLIENT.build_request("POST", url.decode(), content=body, headers={"Accept": header})))


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
members = st.dictionaries(
    st.sampled_from(["pipeline", *options(), "outputs", "pictures", "to", "source"]),
    st.one_of(jsons, pipelines, st.lists(st.dictionaries(words | st.just("filter"), jsons, max_size=3), max_size=3)),
    max_size=4,
)  # fmt: skip


@pytest.mark.fuzz
@PACE
@given(members=members, body=bodies)
@example(members={"pipeline": [{"filter": "a" * 100_000}]}, body=REAL[0])
@example(members={"pipeline": [{"filter": "blur", "k" * 100_000: 1}]}, body=REAL[0])
@example(members={"pipeline": [{"filter": "blur", "kernel": [[1]]}]}, body=REAL[0])
@example(members={"format": {"a": 1}, "quality": 10**400}, body=REAL[0])
def test_any_json(members: dict[str, Any], body: bytes) -> None:
    sane(CLIENT.post("/v1/process", content=_json({"image": base64.b64encode(body).decode(), **members}), headers=JSON))


JSON = {"Content-Type": "application/json"}


def _json(value: Any) -> bytes:

    return json.dumps(value).encode()


@pytest.mark.fuzz
@PACE
@given(body=st.binary(max_size=300), boundary=st.sampled_from([b"b", b"--", b"x" * 70]), glue=st.booleans())
def test_any_form(body: bytes, boundary: bytes, glue: bool) -> None:
    if glue:
        body = (
            body.replace(b"\x00", b"--" + boundary + b"\r\n").replace(b"\x01", b"\r\n\r\n")
            + b"\r\n--"
            + boundary
            + b"--"
        )
    sane(CLIENT.post("/upload", content=body, headers={"Content-Type": b"multipart/form-data; boundary=" + boundary}))


def test_hostile_files(data: Path) -> None:
    client = client_of(app_with(log_level="error"))
    files = [path for path in sorted((data / "hostile").rglob("*")) if path.is_file() and "models" not in path.parts]
    assert len(files) > 20
    for file in files:
        if file.stat().st_size < 32 * 2**20:
            sane(client.post("/v1/process?pipeline=resize:64&format=png", content=file.read_bytes()))

"""The raw target: split before it is decoded, on every server the same."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import DarkroomError
from functions.requests import raw_path
from storage.address import Address
from tests.functions.conftest import COMMANDS
from tests.functions.routes.images.conftest import kept
from tests.functions.routes.render.conftest import JPEG, folder
from tests.functions.support import client_of, decoded, served
from tests.waiting import PATIENCE

SPLIT: dict[str, tuple[str, str, str]] = {
    "plain": ("blur:3/-/gs/b/a.jpg", "blur:3", "gs://b/a.jpg"),
    "several steps": ("blur:3/sepia/-/s3/b/x/y/a.jpg", "blur:3/sepia", "s3://b/x/y/a.jpg"),
    "no pipeline": ("-/gs/b/a.jpg", "", "gs://b/a.jpg"),
    "an empty one": ("/-/gs/b/a.jpg", "", "gs://b/a.jpg"),
    "a slash in a value": ("text:a%2Fb/-/gs/b/a.jpg", "text:a%2Fb", "gs://b/a.jpg"),
    "a comma, decoded once": ("text:a%2Cb/-/gs/b/a.jpg", "text:a,b", "gs://b/a.jpg"),
    "a comma for the grammar": ("text:a%252Cb/-/gs/b/a.jpg", "text:a%2Cb", "gs://b/a.jpg"),
    "a separator in a value": ("text:%2F-%2F/-/gs/b/a.jpg", "text:%2F-%2F", "gs://b/a.jpg"),
    "a separator in the key": ("blur/-/gs/b/x/-/y", "blur", "gs://b/x/-/y"),
    "a slash in the key": ("blur/-/gs/b/x%2Fy", "blur", "gs://b/x/y"),
    "empty segments in the key": ("blur/-/gs/b/x//y/", "blur", "gs://b/x//y/"),
    "a percent sign in the key": ("blur/-/gs/b/50%25/a%252F", "blur", "gs://b/50%/a%2F"),
    "UTF-8": ("text:%C3%A4/-/gs/b/%C3%A4", "text:ä", "gs://b/ä"),
    "a question mark": ("text:%3F/-/gs/b/a%3Fb", "text:?", "gs://b/a?b"),
}  # fmt: skip
REFUSED = {
    "no separator": ("blur/gs/b/a.jpg", "missing_source"), "no scheme": ("blur/-/", "bad_address"),
    "no bucket": ("blur/-/gs", "bad_address"), "no key": ("blur/-/gs/b", "bad_address"),
    "an empty key": ("blur/-/gs/b/", "bad_address"), "a way out": ("blur/-/file/b/..%2F..%2Fetc", "bad_address"),
    "no UTF-8": ("blur/-/gs/b/%FF", "bad_encoding"), "a slash in the bucket": ("blur/-/gs/b%2Fc/d", "bad_address"),
    "a control character": ("blur/-/gs/b/a%00", "bad_address"), "a bucket of dots": ("blur/-/file/../a", "bad_address"),
    "a scheme with more": ("blur/-/gs:%2F%2Fx/b/a", "bad_address"),
}  # fmt: skip


def environ(raw: str, **more: str) -> dict[str, Any]:
    path = raw.partition("?")[0]
    return {"RAW_URI": raw, "PATH_INFO": raw_path.unquote_to_bytes(path).decode("latin-1"), "SCRIPT_NAME": "", **more}


@pytest.mark.parametrize(("raw", "pipeline", "address"), SPLIT.values(), ids=SPLIT)
def test_split(raw: str, pipeline: str, address: str) -> None:
    steps, source = raw_path.split(raw_path.segments(environ(f"/v1/render/{raw}?format=png"), "/v1/render"))
    assert (raw_path.pipeline_of(steps), source) == (pipeline, Address.parse(address))


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(raw: str, code: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        raw_path.split(raw_path.segments(environ(f"/v1/render/{raw}"), "/v1/render"))
    assert caught.value.code == code


ENVIRONS: dict[str, dict[str, Any]] = {
    "gunicorn": environ("/v1/x/a%2Fb?c=/d"),
    "uWSGI": {"REQUEST_URI": "/v1/x/a%2Fb", "PATH_INFO": "/v1/x/a/b"},
    "a whole URL": {"RAW_URI": "http://h:1/v1/x/a%2Fb?c", "PATH_INFO": "/v1/x/a/b"},
    "below a path": {"RAW_URI": "/app/v1/x/a%2Fb", "PATH_INFO": "/v1/x/a/b", "SCRIPT_NAME": "/app"},
    "an odd spelling": {"RAW_URI": "/%761/x/a%2fb", "PATH_INFO": "/v1/x/a/b"},
}


@pytest.mark.parametrize("given", ENVIRONS.values(), ids=ENVIRONS)
def test_what_servers_say(given: dict[str, Any]) -> None:
    (segment,) = raw_path.segments(given, "/v1/x")
    assert segment.lower() == "a%2fb"


@pytest.mark.parametrize("raw", ["", "/somewhere/else", "http://[", "*"])
def test_a_target_that_is_not_the_path_is_not_believed(raw: str) -> None:
    assert raw_path.segments({"RAW_URI": raw, "PATH_INFO": "/v1/x/a b/c"}, "/v1/x") == ["a%20b", "c"]


__all__ = ["folder"]

SERVERS = {
    **COMMANDS,
    "werkzeug": [sys.executable, "-m", "flask", "--app", "main:app", "run", "--host=127.0.0.1", "--port=PORT"],
}


@contextlib.contextmanager
def serving(server: str, folder: Path) -> Iterator[httpx.Client]:
    if server == "test-client":
        yield client_of(kept(folder, sources="file://in/"))
        return
    environment = {"FILES": str(folder), "SOURCES": "file://in/", "DATA": str(folder / "data"), "WORKERS": "1"}
    variables = {f"DARKROOM_{name}": value for name, value in environment.items()}
    with served(SERVERS[server], variables) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        yield client


@pytest.mark.parametrize("server", ["test-client", *SERVERS])
def test_on_every_server(server: str, folder: Path) -> None:
    """A slash that is encoded, a space, a percent sign and more than ASCII arrive as they were meant."""
    with serving(server, folder) as client:
        for path in ("in/a.jpg", "in/deep/with%20space/%C3%A4.jpg", "in%2F..", "in/deep%2Fwith%20space%2F%C3%A4.jpg",
                     "in/50%25/b.jpg"):  # fmt: skip
            response = client.get(f"/v1/render/resize:48/text:a%2Fb%2F-%2Fc/-/file/{path}?format=png")
            assert response.status_code == (400 if ".." in path else 200), response.text
            assert ".." in path or decoded(response.content).shape == (32, 48, 3)
        told = client.get("/v1/render/phash/text:a%2Fb%2F-%2Fc/-/file/in/a.jpg?format=json").json()
        assert told["pipeline"] == "phash/text:a%2Fb%2F-%2Fc"
        assert told["source"]["bytes"] == len(JPEG)

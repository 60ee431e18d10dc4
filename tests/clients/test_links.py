"""Links that the server and both clients sign: equal, and valid."""

import os
import subprocess
from pathlib import Path

import pytest
from darkroom_client import links as client_links
from darkroom_client.client import Darkroom
from hypothesis import given
from hypothesis import strategies as st

from service.render import links
from storage.errors import CannotSignError
from tests.waiting import PATIENCE

KEY = "a secret of the tests' own, 32 or more: ä"
EXPIRES = 2_000_000_000
URLS = {
    "a render": "https://photos.example/v1/render/resize:800/-/gs/photos/a.jpg?format=webp&quality=5",
    "a path": "/v1/images/0123456789abcdef0123456789abcdef/original",
    "an empty query": "/v1/images/0123/resize:32?",
    "an encoded slash": "/v1/render/text:a%2Fb%7e~/-/s3/b/deep/a%20b+c.jpg?x=1+2&x=%2B",
    "bytes that are not UTF-8": "/v1/render/a/-/gs/b/%ff%FE?q=%80",
    "letters that are not ASCII": "/v1/render/text:ü/-/gs/b/ä ö.jpg?name=ß&empty",
    "percent signs that encode nothing": "/v1/render/50%/-/gs/b/%zz%1?a=%&b=%4",
    "options in no order": "/v1/render/a/-/gs/b/c?b=2&a=2&b=1&a=1&A=&&",
    "a signed one": "/v1/images/0123/original?expires=5&%6Bey=1&sig=2&format=png",
    "a fragment": "/v1/images/0123/original?a=1#part?x",
    "a colon and two slashes": "/v1/images/a://b/original",
    "equals signs": "/v1/images/0123/blur?a=b=c&=d",
}
REFUSED = ["/v1/process", "v1/images/0123/original", "https://photos.example", "https://photos.example/v1/images", "#"]


def go_signed(client: Path, url: str, *flags: str, key: str = KEY) -> "subprocess.CompletedProcess[str]":
    return run([client, *flags, "-sign", url], key)


def python_signed(client: Path, url: str, *flags: str, key: str = KEY) -> "subprocess.CompletedProcess[str]":
    return run([client, "sign", *flags, url], key)


def run(command: list[str | Path], key: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}
    environment = {**kept, "DARKROOM_SIGNING_KEY": key}
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False)


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_all_sign_alike(go_client: Path, url: str) -> None:
    for expires, flags in ((None, ()), (EXPIRES, ("-expires", str(EXPIRES)))):
        signed = links.sign_url(KEY, url, expires)
        assert client_links.sign_url(KEY, url, expires) == signed
        done = go_signed(go_client, url, *flags)
        assert (done.stdout, done.stderr) == (f"{signed}\n", "")
    path, _, query = signed.removeprefix("https://photos.example").partition("#")[0].partition("?")
    assert links.check_link((KEY,), "GET", path.encode().decode("latin-1"), query.encode()) == links.Link(EXPIRES)


@given(url=st.text("aä%2Ff+&=?#/:.~ \x7f", max_size=30), expires=st.none() | st.integers(1, 10**11))
def test_any_url_alike(url: str, expires: int | None) -> None:
    assert client_links.sign_url(KEY, f"/v1/render/{url}", expires) == links.sign_url(KEY, f"/v1/render/{url}", expires)


@pytest.mark.parametrize("url", REFUSED)
def test_none_signs_what_no_link_is_for(go_client: Path, python_client: Path, url: str) -> None:
    with pytest.raises(CannotSignError):
        links.sign_url(KEY, url)
    with pytest.raises(ValueError, match=r"sign|path"):
        client_links.sign_url(KEY, url)
    for done in (go_signed(go_client, url), python_signed(python_client, url)):
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
        assert KEY not in done.stderr


@pytest.mark.parametrize("expires", ["soon", "-1", "1.5h", "7w", "9999999999999"])
def test_none_takes_what_is_no_time(go_client: Path, python_client: Path, expires: str) -> None:
    url = URLS["a path"]
    assert go_signed(go_client, url, "-expires", expires).returncode == 2
    assert python_signed(python_client, url, f"--expires={expires}").returncode == 2


def test_the_commands(go_client: Path, python_client: Path) -> None:
    url = URLS["a path"]
    signed = links.sign_url(KEY, url, EXPIRES) + "\n"
    assert python_signed(python_client, url, "--expires", str(EXPIRES)).stdout == signed
    assert go_signed(go_client, url, "-expires", str(EXPIRES)).stdout == signed
    for done in (python_signed(python_client, url, key=""), go_signed(go_client, url, key="")):
        assert done.returncode == 2
        assert "DARKROOM_SIGNING_KEY" in done.stderr


def test_the_method() -> None:
    with Darkroom("https://photos.example/base") as darkroom:
        assert darkroom.sign_url("/v1/images/1/original", KEY) == links.sign_url(
            KEY, "https://photos.example/base/v1/images/1/original"
        )
        url = URLS["a render"]
        assert darkroom.sign_url(url, KEY, expires=EXPIRES) == links.sign_url(KEY, url, EXPIRES)

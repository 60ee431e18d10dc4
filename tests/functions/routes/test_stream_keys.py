"""Who may open a stream where keys are asked for, and for how long."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from bench.sockets import RawSocket
from functions.access.auth import SESSION_COOKIE
from functions.server.sockets.codes import NO_KEY, POLICY
from service.keys.jwt import LEEWAY
from tests.functions.access.support import NOW, Keys
from tests.functions.routes.streaming import JPEG, MAIN, ONE
from tests.functions.support import served
from tests.service.keys.issuer import AUDIENCE, issuing
from tests.waiting import until


def across(url: str, headers: dict[str, str]) -> Iterator[bytes]:
    """Frames until a credential is over, and some more: a body that pauses for long would be a 408."""
    while httpx.get(f"{url}/v1/filters/blur", headers=headers).status_code != 401:
        yield JPEG
    yield JPEG + JPEG


def check_end(text: str, code: str) -> None:
    """The last line says why no other frame was answered."""
    *before, last = map(msgspec.json.decode, text.splitlines())
    assert [line["seq"] for line in before] == list(range(1, len(before) + 1))
    assert (last["seq"], last["problem"]["code"]) == (0, code)


def test_keys(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    with served(MAIN, {**ONE, "DARKROOM_AUTH": "keys", "DARKROOM_KEYS": str(keys.path)}) as url:
        for headers, code in (({}, NO_KEY), (keys.header("wrong"), NO_KEY), (keys.header("all-but-process"), POLICY)):
            with RawSocket.open(url, headers=headers) as client:
                assert client.end().code == code
        with RawSocket.open(url, headers=keys.header("process")) as client:
            client.frame(JPEG)
            assert client.said()["seq"] == 1


def test_a_key_without_the_scope_where_everybody_has_it(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    with (
        served(MAIN, {**ONE, "DARKROOM_AUTH": "none", "DARKROOM_KEYS": str(keys.path)}) as url,
        RawSocket.open(url, headers=keys.header("all-but-process")) as client,
    ):
        client.frame(JPEG)
        assert client.said()["seq"] == 1


@pytest.mark.parametrize("how", ["logged out", "revoked"])
def test_who_may_not_send_any_more(tmp_path: Path, how: str) -> None:
    """Of a stream that is open: by web socket, and in one body."""
    keys = Keys(tmp_path / "keys.json")
    with served(MAIN, {**ONE, "DARKROOM_AUTH": "keys", "DARKROOM_KEYS": str(keys.path)}) as url:
        page = {"Origin": url, "Sec-Fetch-Site": "same-origin"}

        def permitted() -> dict[str, str]:
            if how == "revoked":
                return keys.header("process")
            login = httpx.post(f"{url}/login", data={"key": keys.texts["process"]}, headers=page)
            return {**page, "Cookie": f"{SESSION_COOKIE}={login.cookies[SESSION_COOKIE]}"}

        def end(headers: dict[str, str]) -> None:
            if how == "revoked":
                keys.revoke("process")
            httpx.post(f"{url}/logout", headers=headers)

        def frames(headers: dict[str, str]) -> Iterator[bytes]:
            yield JPEG
            end(headers)
            yield from across(url, headers)

        def told() -> str:
            """What is answered to frames until the permission ends, which may be before the request is looked at."""
            for _ in range(9):
                other = permitted()
                answer = httpx.post(
                    f"{url}/v1/stream", content=frames(other), headers={**other, "Content-Type": "image/jpeg"}
                )
                if answer.status_code != 401:
                    break
            return answer.text

        one = permitted()
        with RawSocket.open(url, headers=one) as client:
            client.frame(JPEG)
            assert client.said()["seq"] == 1
            check_end(told(), "wrong_key")
            if how == "logged out":
                client.frame(JPEG)
                assert client.said()["seq"] == 2, "of the same key another session goes on"
                end(one)
                until(lambda: httpx.get(f"{url}/v1/filters/blur", headers=one).status_code == 401)
            client.frame(JPEG)
            refused: Any = client.said()
            assert refused["problem"]["code"] == "wrong_key"
            assert client.end().code == NO_KEY


@pytest.mark.parametrize(
    ("how", "code", "farewell"), [("revoked", "wrong_key", NO_KEY), ("scope", "wrong_scope", POLICY)]
)
@pytest.mark.parametrize("message", ["frame", "text"])
def test_what_comes_first_is_refused_too(tmp_path: Path, message: str, how: str, code: str, farewell: int) -> None:
    """Of a key that was good when the web socket was opened: a frame, and options without one."""
    keys = Keys(tmp_path / "keys.json")
    with served(MAIN, {**ONE, "DARKROOM_AUTH": "keys", "DARKROOM_KEYS": str(keys.path)}) as url:
        headers = keys.header("process")
        with RawSocket.open(url, headers=headers) as client:
            keys.change("process", **({"revoked": NOW} if how == "revoked" else {"scopes": ("read",)}))
            what = {"content": JPEG, "headers": headers}
            until(lambda: httpx.post(f"{url}/v1/process", **what).status_code in {401, 403})  # type: ignore[arg-type]
            client.frame(JPEG) if message == "frame" else client.options(pipeline="sepia")
            refused: Any = client.said()
            assert refused["problem"]["code"] == code
            assert client.end().code == farewell


def test_a_token_that_expires_ends_its_streams() -> None:
    with issuing() as issuer:
        oidc = {"DARKROOM_AUTH": "keys", "DARKROOM_OIDC_ISSUER": issuer.url, "DARKROOM_OIDC_AUDIENCE": AUDIENCE}
        with served(MAIN, {**ONE, **oidc}) as url:
            for seconds in (2, 8, 32, 128):  # as long as it takes a busy machine to open both
                token = issuer.token(scope="process read", exp=int(time.time()) - LEEWAY + seconds)
                headers = {"Authorization": f"Bearer {token}"}
                with RawSocket.open(url, headers=headers) as client:
                    client.frame(JPEG)
                    told = httpx.post(
                        f"{url}/v1/stream",
                        content=across(url, headers),
                        headers={**headers, "Content-Type": "image/jpeg"},
                    )
                    if told.status_code == 401:
                        continue
                    assert client.said()["seq"] == 1
                    check_end(told.text, "invalid_token")
                    client.frame(JPEG)
                    refused: Any = client.said()
                    assert refused["problem"]["code"] == "invalid_token"
                    assert client.end().code == NO_KEY
                    return
    pytest.fail("no stream was open before its token had expired")

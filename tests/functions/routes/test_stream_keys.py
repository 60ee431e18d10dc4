"""Who may open a stream where keys are asked for, and for how long."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from bench.sockets import RawSocket
from functions.access.auth import SESSION_COOKIE
from functions.server.sockets.codes import NO_KEY, POLICY
from tests.functions.access.support import Keys
from tests.functions.routes.streaming import JPEG, MAIN, ONE
from tests.functions.support import served
from tests.waiting import until


def test_keys(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")
    with served(MAIN, {**ONE, "DARKROOM_AUTH": "keys", "DARKROOM_KEYS": str(keys.path)}) as url:
        for headers, code in (({}, NO_KEY), (keys.header("wrong"), NO_KEY), (keys.header("all-but-process"), POLICY)):
            with RawSocket.open(url, headers=headers) as client:
                assert client.end().code == code
        with RawSocket.open(url, headers=keys.header("process")) as client:
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
            until(lambda: httpx.get(f"{url}/v1/filters/blur", headers=headers).status_code == 401)

        def frames(headers: dict[str, str]) -> Iterator[bytes]:
            yield JPEG
            end(headers)
            yield JPEG + JPEG

        one, other = permitted(), permitted()
        with RawSocket.open(url, headers=one) as client:
            client.frame(JPEG)
            assert client.said()["seq"] == 1
            told = httpx.post(
                f"{url}/v1/stream", content=frames(other), headers={**other, "Content-Type": "image/jpeg"}
            )
            first, last = map(msgspec.json.decode, told.text.splitlines())
            assert (first["seq"], last["seq"], last["problem"]["code"]) == (1, 0, "wrong_key")
            if how == "logged out":
                client.frame(JPEG)
                assert client.said()["seq"] == 2, "of the same key another session goes on"
                end(one)
            client.frame(JPEG)
            refused: Any = client.said()
            assert refused["problem"]["code"] == "wrong_key"
            assert client.end().code == NO_KEY

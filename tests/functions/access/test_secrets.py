"""No secret is told: a server's log, answers and command lines after requests that carry every kind of secret."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest

from functions.access.auth import SESSION_COOKIE
from functions.server.log import redacted
from service.render.links import sign_url
from tests.conftest import ROOT
from tests.functions.access.support import Keys
from tests.functions.support import BIN, PATIENT, clean_environment, picture, wait_for
from tests.waiting import PATIENCE, until
from tools.ports import free_port

SIGNING_KEY = "the signing key of the tests, 32 or more"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzb21lb25lIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
SESSION = f"ds_{'ab' * 8}.{int(time.time()) + 99}.{'Q' * 43}"


class Running(msgspec.Struct):
    """A server as a process."""

    url: str
    keys: Keys
    log: Path
    pid: int


@pytest.fixture(scope="module", params=["python-main", "functions-framework"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("secrets")
    for name in ("in", "own"):
        (folder / name).mkdir()
    (folder / "in" / "a.png").write_bytes(picture())
    keys, port, log = Keys(folder / "keys.json"), str(free_port()), folder / "log"
    commands = {
        "python-main": [BIN / "python", "main.py"],
        "functions-framework": [BIN / "functions-framework", "--target=handle", "--host=127.0.0.1", f"--port={port}"],
    }
    settings = {
        "AUTH": "keys", "KEYS": str(keys.path), "FILES": str(folder), "RESULTS": "file://own", "SOURCES": "file://in/",
        "DATA": str(folder / "data"), "SIGNING_KEY": SIGNING_KEY, "LOG_LEVEL": "debug", "WORKERS": "2",
        "CATALOG": "sqlite", "OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_AUDIENCE": "darkroom",
    }  # fmt: skip
    environment = clean_environment(
        PORT=port, **PATIENT, **{f"DARKROOM_{name}": value for name, value in settings.items()}
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            commands[request.param], cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            yield Running(f"http://127.0.0.1:{port}", keys, log, process.pid)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def command_lines(pid: int) -> bytes:
    """The command lines of a process and its children."""
    found = Path(f"/proc/{pid}/cmdline").read_bytes()
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += b"".join(command_lines(int(child)) for child in (task / "children").read_text().split())
    return found


def everything(running: Running) -> tuple[list[str], list[httpx.Response]]:
    """Send each kind of secret in each place where it may be, and where it may not; the secrets and the answers."""
    key, wrong, expired = (running.keys.texts[name] for name in ("all", "wrong", "expired"))
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=running.url, timeout=PATIENCE) as client:

        def send(method: str, path: str, **more: object) -> httpx.Response:
            answers.append(client.request(method, path, **more))  # type: ignore[arg-type]
            return answers[-1]

        for text in (key, wrong, expired, TOKEN, SESSION):
            send("GET", "/v1/images", headers={"X-Api-Key": text})
            send("GET", "/v1/images", headers={"Authorization": f"Bearer {text}"})
            send("GET", "/v1/images", headers={"Cookie": f"{SESSION_COOKIE}={text}"})
            send("GET", f"/v1/filters?key={text}", headers={"X-Api-Key": key})
            send("GET", f"/{text}", headers={"X-Api-Key": key})
            send("GET", f"/v1/images/{quote(text)}", headers={"X-Api-Key": key})
            send("GET", "/v1/filters", headers={"X-Api-Key": key, "X-Request-Id": text})
            send("POST", "/v1/process?pipeline=blur", content=text.encode(), headers={"X-Api-Key": key})
            send("POST", "/login", data={"key": text}, headers={"Cookie": "a=b"})
        session = client.post("/login", data={"key": key}).cookies[SESSION_COOKIE]
        client.cookies.clear()
        send("GET", "/", headers={"Cookie": f"{SESSION_COOKIE}={session}"})
        signed = sign_url(SIGNING_KEY, "/v1/render/blur/-/file/in/a.png")
        signature = signed.rpartition("=")[2]
        send("GET", signed, headers={"X-Api-Key": key})
        send("GET", signed.replace("blur", "sepia"), headers={"X-Api-Key": key})
        upload = client.post(
            "/v1/uploads", json={"content_type": "image/png", "bytes": len(picture())}, headers={"X-Api-Key": key}
        ).json()
        for content in (b"short", picture(), picture()):
            send("PUT", upload["url"], content=content, headers=upload["headers"])
        assert [answer.status_code for answer in answers[-3:]] == [400, 201, 412]
    secrets = [key, wrong, expired, TOKEN, SESSION, session, signature, upload["url"].rpartition("/")[2], SIGNING_KEY]
    return secrets, answers


def test_no_secret_is_told(running: Running) -> None:
    secrets, answers = everything(running)
    assert len({answer.status_code for answer in answers}) > 5
    assert not [answer for answer in answers if answer.status_code == 500]
    until(lambda: running.log.read_text().count('"status"') >= len(answers), "the last line of the log")
    log, commands = running.log.read_text(), command_lines(running.pid)
    told = "\n".join(answer.text for answer in answers)
    told += "\n".join(
        value for answer in answers for name, value in answer.headers.items() if name != "set-cookie"
    )  # which is where a session is handed out
    for secret in secrets:
        for part in (secret, secret[-20:]):
            assert part not in log, "in the log"
            assert part not in told, "in an answer"
            assert part.encode() not in commands, "in a command line"
    assert "/v1/uploads/…" in log, "the lines are there, and only the secret is not"
    assert f'"caller":"key:{running.keys.kept["all"].id}"' in log


REDACTED = {
    "a key": ("GET /dk_" + "a" * 43, "GET /dk_…"), "a key in JSON": (f'{{"key":"dk_{"-_" * 21}a"}}', '{"key":"dk_…"}'),
    "a token": (f"Bearer {TOKEN}", "Bearer eyJ…"), "a session": (f"x={SESSION};", f"x={SESSION.rpartition('.')[0]}.…;"),
    "an upload": ("PUT /v1/uploads/ab-c_d.ef-g 201", "PUT /v1/uploads/… 201"),
    "a signed link": ("/a?sig=abc123&format=png", "/a?sig=…&format=png"),
    "a cloud's signature": ("https://b/k?X-Amz-Date=1&X-Amz-Signature=ab12", "https://b/k?X-Amz-Date=1&X-Amz-Signature=…"),
    "nothing": ("GET /v1/uploads and dk_short, design=1, 12.5", "GET /v1/uploads and dk_short, design=1, 12.5"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), REDACTED.values(), ids=REDACTED)
def test_redacted(text: str, shown: str) -> None:
    assert redacted(text) == shown

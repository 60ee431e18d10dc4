"""The client's key: where it is looked for, what carries it, and who never gets it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from darkroom_client import BadKeyError, Darkroom, RefusedError, find_key
from darkroom_client.cli.main import main
from darkroom_client.keys import exposed_file

from tests.clients.python.fault_server import FaultServer, problem
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    import subprocess

KEY = "dk_" + "k" * 43
OTHER = "dk_" + "o" * 43
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmVk"


@pytest.fixture(autouse=True)
def no_key_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DARKROOM_KEY", "DARKROOM_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "a.key"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    return path


FOUND: dict[str, tuple[bool, dict[str, str], str | None]] = {
    "nowhere": (False, {}, None), "empty variables": (False, {"DARKROOM_KEY": "", "DARKROOM_KEY_FILE": ""}, None),
    "a file": (True, {}, KEY), "a variable": (False, {"DARKROOM_KEY": f" {OTHER}\n"}, OTHER),
    "a file's variable": (False, {"DARKROOM_KEY_FILE": "FILE"}, KEY),
    "a file before a variable": (True, {"DARKROOM_KEY": OTHER}, KEY),
    "a variable before a file's": (False, {"DARKROOM_KEY": OTHER, "DARKROOM_KEY_FILE": "FILE"}, OTHER),
}  # fmt: skip


@pytest.mark.parametrize(("named", "environ", "key"), FOUND.values(), ids=FOUND)
def test_where_a_key_is_found(key_file: Path, named: bool, environ: dict[str, str], key: str | None) -> None:
    given = {name: value.replace("FILE", str(key_file)) for name, value in environ.items()}
    assert find_key(key_file if named else None, given) == key


def test_a_byte_order_mark_is_no_part_of_it(key_file: Path) -> None:
    key_file.write_text(f"{KEY}\r\n", "utf-8-sig")
    assert find_key(key_file) == KEY


@pytest.mark.parametrize("text", ["", "\n", "dk_two words", "ключ", "a\x00b", "k" * 9000])
def test_what_is_no_key_is_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(BadKeyError) as caught:
        find_key(tmp_path / "k")
    assert "has no key" in str(caught.value)
    assert not text.strip() or text.strip() not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "header", "value"), [(KEY, "X-Api-Key", KEY), (TOKEN, "Authorization", f"Bearer {TOKEN}")]
)
def test_what_carries_it(server: FaultServer, key: str, header: str, value: str) -> None:
    with Darkroom(server.url, key=key) as darkroom:
        darkroom.process(b"x")
        darkroom.version()
    assert [request.headers[header] for request in server.seen] == [value, value]


def test_another_host_never_gets_it(server: FaultServer) -> None:
    with FaultServer() as elsewhere, Darkroom(server.url, key=KEY, retries=0) as darkroom:
        server.script.append(problem(307, {"Location": f"{elsewhere.url}/v1/version"}))
        with pytest.raises(RefusedError):
            darkroom.version()
        assert elsewhere.seen == []


def test_the_command_sends_the_key_of_a_file(
    darkroom: Callable[..., int], server: FaultServer, photo: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert darkroom("run", "blur", photo, "--key-file", key_file) == 0
    assert darkroom("--key-file", key_file, "version") == 0
    monkeypatch.setenv("DARKROOM_KEY", OTHER)
    assert darkroom("version") == 0
    assert [request.headers["X-Api-Key"] for request in server.seen] == [KEY, KEY, OTHER]


def test_a_missing_file_is_wrong_usage(
    darkroom: Callable[..., int], server: FaultServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert darkroom("version", "--key-file", tmp_path / "absent") == 2
    assert "the key cannot be read" in capsys.readouterr().err
    assert server.seen == []


REFUSALS: dict[str, tuple[int, str, dict[str, str], str]] = {
    "no key": (401, "unauthorized", {}, "--key-file FILE, or DARKROOM_KEY_FILE=FILE"),
    "a wrong key": (401, "wrong_key", {}, "--key-file FILE, or DARKROOM_KEY_FILE=FILE"),
    "a scope": (403, "wrong_scope", {}, "why it is refused"),
    "a budget": (429, "budget_spent", {"Retry-After": "7200"}, "wait 7200 s"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "code", "headers", "advice"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_say_what_helps(
    darkroom: Callable[..., int], server: FaultServer, photo: Path, capsys: pytest.CaptureFixture[str],
    status: int, code: str, headers: dict[str, str], advice: str,
) -> None:  # fmt: skip
    server.script.append(problem(status, headers, code=code, detail="This is why it is refused."))
    assert darkroom("run", "blur", photo) == 4
    error = capsys.readouterr().err
    assert "why it is refused" in error
    assert advice in error
    assert len(server.seen) == 1


def test_of_many_pictures_the_first_refusal_of_a_key_ends_it(
    darkroom: Callable[..., int], server: FaultServer, tmp_path: Path
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.jpg").write_bytes(b"x")
    server.usual = problem(401, {}, code="wrong_key", detail="No.")
    assert darkroom("run", "blur", tmp_path, "-o", tmp_path / "out", "-j", "2") == 4
    assert len(server.seen) < 20


def test_a_rate_is_waited_for(server: FaultServer) -> None:
    server.script.append(problem(429, {"Retry-After": "0"}, code="rate_limited", detail="Slower."))
    with Darkroom(server.url, key=KEY) as darkroom:
        assert darkroom.version() == {"version": "1.2.3"}
    assert len(server.seen) == 2


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
def test_no_process_list_shows_it(
    spawn: Callable[..., "subprocess.Popen[bytes]"], server: FaultServer, key_file: Path
) -> None:
    command = b""
    for _ in range(20):  # it may be over before we look
        with spawn("version", "--key-file", key_file) as process:
            command = command or Path(f"/proc/{process.pid}/cmdline").read_bytes()
            process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        if command:
            break
    assert os.fsencode(key_file) in command
    assert KEY.encode() not in command
    assert server.seen[0].headers["X-Api-Key"] == KEY


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such bits")
@pytest.mark.parametrize(
    ("mode", "is_exposed"), [(0o600, False), (0o400, False), (0o644, True), (0o640, True), (0o604, True)]
)
def test_a_key_file_that_others_may_read(key_file: Path, mode: int, is_exposed: bool) -> None:
    key_file.chmod(mode)
    expected = str(key_file) if is_exposed else None
    assert exposed_file(key_file, {}) == expected
    assert exposed_file(None, {"DARKROOM_KEY_FILE": str(key_file)}) == expected
    assert exposed_file(None, {"DARKROOM_KEY": KEY, "DARKROOM_KEY_FILE": str(key_file)}) is None


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such bits")
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_command_warns_of_such_a_file(
    key_file: Path, mode: int, nowhere: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file.chmod(mode)
    main(["filters", "--server", nowhere, "--key-file", str(key_file)])
    told = capsys.readouterr().err
    assert (f"Warning: other users may read the key in {key_file}" in told) == (mode == 0o644)
    assert KEY not in told

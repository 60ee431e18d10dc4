"""`python -m functions.jobs.keys`: make, list, revoke and rotate keys."""

import re
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from functions.jobs.keys import main
from service.keys.file import read_key_file
from service.keys.key import SECRET, Key, digest_of_key
from tests.conftest import ROOT

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def call(path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def called(command: str, *words: str) -> tuple[int, str, str]:
        try:
            code = main([command, *words, "--file", str(path)])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return called


def kept(path: Path) -> list[Key]:
    return list(read_key_file(path).values())


def test_a_new_key_is_shown_once_and_kept_as_its_digest(call: Call, path: Path) -> None:
    code, out, err = call(
        "new", "--name", "cli", "--scopes", "read,process", "--expires", "90d", "--rate", "10", "--budget", "3600"
    )
    assert code == 0
    assert SECRET.fullmatch(out.strip())
    (key,) = kept(path)
    assert key.sha256 == digest_of_key(out.strip())
    assert out.strip() not in path.read_text()
    assert (key.name, key.scopes, key.rate, key.budget) == ("cli", ("process", "read"), 10.0, 3600.0)
    assert key.expires is not None
    assert timedelta(days=89, hours=23) < key.expires - datetime.now(UTC) <= timedelta(days=90)
    assert key.id in err
    assert out.strip() not in call("list")[1]


def test_a_key_is_saved_for_its_owner_only(call: Call, path: Path, tmp_path: Path) -> None:
    saved = tmp_path / "a.key"
    code, out, _ = call("new", "--name", "a", "--scopes", "read", "--save", str(saved))
    assert (code, out) == (0, "")
    assert stat.S_IMODE(saved.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept(path)[0].sha256 == digest_of_key(saved.read_text().strip())
    code, _, err = call("new", "--name", "b", "--scopes", "read", "--save", str(saved))
    assert (code, "exists already" in err, len(kept(path))) == (1, True, 1)


def test_a_key_that_cannot_be_kept_is_not_saved(call: Call, path: Path, tmp_path: Path) -> None:
    path.write_text("{")
    code, _, err = call("new", "--name", "a", "--scopes", "read", "--save", str(tmp_path / "a.key"))
    assert (code, "not a list of keys" in err) == (1, True)
    assert not (tmp_path / "a.key").exists()
    assert path.read_text() == "{"


def test_revoke(call: Call, path: Path) -> None:
    call("new", "--name", "a", "--scopes", "read")
    call("new", "--name", "b", "--scopes", "read")
    assert call("revoke", "a")[0] == 0
    assert [(key.name, key.revoked is not None) for key in kept(path)] == [("a", True), ("b", False)]
    assert re.search(r"^a .* revoked$", call("list")[1], re.MULTILINE)
    assert call("revoke", "a") == (1, "", 'There is no valid key with the name or id "a".\n')
    assert call("revoke", kept(path)[1].id)[0] == 0


def test_rotate_overlaps(call: Call, path: Path) -> None:
    call("new", "--name", "a", "--scopes", "read,write", "--expires", "30d", "--rate", "5", "--budget", "60")
    code, out, _ = call("rotate", "a", "--overlap", "2d")
    assert code == 0
    old, new = kept(path)
    assert new.sha256 == digest_of_key(out.strip())
    assert (new.name, new.scopes, new.rate, new.budget) == ("a", ("read", "write"), 5.0, 60.0)
    now = datetime.now(UTC)
    assert old.expires is not None
    assert new.expires is not None
    assert timedelta(days=1, hours=23) < old.expires - now <= timedelta(days=2)
    assert timedelta(days=29, hours=23) < new.expires - now <= timedelta(days=30)
    code, _, err = call("rotate", "a")
    assert code == 1
    assert old.id in err
    assert new.id in err
    assert call("rotate", new.id, "--overlap", "1m")[0] == 0
    assert len(kept(path)) == 3


def test_rotate_does_not_prolong(call: Call, path: Path) -> None:
    call("new", "--name", "a", "--scopes", "read", "--expires", "1h")
    before = kept(path)[0].expires
    told = call("rotate", "a", "--overlap", "7d")
    assert kept(path)[0].expires == before
    assert before is not None
    assert f"the old one ({kept(path)[0].id}) until {before:%Y-%m-%d %H:%M}" in "".join(map(str, told))


WRONG = {
    "no name": ["new", "--scopes", "read"], "no scopes": ["new", "--name", "a"],
    "public": ["new", "--name", "a", "--scopes", "public"],
    "an unknown scope": ["new", "--name", "a", "--scopes", "all"],
    "an empty scope": ["new", "--name", "a", "--scopes", ""], "a name": ["new", "--name", "../a", "--scopes", "read"],
    "a time": ["new", "--name", "a", "--scopes", "read", "--expires", "soon"],
    "no time": ["new", "--name", "a", "--scopes", "read", "--expires", "0d"],
    "a rate": ["new", "--name", "a", "--scopes", "read", "--rate", "-1"],
    "no number": ["new", "--name", "a", "--scopes", "read", "--budget", "nan"], "a command": ["make"],
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage(call: Call, path: Path, words: list[str]) -> None:
    assert call(*words)[0] == 2
    assert not path.exists()


@pytest.mark.parametrize("command", ["list", "revoke", "rotate"])
def test_a_missing_file(call: Call, command: str) -> None:
    code, _, err = call(command, *([] if command == "list" else ["a"]))
    assert code == 1
    assert "No such file" in err or "no valid key" in err


def test_the_file_of_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other.json"
    monkeypatch.setenv("DARKROOM_KEYS", str(other))
    assert main(["new", "--name", "a", "--scopes", "read"]) == 0
    monkeypatch.setenv("DARKROOM_KEYS", '{"keys": []}')
    assert main(["new", "--name", "b", "--scopes", "read"]) == 0
    assert [[key.name for key in kept(one)] for one in (other, tmp_path / "keys.json")] == [["a"], ["b"]]


def test_help_teaches() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "functions.jobs.keys", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(word in done.stdout for word in ("new", "list", "revoke", "rotate", "--save", "DARKROOM_KEYS"))

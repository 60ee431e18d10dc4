"""The file of the keys: read strictly, replaced in one step, for its owner only."""

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from service.keys.file import MAX_KEYS, KeyFileError, parse_keys, read_key_file, update_key_file, write_secret
from service.keys.key import Key, new_key

_, KEY = new_key("laptop", ["read"])
GOOD = msgspec.to_builtins(KEY)


@pytest.mark.parametrize("before", [None, 0o644, 0o600])
def test_only_its_owner_may_read_it(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "keys.json"
    if before is not None:
        path.write_text('{"keys": []}')
        path.chmod(before)
    update_key_file(path, lambda keys: [*keys, KEY])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path) == {KEY.sha256: KEY}
    assert [found.name for found in tmp_path.iterdir()] == ["keys.json"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "keys.json"
    link.symlink_to(tmp_path / "there" / "real.json")
    update_key_file(link, lambda _: [KEY])
    assert link.is_symlink()
    assert read_key_file(tmp_path / "there" / "real.json") == {KEY.sha256: KEY}


def test_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = [new_key(f"k{number}", ["read"])[1] for number in range(24)]
    threads = [
        threading.Thread(target=update_key_file, args=(path, lambda keys, one=one: [*keys, one])) for one in made
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_key_file(path).values()) == set(made)


def test_what_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    update_key_file(path, lambda _: [KEY])
    before = path.read_bytes()

    def fails(_: list[Key]) -> list[Key]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        update_key_file(path, fails)
    with pytest.raises(KeyFileError):
        update_key_file(path, lambda keys: [*keys, KEY])
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["keys.json"]


def test_a_secret_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    write_secret(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_secret(path, b"two")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        write_secret(tmp_path / "link", b"three")
    assert path.read_bytes() == b"one"
    assert not (tmp_path / "elsewhere").exists()


BAD: dict[str, object] = {
    "a list": [], "nothing": {}, "another member": {"keys": [], "more": 1}, "keys that are no list": {"keys": {}},
    **{
        f"{name}={value}": {"keys": [{**GOOD, name: value}]}
        for name, value in [
            ("scopes", ["all"]), ("scopes", ["public"]), ("scopes", "read"), ("sha256", "abc"), ("sha256", "G" * 64),
            ("id", "../../etc"), ("id", "0" * 16 + "\n"), ("name", ""), ("name", "a b"), ("name", "<b>"),
            ("created", "yesterday"), ("created", "2026-11-30T00:00:00"), ("expires", 5), ("rate", 0), ("rate", -1),
            ("rate", "ten"), ("budget", -1), ("revoked", True), ("note", "x"),
        ]
    },
    "two of one id": {"keys": [GOOD, {**GOOD, "sha256": "0" * 64}]},
    "two of one digest": {"keys": [GOOD, {**GOOD, "id": "0" * 16}]},
    "too many": {"keys": [{**GOOD, "id": f"{n:016x}", "sha256": f"{n:064x}"} for n in range(MAX_KEYS + 1)]},
}  # fmt: skip


@pytest.mark.parametrize("document", BAD.values(), ids=BAD)
def test_anything_else_is_refused(document: object) -> None:
    with pytest.raises(KeyFileError):
        parse_keys(msgspec.json.encode(document))


NO_KEYS = {
    "empty": (b"", "it is empty"), "white space": (b" \r\n", "it is empty"),
    "a mark alone": (b"\xef\xbb\xbf", "it is empty"),
    "begun": (b"{", "truncated"), "broken off": (b'{"keys": [{', "truncated"), "no text": (b"\xff", "malformed"),
    "deep": (b"[" * 100_000, "."), "null": (b"null", "object"), "a comment": (b"# keys", "malformed"),
    "a comma too much": (b'{"keys": [],}', "trailing comma"),
    "UTF-16": ('{"keys": []}'.encode("utf-16"), "it is in UTF-16; save it as UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_json_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(KeyFileError, match=why):
        parse_keys(text)


@pytest.mark.parametrize("edited", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_what_editors_of_other_systems_make_of_it_is_read(edited: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    update_key_file(path, lambda _: [KEY])
    path.write_bytes(edited(path.read_bytes()))
    assert read_key_file(path) == {KEY.sha256: KEY}


def test_what_does_not_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large.json").touch()
    os.truncate(tmp_path / "large.json", 2**40)
    endless = {Path("/dev/zero"): "regular", tmp_path / "pipe": "regular", tmp_path / "large.json": "1099"}
    for path, why in endless.items():
        with pytest.raises(KeyFileError, match=why):
            read_key_file(path)

"""The keys of a server that runs: followed in their file, and never open by mistake."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from service.errors import ExpiredKeyError, KeysUnreadableError, WrongKeyError
from service.keys import ring
from service.keys.file import KeyFileError, update_key_file
from service.keys.key import Key, new_key
from service.keys.ring import CHECK_SECONDS, GRACE_SECONDS, KeyRing

TEXT, KEY = new_key("laptop", ["read"])
OTHER_TEXT, OTHER = new_key("other", ["write"])
REVOKED = msgspec.structs.replace(KEY, revoked=datetime.now(UTC))
EXPIRED = msgspec.structs.replace(KEY, expires=datetime.now(UTC) - timedelta(seconds=1))


class Clock:
    """The monotonic clock of the ring, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(ring, "time", clock)
    return clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    update_key_file(path, lambda _: [KEY, OTHER])
    return path


def test_a_key_is_found_and_any_other_is_not(path: Path) -> None:
    keys = KeyRing.open(str(path))
    assert (keys.find(TEXT), keys.find(OTHER_TEXT), keys.by_id(KEY.id)) == (KEY, OTHER, KEY)


WRONG = {
    "nothing": "", "another": "dk_" + "a" * 43, "its digest": KEY.sha256, "its id": KEY.id,
    "one letter less": TEXT[:-1], "one more": TEXT + "a", "in capitals": TEXT.upper(), "with a line": TEXT + "\n",
    "with a space": " " + TEXT,
    "a name": "laptop", "beyond ASCII": "dk_" + "é" * 43, "long": "dk_" + "a" * 10_000_000,
    "its padding": TEXT + "=",
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_no_key(path: Path, text: str) -> None:
    with pytest.raises(WrongKeyError) as caught:
        KeyRing.open(str(path)).find(text)
    assert len(text) < 8 or text not in caught.value.detail


def test_json_of_the_environment() -> None:
    text = msgspec.json.encode({"keys": [KEY]}).decode()
    for before in (" ", "\ufeff"):
        assert KeyRing.open(f"{before}{text}").find(TEXT) == KEY
    with pytest.raises(KeyFileError):
        KeyRing.open('{"keys": 1}')


CHANGES: dict[str, tuple[Callable[[list[Key]], list[Key]], type[Exception]]] = {
    "revoked": (lambda _: [REVOKED, OTHER], WrongKeyError), "removed": (lambda _: [OTHER], WrongKeyError),
    "expired": (lambda _: [EXPIRED, OTHER], ExpiredKeyError), "all removed": (lambda _: [], WrongKeyError),
}  # fmt: skip


@pytest.mark.parametrize(("change", "error"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_file_counts(
    path: Path, clock: Clock, change: Callable[[list[Key]], list[Key]], error: type[Exception]
) -> None:
    keys = KeyRing.open(str(path))
    assert keys.find(TEXT) == KEY
    update_key_file(path, change)
    clock.now += CHECK_SECONDS
    for ask, what in ((keys.find, TEXT), (keys.by_id, KEY.id)):
        with pytest.raises(error):
            ask(what)


def test_a_new_key_is_known(path: Path, clock: Clock) -> None:
    keys = KeyRing.open(str(path))
    text, key = new_key("new", ["read"])
    with pytest.raises(WrongKeyError):
        keys.find(text)
    update_key_file(path, lambda known: [*known, key])
    clock.now += CHECK_SECONDS
    assert keys.find(text) == key


def test_a_secret_that_a_platform_replaces_by_a_link(tmp_path: Path, path: Path, clock: Clock) -> None:
    link, second = tmp_path / "mounted", tmp_path / "second.json"
    link.symlink_to(path)
    keys = KeyRing.open(str(link))
    update_key_file(second, lambda _: [OTHER])
    (tmp_path / "next").symlink_to(second)
    (tmp_path / "next").replace(link)
    clock.now += CHECK_SECONDS
    with pytest.raises(WrongKeyError):
        keys.find(TEXT)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "half written": lambda path: path.write_bytes(path.read_bytes()[:100]), "emptied": lambda path: path.write_text(""),
    "deleted": Path.unlink, "a folder": lambda path: (path.unlink(), path.mkdir()),
    "an unknown scope": lambda path: path.write_text(path.read_text().replace("read", "everything")),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_file_that_cannot_be_read_closes_the_door(
    path: Path, clock: Clock, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    keys = KeyRing.open(str(path))
    damage(path)
    clock.now += CHECK_SECONDS
    assert keys.find(TEXT) == KEY, "an editor may be saving it"
    with pytest.raises(WrongKeyError):
        keys.find("dk_" + "a" * 43)
    clock.now += GRACE_SECONDS + 0.1
    for _ in range(3):
        with pytest.raises(KeysUnreadableError):
            keys.find(TEXT)
        clock.now += CHECK_SECONDS
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "DARKROOM_KEYS cannot be read" in caplog.text
    if path.is_dir():
        path.rmdir()
    update_key_file(path.with_name("new.json"), lambda _: [KEY])
    path.with_name("new.json").replace(path)
    clock.now += CHECK_SECONDS
    assert keys.find(TEXT) == KEY, "once it is mended, it counts again"


def test_a_file_that_went_while_nobody_asked_closes_the_door_at_once(path: Path, clock: Clock) -> None:
    keys = KeyRing.open(str(path))
    path.unlink()
    clock.now += GRACE_SECONDS + 1
    with pytest.raises(KeysUnreadableError):
        keys.find(TEXT)


def test_the_file_is_looked_at_seldom(path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = KeyRing.open(str(path))
    looked: list[Path] = []
    monkeypatch.setattr(ring, "_stamp", lambda path: looked.append(path) or keys._stamp)
    for _ in range(1000):
        keys.find(TEXT)
    assert len(looked) == 1


def test_a_revoked_key_is_refused_in_time() -> None:
    """Within 30 s, by real seconds: the file is looked at every few, and a damaged one is trusted for less."""
    assert CHECK_SECONDS + GRACE_SECONDS < 30

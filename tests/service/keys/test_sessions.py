"""Sessions: signed by the server, bound to a key, and over with it."""

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from core.errors import DarkroomError
from service.keys import sessions
from service.keys.key import new_key
from service.keys.ring import KeyRing
from service.keys.sessions import SESSION_SECONDS, begin_session, end_session, key_of_session
from service.shared_set import SETS, WAYS, SharedSet

TEXT, KEY = new_key("laptop", ["read"])
_, OTHER = new_key("other", ["admin"])
SECRET = b"s" * 32
RING = KeyRing(None, {KEY.sha256: KEY, OTHER.sha256: OTHER})
NOW = int(time.time())
NONE_ENDED = SharedSet.open("none")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sessions, "time", SimpleNamespace(time=lambda: NOW))
    return begin_session(KEY, SECRET)


def refused(text: str, ring: KeyRing = RING, secret: bytes = SECRET, ended: SharedSet = NONE_ENDED) -> bool:
    try:
        key_of_session(text, ring, secret, ended)
    except DarkroomError as error:
        assert error.status == 401
        return True
    return False


def test_a_session_names_its_key_and_does_not_hold_it(session: str) -> None:
    assert key_of_session(session, RING, SECRET, NONE_ENDED) == KEY
    assert TEXT not in session
    assert KEY.sha256 not in session


def test_it_is_over_in_time(session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, over in ((SESSION_SECONDS - 1, False), (SESSION_SECONDS, True)):
        monkeypatch.setattr(sessions, "time", SimpleNamespace(time=lambda seconds=seconds: NOW + seconds))
        assert refused(session) is over


def test_every_letter_counts(session: str) -> None:
    for at in range(len(session)):
        other = "0" if session[at] != "0" else "1"
        assert refused(session[:at] + other + session[at + 1 :])


ALTERED = {
    "another key": lambda text: text.replace(KEY.id, OTHER.id),
    "a later end": lambda text: text.replace(str(NOW)[:4], "9999"),
    "no end": lambda text: ".".join(text.split(".")[::2]), "no mac": lambda text: text.rpartition(".")[0] + ".",
    "a minus": lambda text: text.replace(".", ".-", 1), "other digits": lambda text: text.replace(".1", ".¹", 1),
    "a long end": lambda text: text.replace(".", "." + "9" * 5000, 1), "nothing": lambda _: "", "dots": lambda _: "...",
    "the digest": lambda _: f"ds_{KEY.id}.{NOW + 99}.{KEY.sha256}",
}  # fmt: skip


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_altered_ones(session: str, alter: object) -> None:
    assert refused(alter(session))  # type: ignore[operator]


def test_it_ends_with_its_key_and_with_the_secret(session: str) -> None:
    now = datetime.now(UTC)
    for gone in (msgspec.structs.replace(KEY, revoked=now), msgspec.structs.replace(KEY, expires=now)):
        assert refused(session, KeyRing(None, {gone.sha256: gone}))
    assert refused(session, KeyRing(None, {}))
    assert refused(session, secret=b"t" * 32)
    _, rotated = new_key("laptop", ["read"])
    same_id = msgspec.structs.replace(rotated, id=KEY.id)
    assert refused(session, KeyRing(None, {same_id.sha256: same_id}))


def test_it_ends_when_its_holder_logs_out(session: str) -> None:
    ended, other = SharedSet.open("none"), begin_session(KEY, SECRET)
    assert other != session, "even of the same key in the same second"
    for text in ("", "ds_", session[:-1], f"{session}x"):
        with pytest.raises(DarkroomError):
            end_session(text, RING, SECRET, ended)
    assert not refused(session, ended=ended)
    end_session(session, RING, SECRET, ended)
    assert refused(session, ended=ended)
    assert refused(session.replace(".", ".0", 1), ended=ended), "another spelling of the same"
    assert not refused(other, ended=ended)


def test_no_number_of_logouts_brings_one_back(session: str, tmp_path: Path) -> None:
    """Whoever has a copy of its cookie, and a key of their own."""
    ended = SharedSet.open("ended", tmp_path)
    end_session(session, RING, SECRET, ended)
    for _ in range(3 * SETS * WAYS):
        end_session(begin_session(OTHER, SECRET), RING, SECRET, ended)
    assert refused(session, ended=ended)

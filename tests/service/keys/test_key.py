"""What is kept of a key, and what is not."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from service.keys.key import SECRET, digest_of_key, new_key

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def test_only_the_digest_is_kept() -> None:
    text, key = new_key("laptop", ["read", "process", "read"], rate=2.0)
    assert SECRET.fullmatch(text)
    kept = msgspec.json.encode(key).decode()
    assert text not in kept
    assert text.removeprefix("dk_") not in kept
    assert key.sha256 == digest_of_key(text)
    assert (key.name, key.scopes, key.rate, key.budget, key.expires) == ("laptop", ("read", "process"), 2.0, None, None)


def test_keys_do_not_repeat() -> None:
    made = [new_key("a", ["read"]) for _ in range(1000)]
    assert len({text for text, _ in made}) == len({key.id for _, key in made}) == 1000
    assert len({text[3:7] for text, _ in made}) > 900, "the first letters are as random as the others"


@pytest.mark.parametrize(
    ("expires", "revoked", "usable"),
    [
        (None, None, True),
        (NOW + timedelta(seconds=1), None, True),
        (NOW, None, False),
        (NOW - timedelta(days=1), None, False),
        (None, NOW - timedelta(days=1), False),
        (None, NOW + timedelta(days=1), False),
    ],
    ids=str,
)
def test_when_a_key_is_usable(expires: datetime | None, revoked: datetime | None, usable: bool) -> None:
    _, key = new_key("a", ["read"], expires=expires)
    assert msgspec.structs.replace(key, revoked=revoked).is_usable(NOW) is usable

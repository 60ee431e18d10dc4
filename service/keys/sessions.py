"""Sessions of people who have logged in with a key: a signed text that names the key, and does not hold it.

`ds_id.until.signature`: the signature is eight random letters, so that no two sessions are the same, and an HMAC-SHA256
under the server's secret and the key's digest. A session ends with its key, or when its holder logs out.
"""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from typing import NamedTuple

from service.errors import WrongKeyError
from service.keys.key import Key
from service.keys.ring import KeyRing
from service.shared_set import SharedSet

_PREFIX = "ds_"
"""By which the log knows what it must not show."""
SESSION_SECONDS = 12 * 3600
_PURPOSE = b"darkroom-session-2."
"""Part of the signed text, so that no signature of another kind under the same secret is valid here."""
_LETTERS = 8


class _Session(NamedTuple):
    """What a session's text says."""

    key: Key
    until: int
    signature: str


def begin_session(key: Key, secret: bytes) -> str:
    """The text of a session that begins now."""
    until = int(time.time()) + SESSION_SECONDS
    return f"{_PREFIX}{key.id}.{until}.{_signature(key, until, secrets.token_urlsafe(6), secret)}"


def key_of_session(text: str, keys: KeyRing, secret: bytes, ended: SharedSet) -> Key:
    """The key that a session began with. WrongKeyError, ExpiredKeyError (401), KeysUnreadableError (503)."""
    session = _read(text, keys, secret)
    if ended.may_have(session.signature, session.until):
        raise WrongKeyError("The session was ended by logging out.")
    return session.key


def end_session(text: str, keys: KeyRing, secret: bytes, ended: SharedSet) -> None:
    """End a session before its time. Errors as in `key_of_session`: nothing is noted of a text that is none."""
    session = _read(text, keys, secret)
    ended.add(session.signature, session.until)


def _read(text: str, keys: KeyRing, secret: bytes) -> _Session:
    prefixed, _, rest = text.partition(".")
    until, _, signature = rest.partition(".")
    if not (prefixed.startswith(_PREFIX) and until.isascii() and until.isdigit() and len(until) <= 12):
        raise WrongKeyError("This is not a session.")
    key = keys.by_id(prefixed.removeprefix(_PREFIX))
    signed = _signature(key, int(until), signature[:_LETTERS], secret)
    if not hmac.compare_digest(signature.encode(), signed.encode()) or time.time() >= int(until):
        raise WrongKeyError("The session is not valid, or is over.")
    return _Session(key, int(until), signature)


def _signature(key: Key, until: int, letters: str, secret: bytes) -> str:
    text = _PURPOSE + f"{key.id}.{until}.{letters}.{key.sha256}".encode()
    return letters + urlsafe_b64encode(hmac.new(secret, text, hashlib.sha256).digest()).rstrip(b"=").decode()

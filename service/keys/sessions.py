"""Sessions of people who have logged in with a key: a signed text that names the key, and does not hold it.

`ds_id.until.mac`: the mac is HMAC-SHA256 under the server's secret and the key's digest. A session ends with its key.
"""

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode

from service.errors import WrongKeyError
from service.keys.key import Key
from service.keys.ring import KeyRing

_PREFIX = "ds_"
"""By which the log knows what it must not show."""
SESSION_SECONDS = 12 * 3600
_PURPOSE = b"darkroom-session-1."
"""Part of the signed text, so that no signature of another kind under the same secret is valid here."""


def begin_session(key: Key, secret: bytes) -> str:
    """The text of a session that begins now."""
    until = int(time.time()) + SESSION_SECONDS
    return f"{_PREFIX}{key.id}.{until}.{_mac(key, until, secret)}"


def key_of_session(text: str, keys: KeyRing, secret: bytes) -> Key:
    """The key that a session began with. WrongKeyError, ExpiredKeyError (401), KeysUnreadableError (503)."""
    prefixed, _, rest = text.partition(".")
    until, _, mac = rest.partition(".")
    if not (prefixed.startswith(_PREFIX) and until.isascii() and until.isdigit() and len(until) <= 12):
        raise WrongKeyError("This is not a session.")
    key = keys.by_id(prefixed.removeprefix(_PREFIX))
    if not hmac.compare_digest(mac.encode(), _mac(key, int(until), secret).encode()) or time.time() >= int(until):
        raise WrongKeyError("The session is not valid, or is over.")
    return key


def _mac(key: Key, until: int, secret: bytes) -> str:
    text = _PURPOSE + f"{key.id}.{until}.{key.sha256}".encode()
    return urlsafe_b64encode(hmac.new(secret, text, hashlib.sha256).digest()).rstrip(b"=").decode()

"""Recognises callers by what they send: a key, a token, or a session; and counts what each key uses."""

import hashlib
import math
from contextlib import suppress
from pathlib import Path

import msgspec

from core.errors import DarkroomError
from service.errors import WrongKeyError
from service.keys.exchange import UsageExchange
from service.keys.key import KEY_PREFIX, Key
from service.keys.ring import KeyRing
from service.keys.sessions import begin_session, end_session, key_of_session
from service.keys.tokens import BearerTokens
from service.keys.usage import UsageTable
from service.scopes import Scope
from service.settings import Settings
from service.shared_memory import shared_folders
from service.shared_set import SharedSet
from service.stores import Storage


class Identity(msgspec.Struct, frozen=True):
    """Whom a credential stands for, and what it may do; `key` is None for a token, which is valid `until` a time."""

    id: str
    scopes: frozenset[Scope]
    key: Key | None = None
    until: float = math.inf


class Authenticator:
    """What a server knows about its callers. Without keys and an issuer it knows nobody."""

    def __init__(
        self,
        keys: KeyRing | None = None,
        tokens: BearerTokens | None = None,
        usage: UsageTable | None = None,
        exchange: UsageExchange | None = None,
        secret: bytes = b"",
        ended: SharedSet | None = None,
    ) -> None:
        self.keys = keys
        self.tokens = tokens
        self._usage = usage
        self._exchange = exchange
        self._secret = secret
        self._ended = ended

    def by_key(self, text: str) -> Identity:
        """Whom a key stands for. WrongKeyError, ExpiredKeyError (401), KeysUnreadableError (503)."""
        if self.keys is None:
            raise WrongKeyError("This server has no keys; DARKROOM_KEYS names their file.")
        return _identity(self.keys.find(text))

    def by_token(self, text: str) -> Identity:
        """Whom a bearer token stands for. InvalidTokenError (401), IssuerUnavailableError (503)."""
        if self.tokens is None:
            raise WrongKeyError("This is not a key of this server, and it accepts no tokens.")
        token = self.tokens.verify(text)
        return Identity(f"token:{token.subject}", token.scopes, until=token.until)

    def by_session(self, text: str) -> Identity:
        """Whom a session stands for. Errors as for its key."""
        if self.keys is None or self._ended is None:
            raise WrongKeyError("This server has no keys, so it has no sessions.")
        return _identity(key_of_session(text, self.keys, self._secret, self._ended))

    def current(self, key: Key, session: str = "") -> Key:
        """A key that was recognised, as its file has it now, if it and the session by which it was are still valid.

        Errors as for a key.
        """
        if session:
            return self.by_session(session).key or key
        return key if self.keys is None else self.keys.by_id(key.id)

    def login(self, text: str) -> str:
        """A session for the holder of a key. Errors as in `by_key`."""
        if self.keys is None:
            raise WrongKeyError("This server has no keys; DARKROOM_KEYS names their file.")
        return begin_session(self.keys.find(text), self._secret)

    def logout(self, text: str) -> None:
        """End a session, on all processes of this container. What is no session, or no more, has none to end."""
        if self.keys is not None and self._ended is not None:
            with suppress(DarkroomError):
                end_session(text, self.keys, self._secret, self._ended)

    def admit(self, key: Key) -> None:
        """Count one request of a key. RateLimitedError, BudgetSpentError (429)."""
        if self._usage:
            if self._exchange and key.budget is not None:
                self._exchange.before_request()
            self._usage.admit(key)

    def charge(self, key: Key, seconds: float) -> None:
        """Count the core-seconds that a request of a key took."""
        if self._usage and key.budget is not None:
            self._usage.charge(key, seconds)
            if self._exchange:
                self._exchange.after_request()


NOBODY = Authenticator()
"""Knows no key and no token."""


def open_authenticator(settings: Settings, storage: Storage) -> Authenticator:
    """The authenticator of these settings. KeyFileError and OSError if the keys cannot be read."""
    keys = KeyRing.open(settings.keys) if settings.keys else None
    tokens = None
    if settings.oidc_issuer and settings.oidc_audience:
        tokens = BearerTokens(settings.oidc_issuer, settings.oidc_audience, settings.oidc_claim, granted_by(settings))
    usage = UsageTable.open(*_table(settings, "key-usage")) if keys else None
    ended = SharedSet.open(*_table(settings, "ended-sessions")) if keys else None
    exchange = UsageExchange(usage, storage, storage.results) if usage and storage.results else None
    return Authenticator(keys, tokens, usage, exchange, storage.signing_key, ended)


def granted_by(settings: Settings) -> dict[str, str]:
    """Which values of the claim give which scope, as DARKROOM_OIDC_SCOPES pairs them."""
    return {value: scope for value, _, scope in (pair.rpartition("=") for pair in settings.oidc_scopes)}


def _identity(key: Key) -> Identity:
    return Identity(f"key:{key.id}", frozenset[Scope](key.scopes), key)


def _table(settings: Settings, kind: str) -> tuple[str, *tuple[Path, ...]]:
    """Name and places of a table of these keys."""
    digest = hashlib.sha256(str(settings.keys).encode()).hexdigest()[:16]
    return f"darkroom-{kind}-{digest}", *shared_folders(settings.data_folder())


def is_key(text: str) -> bool:
    """Whether a text means to be a key of a Darkroom server."""
    return text.startswith(KEY_PREFIX)

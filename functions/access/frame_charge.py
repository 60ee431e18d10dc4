"""What the messages of a stream cost its caller, and whether it may still send them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from functions.access.caller import Caller
from service.errors import InvalidTokenError, WrongScopeError
from service.keys.authenticator import Authenticator
from service.keys.key import Key
from service.scopes import Scope
from service.streams import Answered, Stream

SCOPE: Scope = "process"
"""What a stream needs."""


class FrameCharge:
    """What each message costs its caller's key, which is to be valid, as a token is. A frame counts as a request."""

    def __init__(self, authenticator: Authenticator, caller: Caller, session: str) -> None:
        self._authenticator, self._key = authenticator, caller.key
        self._session, self._until = session, caller.until
        self._by_key = caller.key is not None and SCOPE in caller.key.scopes

    def __call__(self, stream: Stream, seq: int, frame: bytes, dropped: list[int]) -> Answered:
        """The answer to a frame. Errors: those of Stream and of `charged`; RateLimitedError, BudgetSpentError (429)."""
        with self.charged() as key:
            if key is not None and seq > 1:  # the first was counted with the request
                self._authenticator.admit(key)
            return stream.answer(seq, frame, dropped)

    @contextmanager
    def charged(self) -> Iterator[Key | None]:
        """Charge the caller's key, as its file has it now, with what is done meanwhile.

        Errors: InvalidTokenError, WrongKeyError, ExpiredKeyError (401), WrongScopeError (403).
        """
        if time.time() >= self._until:
            raise InvalidTokenError("The token has expired.")
        if self._key is None:
            yield None
            return
        key = self._authenticator.current(self._key, self._session)
        if self._by_key and SCOPE not in key.scopes:  # else everybody has it
            raise WrongScopeError(f'The key no longer has the scope "{SCOPE}".', parameter="scope", expected=SCOPE)
        began = time.thread_time()
        try:
            yield key
        finally:
            self._authenticator.charge(key, time.thread_time() - began)

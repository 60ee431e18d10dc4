"""Who may send events: `DARKROOM_EVENTS_AUTH`. What verifies them is imported when the first event arrives."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from service.errors import InvalidTokenError, UntrustedEventError
from service.settings import Settings
from service.shared_memory import shared_folders
from service.shared_set import SharedSet
from storage.errors import BadAddressError

_BEARER = re.compile(r"Bearer +(\S+) *\Z", re.IGNORECASE)


class Verified(msgspec.Struct, frozen=True):
    """A verified sender. `message` is what it has signed of the body; None: it vouches for the whole request."""

    sender: str
    message: bytes | None = None


class Sender(Protocol):
    """A way to verify who sends an event."""

    def check(self, authorization: str, body: Callable[[], bytes]) -> Verified:
        """The sender of an event, by its Authorization header or its body, which is read only if needed.

        InvalidTokenError (401), UntrustedEventError (403), IssuerUnavailableError (503).
        """
        ...


def open_sender(settings: Settings) -> Sender | None:
    """The way to verify senders; None if a caller's scope permits events."""
    ways: Mapping[str, Callable[[Settings], Sender]] = {
        "oidc": TokenSender, "sns": TopicSender, "platform": PlatformSender,
    }  # fmt: skip
    return ways[settings.events_auth](settings) if settings.events_auth else None


class PlatformSender:
    """The platform in front has verified the sender already."""

    def __init__(self, settings: Settings) -> None:
        pass

    def check(self, authorization: str, body: Callable[[], bytes]) -> Verified:  # noqa: ARG002
        """See `Sender`."""
        return Verified("platform")


class TokenSender:
    """Push by Pub/Sub or Eventarc, with an OpenID Connect token of a service account.

    https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
    """

    def __init__(self, settings: Settings) -> None:
        from service.keys.jwt import KeySource, TokenVerifier

        self._accounts = frozenset(settings.events_accounts)
        self._verifier = TokenVerifier(
            settings.events_issuer,
            settings.events_audience or "",
            ("RS256", "ES256"),
            KeySource(settings.events_issuer),
        )

    def check(self, authorization: str, body: Callable[[], bytes]) -> Verified:  # noqa: ARG002
        """See `Sender`."""
        bearer = _BEARER.match(authorization)
        if bearer is None:
            raise InvalidTokenError("An event needs a bearer token of its sender in the header Authorization.")
        claims = self._verifier.verify(bearer[1])
        account = claims.get("email")
        if claims.get("email_verified") is not True or account not in self._accounts:
            raise UntrustedEventError("The token is of an account that DARKROOM_EVENTS_ACCOUNTS does not name.")
        return Verified(str(account))


class TopicSender:
    """Messages of Amazon SNS, by their signature."""

    def __init__(self, settings: Settings) -> None:
        from service.events.topics import MessageVerifier

        proven = SharedSet.open("darkroom-certificates", *shared_folders(settings.data_folder()))
        self._verifier = MessageVerifier(settings.events_topics, proven)

    def check(self, authorization: str, body: Callable[[], bytes]) -> Verified:  # noqa: ARG002
        """See `Sender`."""
        message = self._verifier.verify(body())
        return Verified(message["TopicArn"], msgspec.json.encode(message))


def sender_problems(settings: Settings) -> list[str]:
    """Problems of the settings of senders, one sentence each."""
    problems = []
    if settings.events_auth == "oidc":
        from storage.web.document import check_document_url

        if not settings.events_audience or not settings.events_accounts:
            problems.append("DARKROOM_EVENTS_AUTH=oidc needs DARKROOM_EVENTS_AUDIENCE and DARKROOM_EVENTS_ACCOUNTS.")
        try:
            check_document_url(f"{settings.events_issuer.rstrip('/')}/x")
        except BadAddressError as error:
            problems.append(f'DARKROOM_EVENTS_ISSUER: "{settings.events_issuer[:80]}": {error}')
    if settings.events_auth == "sns" and not settings.events_topics:
        problems.append("DARKROOM_EVENTS_AUTH=sns needs DARKROOM_EVENTS_TOPICS.")
    return problems + _topic_problems(settings.events_topics)


def _topic_problems(topics: Sequence[str]) -> list[str]:
    if not topics:
        return []
    from service.events.topics import TOPIC

    return [
        f'DARKROOM_EVENTS_TOPICS: "{topic[:80]}" is not the ARN of an SNS topic.'
        for topic in topics
        if not TOPIC.match(topic)
    ]

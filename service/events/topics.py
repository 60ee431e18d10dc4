"""Messages of Amazon SNS: the topic, the certificate's address, the certificate, and the signature over the message.

Signature version 2 only, which is RSA with SHA-256: version 1 uses SHA-1. A topic gets it by its attribute
SignatureVersion. https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from core.errors import DarkroomError
from core.limits import Deadline
from service.errors import IssuerUnavailableError, UntrustedEventError
from service.shared_set import SharedSet
from storage.web.document import fetch_document

if TYPE_CHECKING:  # imported when a message is verified
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

TOPIC = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}\Z"
)
_CERTIFICATE = re.compile(r"https://([a-z0-9.-]+)/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem\Z")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""The members that are signed, in order."""
_OPTIONAL = "Subject"
_OLDEST, _NEWEST = 4500.0, 900.0
"""How old a message may be, seconds: SNS retries for an hour; and how far ahead of our clock its own may be."""
_FETCH_SECONDS, _KEPT_SECONDS = 5.0, 86400.0
_MOST_KEPT, _FETCHES_A_MINUTE = 16, 6
_MISSING_SECONDS, _PROVEN_SECONDS = 20.0, 30 * 86400.0
_LEAST_RSA_BITS = 2048
_SIGNATURE_BYTES = range(_LEAST_RSA_BITS // 8, 1025)


class _Kept(NamedTuple):
    """A certificate's key, when to fetch it again, and when it ends."""

    renewal: float
    end: float
    key: "RSAPublicKey"


class _Way:
    """Fetches certificates one at a time, a few a minute: whoever invents addresses causes no more requests."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._fetches: list[float] = []

    def count(self, now: float) -> None:
        """IssuerUnavailableError (503) above the most of a minute."""
        self._fetches = [moment for moment in self._fetches if 0 <= now - moment < 60]
        if len(self._fetches) >= _FETCHES_A_MINUTE:
            raise IssuerUnavailableError("Too many certificates were asked for; try again in a minute.")
        self._fetches.append(now)


class MessageVerifier:
    """Verifies messages of these topics (their ARNs). Certificates are kept for a day. Thread-safe.

    Certificates that have verified a message have fetches of their own, apart from those that anybody may name; which
    ones those are, `proven` remembers for all processes and beyond a restart. What could not be used is not asked for
    again for a while.
    """

    def __init__(
        self, topics: Sequence[str], proven: SharedSet, fetch: Callable[[str, Deadline], bytes] = fetch_document
    ) -> None:
        self._topics = frozenset(topics)
        self._fetch = fetch
        self._keys: dict[str, _Kept] = {}
        self._proven = proven
        self._missing: dict[str, float] = {}
        self._ways = {is_proven: _Way() for is_proven in (False, True)}

    def verify(self, body: bytes) -> Mapping[str, str]:
        """What is signed of a genuine message: anybody may have added other members to it.

        UntrustedEventError (403), IssuerUnavailableError (503).
        """
        message = _message(body)
        topic = message["TopicArn"]
        if topic not in self._topics:
            raise UntrustedEventError("The message is of a topic that DARKROOM_EVENTS_TOPICS does not name.")
        if message.get("SignatureVersion") != "2":
            raise UntrustedEventError(
                "The message must have signature version 2; set the topic's attribute SignatureVersion to 2."
            )
        _check_age(message["Timestamp"])
        url, signature = _certificate_url(message.get("SigningCertURL"), topic), _signature(message)
        _check_signature(self._key(url), signature, message)
        self._prove(url)
        return {name: message[name] for name in _SIGNED[message["Type"]] if name in message}

    def _prove(self, url: str) -> None:
        """Note a certificate that has verified a message: strangers cannot keep it from being fetched again."""
        if not self._proven.has(url):
            self._proven.add(url, time.time() + _PROVEN_SECONDS)

    def _key(self, url: str) -> "RSAPublicKey":
        """The key of a certificate. One that is known is returned without waiting for any request."""
        kept = self._keys.get(url)
        if kept and time.time() < kept.renewal:
            return kept.key
        way = self._ways[self._proven.has(url)]
        with way.lock:
            now = time.time()
            kept = self._keys.get(url)
            if kept is None or now >= kept.renewal:
                kept = self._renewed(url, kept, way, now)
                self._keys = dict([*self._keys.items(), (url, kept)][-_MOST_KEPT:])
            return kept.key

    def _renewed(self, url: str, kept: "_Kept | None", way: "_Way", now: float) -> "_Kept":
        """The certificate anew, or the last one for another minute while it is valid and no other can be read."""
        if now < self._missing.get(url, 0.0):
            raise IssuerUnavailableError("The certificate of the message could not be used; try again later.")
        try:
            way.count(now)
            return self._fetched(url, now)
        except IssuerUnavailableError:
            if kept is None or now >= kept.end:
                raise
            return kept._replace(renewal=now + 60)

    def _fetched(self, url: str, now: float) -> "_Kept":
        """The certificate; an address that gives none is noted, so that whoever repeats it causes no more requests."""
        try:
            return _usable(self._read(url), now)
        except (IssuerUnavailableError, UntrustedEventError):
            self._missing = dict([*self._missing.items(), (url, now + _MISSING_SECONDS)][-_MOST_KEPT:])
            raise

    def _read(self, url: str) -> bytes:
        try:
            return self._fetch(url, Deadline(_FETCH_SECONDS))
        except DarkroomError:
            raise IssuerUnavailableError("The certificate of the message cannot be read; try again later.") from None


def _message(body: bytes) -> Mapping[str, str]:
    """The message, with every signed member as text. UntrustedEventError."""
    try:
        message = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        message = None
    kind = message.get("Type") if isinstance(message, dict) else None
    signed = _SIGNED.get(kind) if isinstance(kind, str) else None
    if not isinstance(message, dict) or signed is None:
        raise UntrustedEventError("The body is not a message of Amazon SNS; raw delivery must be off.")
    if any(not isinstance(message.get(name), str) for name in signed if name != _OPTIONAL or name in message):
        raise UntrustedEventError("The message lacks members that are signed.")
    return message


def _check_age(text: str) -> None:
    try:
        moment = datetime.fromisoformat(text)
        age = time.time() - (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        age = _OLDEST + 1
    if not -_NEWEST <= age <= _OLDEST:
        raise UntrustedEventError("The message is too old, or has no valid time.")


def _certificate_url(url: Any, topic: str) -> str:
    """The address of the certificate: of Amazon SNS in the topic's own region, and nowhere else."""
    found, place = _CERTIFICATE.match(url) if isinstance(url, str) else None, TOPIC.match(topic)
    if found is None or place is None:
        raise UntrustedEventError("The certificate's address is not one of Amazon SNS.")
    domain = "amazonaws.com.cn" if place[1] == "aws-cn" else "amazonaws.com"
    if found[1] != f"sns.{place[2]}.{domain}":
        raise UntrustedEventError("The certificate's address is not one of Amazon SNS in the topic's region.")
    return str(url)


def _usable(pem: bytes, now: float) -> _Kept:
    """The key of a certificate. UntrustedEventError (403).

    The certificate came from Amazon's host over TLS. Beyond that it must be valid now, be for SNS, be no authority,
    and be signed by the next one wherever more of its chain comes with it.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificates

    try:
        chain = load_pem_x509_certificates(pem)
        for one, issuer in pairwise(chain):
            one.verify_directly_issued_by(issuer)
        key = chain[0].public_key()
        is_valid = all(_is_valid_at(one, now) for one in chain) and _is_of_sns(chain[0])
    except Exception:  # noqa: BLE001 - whatever is wrong with a certificate
        raise UntrustedEventError("The certificate of the message cannot be used.") from None
    if not is_valid or not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_RSA_BITS:
        raise UntrustedEventError("The certificate of the message is not valid.")
    end = chain[0].not_valid_after_utc.timestamp()
    return _Kept(min(now + _KEPT_SECONDS, end), end, key)


def _is_valid_at(certificate: "Certificate", now: float) -> bool:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begins.timestamp() <= now < ends.timestamp()


def _is_of_sns(certificate: "Certificate") -> bool:
    """Whether it names SNS, and is no authority's."""
    from cryptography.x509 import BasicConstraints, DNSName, ExtensionNotFound, SubjectAlternativeName
    from cryptography.x509.oid import NameOID

    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        alternative = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        names += alternative.get_values_for_type(DNSName)
    except ExtensionNotFound:
        pass
    try:
        is_authority = certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        is_authority = False
    return not is_authority and any(re.match(r"sns\.([a-z0-9-]+\.)?amazonaws\.com(\.cn)?\Z", name) for name in names)


def _signature(message: Mapping[str, Any]) -> bytes:
    """The signature's bytes, as many as one of RSA has. UntrustedEventError (403)."""
    try:
        signature = base64.b64decode(message.get("Signature") or "", validate=True)
    except (binascii.Error, ValueError, TypeError):
        signature = b""
    if len(signature) not in _SIGNATURE_BYTES:
        raise UntrustedEventError("The message's signature is not valid.")
    return signature


def _check_signature(key: "RSAPublicKey", signature: bytes, message: Mapping[str, str]) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    lines = [f"{name}\n{message[name]}\n" for name in _SIGNED[message["Type"]] if name in message]
    try:
        key.verify(signature, "".join(lines).encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        raise UntrustedEventError("The message's signature is not valid.") from None

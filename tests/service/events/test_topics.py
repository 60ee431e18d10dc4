"""Signed messages of a topic: the genuine one, and every other."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from core.errors import DarkroomError
from service.events import topics
from service.events.topics import MessageVerifier
from service.shared_set import SharedSet
from tests.service.events.signing import CERTIFICATE, HOST, TOPIC, Topic, certificate, elliptic, weak


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def verifier(topic: Topic) -> MessageVerifier:
    return MessageVerifier([TOPIC], SharedSet.open("none"), topic.fetch)


def code(verifier: MessageVerifier, message: Any) -> str | None:
    try:
        verifier.verify(message if isinstance(message, bytes) else json.dumps(message).encode())
    except DarkroomError as error:
        return error.code
    return None


@pytest.mark.parametrize("subject", [None, "A subject", "", "zwei\nZeilen ü"])
def test_a_genuine_message(topic: Topic, verifier: MessageVerifier, subject: str | None) -> None:
    message = topic.message('{"a": "ü"}', Subject=subject)
    found = verifier.verify(json.dumps(message).encode())
    assert (found["TopicArn"], found["Message"], found.get("Subject")) == (TOPIC, '{"a": "ü"}', subject)


def test_a_confirmation(topic: Topic, verifier: MessageVerifier) -> None:
    message = topic.message(Type="SubscriptionConfirmation", Token="a", SubscribeURL=f"{HOST}/?Action=Confirm")
    assert code(verifier, message) is None
    assert code(verifier, {**message, "SubscribeURL": "https://evil.example/"}) == "untrusted_event"


def test_members_that_are_not_signed_are_left_out(topic: Topic, verifier: MessageVerifier) -> None:
    message = {**topic.message(), "Records": [{"s3": {}}], "specversion": "1.0"}
    assert set(verifier.verify(json.dumps(message).encode())) == {
        "Message", "MessageId", "Timestamp", "TopicArn", "Type",
    }  # fmt: skip


def at(seconds: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


WRONG: dict[str, Callable[[Topic], Any]] = {
    "nothing": lambda _: b"",
    "no JSON": lambda _: b"{",
    "a list": lambda _: [],
    "nested deeply": lambda _: b"[" * 100_000,
    "a raw message": lambda _: {"Records": []},
    "an unknown type": lambda topic: topic.message(Type="Alarm"),
    "a type that is a list": lambda topic: {**topic.message(), "Type": ["Notification"]},
    "no signature": lambda topic: {**topic.message(), "Signature": None},
    "another signature": lambda topic: {**topic.message(), "Signature": "AAAA"},
    "a signature that is no base64": lambda topic: {**topic.message(), "Signature": "%"},
    "another message": lambda topic: {**topic.message(), "Message": "{ }"},
    "another time": lambda topic: {**topic.message(), "Timestamp": at(-1)},
    "another type": lambda topic: {**topic.message(Token="a", SubscribeURL="b"), "Type": "SubscriptionConfirmation"},
    "a subject added": lambda topic: {**topic.message(), "Subject": "a"},
    "a subject that is no text": lambda topic: {**topic.message(), "Subject": 1},
    "a message that is no text": lambda topic: {**topic.message(), "Message": {}},
    "lone surrogates": lambda topic: json.dumps(topic.message()).replace("{}", r"\ud800").encode(),
    "another topic": lambda topic: topic.message(TopicArn=f"{TOPIC}s"),
    "no topic": lambda topic: topic.message(TopicArn=None),
    "version 1": lambda topic: topic.message(SignatureVersion="1"),
    "version 1 with SHA-1": lambda topic: topic.signed(topic.message(SignatureVersion="1"), hash_=hashes.SHA1()),
    "version 2 with SHA-1": lambda topic: topic.signed(topic.message(), hash_=hashes.SHA1()),
    "no version": lambda topic: topic.message(SignatureVersion=None),
    "a number as version": lambda topic: topic.message(SignatureVersion=2),
    "too old": lambda topic: topic.message(Timestamp=at(-7200)),
    "of tomorrow": lambda topic: topic.message(Timestamp=at(86400)),
    "no time": lambda topic: topic.message(Timestamp="soon"),
    "by another key": lambda topic: topic.signed(topic.message(), rsa.generate_private_key(65537, 2048)),
}  # fmt: skip


@pytest.mark.parametrize("made", WRONG.values(), ids=WRONG)
def test_any_other_message(topic: Topic, verifier: MessageVerifier, made: Callable[[Topic], Any]) -> None:
    assert code(verifier, made(topic)) == "untrusted_event"


URLS = {
    "http": CERTIFICATE.replace("https", "http"),
    "another host": "https://evil.example/SimpleNotificationService-0.pem",
    "a host that ends alike": "https://evilsns.eu-central-1.amazonaws.com/SimpleNotificationService-0.pem",
    "a host that begins alike": "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
    "a bucket": "https://s3.eu-central-1.amazonaws.com/SimpleNotificationService-0.pem",
    "another region": CERTIFICATE.replace("eu-central-1", "us-east-1"),
    "a user": CERTIFICATE.replace("//", "//sns@evil.example@"),
    "a host as user": "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
    "a port": CERTIFICATE.replace(".com/", ".com:8443/"),
    "another path": f"{HOST}/SimpleNotificationService-0.pem/../x",
    "a query": f"{CERTIFICATE}?x",
    "a fragment": f"{CERTIFICATE}#x",
    "a line break": f"{CERTIFICATE}\n",
    "upper case": CERTIFICATE.upper(),
    "China": CERTIFICATE.replace(".com/", ".com.cn/"),
    "nothing": "",
    "a number": 1,
    "a list": [CERTIFICATE],
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_no_certificate_is_fetched_from_elsewhere(topic: Topic, verifier: MessageVerifier, url: Any) -> None:
    assert code(verifier, topic.message(SigningCertURL=url)) == "untrusted_event"
    assert topic.asked == []


def chained(topic: Topic, *, genuine: bool) -> bytes:
    above = elliptic()
    own = certificate(topic.key, issuer=above, issuer_name="Authority")
    return own + certificate(above if genuine else elliptic(), "Authority", authority=True)


CERTIFICATES: dict[str, tuple[Callable[[Topic], bytes], str | None]] = {
    "named for the region": (lambda topic: certificate(topic.key, "sns.eu-central-1.amazonaws.com"), None),
    "with its issuer": (lambda topic: chained(topic, genuine=True), None),
    "with another's issuer": (lambda topic: chained(topic, genuine=False), "untrusted_event"),
    "expired": (lambda topic: certificate(topic.key, days=(-2, -1)), "untrusted_event"),
    "not yet valid": (lambda topic: certificate(topic.key, days=(1, 2)), "untrusted_event"),
    "of another name": (lambda topic: certificate(topic.key, "sns.evil.example"), "untrusted_event"),
    "an authority's": (lambda topic: certificate(topic.key, authority=True), "untrusted_event"),
    "an elliptic key": (lambda _: certificate(elliptic()), "untrusted_event"),
    "a weak key": (lambda _: certificate(weak()), "untrusted_event"),
    "no certificate": (lambda _: b"<html>", "untrusted_event"),
    "nothing": (lambda _: b"", "untrusted_event"),
}


@pytest.mark.parametrize(("made", "expected"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_certificates(
    topic: Topic, verifier: MessageVerifier, made: Callable[[Topic], bytes], expected: str | None
) -> None:
    topic.documents[CERTIFICATE] = made(topic)
    assert code(verifier, topic.message()) == expected


def test_a_certificate_is_fetched_once(topic: Topic, verifier: MessageVerifier) -> None:
    for _ in range(3):
        assert code(verifier, topic.message()) is None
    assert topic.asked == [CERTIFICATE]


def test_a_kept_certificate_expires(topic: Topic, verifier: MessageVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_KEPT_SECONDS", -1.0)
    assert code(verifier, topic.message()) is None
    topic.documents[CERTIFICATE] = certificate(topic.key, days=(-2, -1))
    assert code(verifier, topic.message()) == "untrusted_event"


def test_invented_addresses_cause_few_requests(topic: Topic, verifier: MessageVerifier) -> None:
    assert code(verifier, topic.message()) is None
    told = [
        code(verifier, topic.message(SigningCertURL=f"{HOST}/SimpleNotificationService-{at}.pem")) for at in range(30)
    ]
    assert set(told) == {"issuer_unavailable"}
    assert len(topic.asked) <= 6
    assert code(verifier, topic.message()) is None, "what is known stays in use"


def invented(topic: Topic, count: int = 30) -> list[dict[str, Any]]:
    return [topic.message(SigningCertURL=f"{HOST}/SimpleNotificationService-{at}.pem") for at in range(count)]


def test_invented_addresses_do_not_keep_a_proven_certificate_from_renewal(
    topic: Topic, verifier: MessageVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "_KEPT_SECONDS", -1.0)
    assert code(verifier, topic.message()) is None
    for message in invented(topic):
        code(verifier, message)
    topic.documents[CERTIFICATE] = certificate(topic.key)
    assert code(verifier, topic.message()) is None
    assert topic.asked[-1] == CERTIFICATE


def test_a_new_process_knows_which_certificates_are_proven(topic: Topic, tmp_path: Path) -> None:
    first, second = (MessageVerifier([TOPIC], SharedSet.open("proven", tmp_path), topic.fetch) for _ in range(2))
    assert code(first, topic.message()) is None
    for message in invented(topic):
        code(second, message)
    assert code(second, topic.message()) is None


@pytest.mark.parametrize("document", [None, b"<html>"], ids=["nothing", "no certificate"])
def test_an_address_without_a_certificate_is_asked_once(
    topic: Topic, verifier: MessageVerifier, document: bytes | None
) -> None:
    url = f"{HOST}/SimpleNotificationService-invented.pem"
    if document is not None:
        topic.documents[url] = document
    for _ in range(9):
        assert code(verifier, topic.message(SigningCertURL=url)) in {"issuer_unavailable", "untrusted_event"}
    assert topic.asked == [url]
    topic.documents[url] = certificate(topic.key)
    verifier._missing.clear()  # as if seconds had passed
    assert code(verifier, topic.message(SigningCertURL=url)) is None


def test_a_certificate_outlives_its_renewal_while_no_other_can_be_read(
    topic: Topic, verifier: MessageVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "_KEPT_SECONDS", -1.0)
    assert code(verifier, topic.message()) is None
    del topic.documents[CERTIFICATE]
    assert [code(verifier, topic.message()) for _ in range(9)] == [None] * 9
    assert len(topic.asked) == 2, "it is asked for again a minute later"


@pytest.mark.parametrize(
    "signature",
    ["", "AAAA", "A" * 340, "A" * 3000, "%", None, 5],
    ids=["empty", "short", "a-byte-short", "long", "no-base64", "none", "a-number"],
)
def test_no_certificate_is_fetched_for_what_is_no_signature(
    topic: Topic, verifier: MessageVerifier, signature: Any
) -> None:
    assert code(verifier, {**topic.message(), "Signature": signature}) == "untrusted_event"
    assert topic.asked == []


@pytest.mark.parametrize("domain", ["amazonaws.com.cn"])
def test_in_china(topic: Topic, domain: str) -> None:
    arn = "arn:aws-cn:sns:cn-north-1:123456789012:pictures"
    url = f"https://sns.cn-north-1.{domain}/SimpleNotificationService-0.pem"
    topic.documents[url] = certificate(topic.key, f"sns.cn-north-1.{domain}")
    assert (
        code(
            MessageVerifier([arn], SharedSet.open("none"), topic.fetch), topic.message(TopicArn=arn, SigningCertURL=url)
        )
        is None
    )

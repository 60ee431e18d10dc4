"""What platforms send, as hints; keys come back as they are in the bucket."""

import base64
import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import BadEventError
from functions.requests import events
from service.events.event import ObjectEvent
from storage.address import Address

NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 50))
DATA = {"bucket": "in", "name": "x/a b+c%20ä.jpg", "generation": "1", "metageneration": "1"}
KEY = DATA["name"]
TYPE = "google.cloud.storage.object.v1."
BINARY = {
    "ce-type": TYPE + "finalized",
    "ce-id": "7",
    "ce-source": "//storage",
    "ce-specversion": "1.0",
    "ce-time": NOW,
}


def cloud(kind: str = "finalized", **changes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "7", "source": "//s", "type": TYPE + kind, "time": NOW, "data": DATA, **changes}


def push(kind: str = "OBJECT_FINALIZE", **outer: Any) -> dict[str, Any]:
    attributes = {
        "bucketId": "in",
        "objectId": KEY,
        "eventType": kind,
        "payloadFormat": "JSON_API_V1",
        "eventTime": NOW,
    }
    data = base64.b64encode(b"{}").decode()
    message = {"attributes": attributes, "data": data, "messageId": "7", "publishTime": NOW}
    return {"message": message, "subscription": "projects/p/subscriptions/s", **outer}


def s3(name: str = "ObjectCreated:Put", key: str = "x/a+b%2Bc%2520%C3%A4.jpg", **changes: Any) -> dict[str, Any]:
    where = {"s3SchemaVersion": "1.0", "bucket": {"name": "in"}, "object": {"key": key, "sequencer": "0"}}
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "eventTime": NOW, "eventName": name, "s3": where, **changes}


def sns(message: Any, kind: str = "Notification") -> dict[str, Any]:
    return {"Type": kind, "TopicArn": "arn:t", "Message": json.dumps(message), "Timestamp": NOW, "Signature": "x"}


def sqs(message: Any, count: str = "4") -> dict[str, Any]:
    sent = str(round((time.time() - 50) * 1000))
    attributes = {"ApproximateReceiveCount": count, "SentTimestamp": sent}
    return {"messageId": "7", "body": json.dumps(message), "attributes": attributes, "eventSource": "aws:sqs"}


def bridge(kind: str = "Object Created", source: str = "aws.s3") -> dict[str, Any]:
    detail = {"bucket": {"name": "in"}, "object": {"key": KEY, "size": 1}}
    return {"version": "0", "id": "7", "detail-type": kind, "source": source, "time": NOW, "detail": detail}


BODIES: dict[str, tuple[dict[str, str], Any, str, str, int]] = {
    "cloudevent-binary": (BINARY, DATA, "gs", "put", 0),
    "cloudevent-binary-coded": ({**BINARY, "ce-id": "%37", "ce-time": NOW.replace(":", "%3A")}, DATA, "gs", "put", 0),
    "cloudevent-structured": ({"content-type": "application/cloudevents+json"}, cloud(), "gs", "put", 0),
    "cloudevent-base64": ({}, cloud(data=None, data_base64=base64.b64encode(json.dumps(DATA).encode()).decode()), "gs", "put", 0),  # noqa: E501
    "cloudevent-deleted": ({}, cloud("deleted"), "gs", "delete", 0),
    "cloudevent-archived": ({}, cloud("archived"), "gs", "delete", 0),
    "cloudevent-of-pubsub": ({}, cloud(type="google.cloud.pubsub.topic.v1.messagePublished", data=push()), "gs", "put", 0),  # noqa: E501
    "push": ({}, push(), "gs", "put", 0),
    "push-counted": ({}, push(deliveryAttempt=5), "gs", "put", 5),
    "push-deleted": ({}, push("OBJECT_DELETE"), "gs", "delete", 0),
    "push-archived": ({}, push("OBJECT_ARCHIVE"), "gs", "delete", 0),
    "s3": ({}, {"Records": [s3()]}, "s3", "put", 0),
    "s3-multipart": ({}, {"Records": [s3("ObjectCreated:CompleteMultipartUpload")]}, "s3", "put", 0),
    "s3-prefixed": ({}, {"Records": [s3("s3:ObjectCreated:Put")]}, "s3", "put", 0),
    "s3-removed": ({}, {"Records": [s3("ObjectRemoved:DeleteMarkerCreated")]}, "s3", "delete", 0),
    "s3-expired": ({}, {"Records": [s3("LifecycleExpiration:Delete")]}, "s3", "delete", 0),
    "sns": ({"content-type": "text/plain; charset=UTF-8"}, sns({"Records": [s3()]}), "s3", "put", 0),
    "sns-to-lambda": ({}, {"Records": [{"EventSource": "aws:sns", "Sns": sns({"Records": [s3()]})}]}, "s3", "put", 0),
    "sqs": ({}, {"Records": [sqs({"Records": [s3()]})]}, "s3", "put", 4),
    "sqs-of-sns": ({}, {"Records": [sqs(sns({"Records": [s3()]}))]}, "s3", "put", 4),
    "sqs-of-eventbridge": ({}, {"Records": [sqs(bridge())]}, "s3", "put", 4),
    "eventbridge": ({}, bridge(), "s3", "put", 0),
    "eventbridge-deleted": ({}, bridge("Object Deleted"), "s3", "delete", 0),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "body", "scheme", "kind", "attempt"), BODIES.values(), ids=BODIES)
def test_heard(headers: dict[str, str], body: Any, scheme: str, kind: str, attempt: int) -> None:
    (event,) = events.parse_body(headers, json.dumps(body).encode()).events
    assert (event.address, event.kind, event.attempt) == (Address(scheme, "in", KEY), kind, attempt)
    assert 40 < event.age < 1000


IGNORED = {
    "metadata-updated": (cloud("metadataUpdated"), "changes no bytes"),
    "push-metadata": (push("OBJECT_METADATA_UPDATE"), "changes no bytes"),
    "push-of-something-else": ({**push(), "message": {"data": ""}}, "not a Cloud Storage notification"),
    "cloudevent-of-something-else": (cloud(type="com.example.x"), "com.example.x"),
    "s3-tagging": ({"Records": [s3("ObjectTagging:Put")]}, "changes no bytes"),
    "s3-test": ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "in"}, "test event"),
    "subscription": ({**sns({}, "SubscriptionConfirmation"), "SubscribeURL": "http://127.0.0.1:9/"}, "confirm it manually"),  # noqa: E501
    "eventbridge-of-others": (bridge(source="aws.ec2"), "changes no bytes"),
    "folder-dots": (cloud(data={"bucket": "in", "name": "../a.jpg"}), "invalid object name"),
    "no-utf8": ({"Records": [s3(key="%FF.jpg")]}, "invalid object name"),
    "no-bucket": (cloud(data={"bucket": "../in", "name": "a.jpg"}), "invalid object name"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "word"), IGNORED.values(), ids=IGNORED)
def test_ignored(body: Any, word: str) -> None:
    parsed = events.parse_body({}, json.dumps(body).encode())
    assert parsed.events == ()
    assert word in parsed.ignored[0]


def test_many_records() -> None:
    body = {"Records": [s3(key=f"{n}.jpg") for n in range(5)] + [s3("ObjectTagging:Put")]}
    parsed = events.parse_body({}, json.dumps(body).encode())
    assert [event.address.key for event in parsed.events] == [f"{n}.jpg" for n in range(5)]
    assert len(parsed.ignored) == 1


def test_batch() -> None:
    body = json.dumps([cloud(), cloud("deleted")]).encode()
    parsed = events.parse_body({"content-type": "application/cloudevents-batch+json"}, body)
    assert [event.kind for event in parsed.events] == ["put", "delete"]


BAD: dict[str, Any] = {
    "nothing": b"", "no-json": b"{", "number": 1, "list": [cloud()], "unknown": {"a": 1}, "no-name": cloud(data={"bucket": "in"}),  # noqa: E501
    "name-is-a-number": cloud(data={"bucket": "in", "name": 1}), "data-is-a-list": cloud(data=[]),
    "bad-base64": cloud(data=None, data_base64="?"), "record-is-text": {"Records": ["x"]}, "sns-without-text": {"Type": "Notification"},  # noqa: E501
    "no-s3": {"Records": [{"s3": []}]}, "wrapped-too-often": sqs(sqs(sqs(sqs(sqs(sqs({"Records": [s3()]})))))), "deep": b"[" * 100_000,  # noqa: E501
    "half-surrogate": b'{"Type": "Notification", "Message": "\\ud800"}',
}  # fmt: skip


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_refused(body: Any) -> None:
    with pytest.raises(BadEventError):
        events.parse_body({}, body if isinstance(body, bytes) else json.dumps(body).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["Records", "s3", "message", "subscription", "Type", "Message", "specversion", "type", "data", "detail",  # noqa: E501
                         "detail-type", "messageId", "body", "attributes", "bucket", "name", "object", "key", "Sns"]), inner, max_size=4,  # noqa: E501
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_comes_is_heard_or_refused(body: Any) -> None:
    with contextlib.suppress(BadEventError):
        parsed = events.parse_body({}, json.dumps(body).encode())
        assert all(isinstance(event, ObjectEvent) for event in parsed.events)


def record(number: int) -> dict[str, Any]:
    where = {"bucket": {"name": "in"}, "object": {"key": f"{number}.jpg"}}
    return {"eventName": "ObjectCreated:Put", "eventTime": NOW, "s3": where}


@pytest.mark.parametrize("nested", [0, 2])
def test_a_hundred_events_are_the_most_of_a_request(nested: int) -> None:
    for number in (100, 101):
        given: Any = {"Records": [record(k) for k in range(number)]}
        for _ in range(nested):
            given = {"Type": "Notification", "Message": json.dumps(given)}
        body = json.dumps(given).encode()
        if number == 100:
            assert len(events.parse_body({}, body).events) == 100
        else:
            with pytest.raises(BadEventError, match="100 events"):
                events.parse_body({}, body)


def _whole_s3(number: int) -> dict[str, Any]:
    """A record with every member that S3 sends."""
    owner = {"principalId": "A3NL1KOZZKExample"}
    bucket = {"name": "in", "ownerIdentity": owner, "arn": "arn:aws:s3:::in"}
    item = {
        "key": f"{number}.jpg",
        "size": 1024,
        "eTag": "d41d",
        "versionId": "096f",
        "sequencer": "0055AED6DCD90281E5",
    }
    where = {"s3SchemaVersion": "1.0", "configurationId": "made", "bucket": bucket, "object": item}
    who = {"userIdentity": owner, "requestParameters": {"sourceIPAddress": "127.0.0.1"}}
    response = {"responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"}}
    return {
        "eventVersion": "2.2", "eventSource": "aws:s3", "awsRegion": "eu-central-1", "eventTime": NOW,
        "eventName": "ObjectCreated:Put", **who, **response, "s3": where,
        "glacierEventData": {"restoreEventData": {"lifecycleRestorationExpiryTime": NOW}},
    }  # fmt: skip


def _whole_sns(message: Any) -> dict[str, Any]:
    """A message with every member that SNS sends."""
    addresses = dict.fromkeys(("SigningCertURL", "UnsubscribeURL"), "https://sns.eu-central-1.amazonaws.com/x")
    return {
        **sns(message), **addresses, "MessageId": "7", "Subject": "Amazon S3 Notification", "SignatureVersion": "2",
        "MessageAttributes": {"a": {"Type": "String", "Value": "b"}},
    }  # fmt: skip


def _whole_sqs(message: Any) -> dict[str, Any]:
    """A record with every member that SQS sends."""
    names = ("SenderId", "ApproximateFirstReceiveTimestamp", "SequenceNumber", "MessageGroupId", "AWSTraceHeader")
    rest = dict.fromkeys(("receiptHandle", "md5OfBody", "eventSourceARN", "awsRegion"), "x")
    record = sqs(message)
    return {
        **record,
        **rest,
        "attributes": {**record["attributes"], **dict.fromkeys(names, "x")},
        "messageAttributes": {},
    }


def test_a_hundred_whole_events_in_two_envelopes_are_within_the_members() -> None:
    body = {"Records": [_whole_sqs(_whole_sns({"Records": [_whole_s3(number)]})) for number in range(100)]}
    assert len(events.parse_body({}, json.dumps(body).encode()).events) == 100


def _texts(count: int, inside: Any) -> dict[str, Any]:
    return {"Records": [{"messageId": "1", "body": json.dumps(inside)}] * count}


MANY = {
    "empty-lists-in-messages": _texts(100, {"Records": [{"Records": []}] * 200}),
    "messages-in-messages": _texts(
        90, {"Type": "Notification", "Message": json.dumps({"Event": "s3:TestEvent", "x": [0] * 150})}
    ),
    "data-that-is-text": [
        {"specversion": "1", "type": "other", "data_base64": base64.b64encode(b"[" + b"0," * 500 + b"0]").decode()}
    ] * 60,
}  # fmt: skip


@pytest.mark.parametrize("given", MANY.values(), ids=MANY)
def test_all_texts_of_an_event_are_counted_together(given: Any) -> None:
    headers = {"content-type": "application/cloudevents-batch+json"} if isinstance(given, list) else {}
    with pytest.raises(BadEventError, match="10000 members"):
        events.parse_body(headers, json.dumps(given).encode())


@pytest.mark.parametrize("given", [{"a": [0] * 11_000}, {"Type": "Notification", "Message": json.dumps([0] * 11_000)}])
def test_an_event_of_too_many_members(given: Any) -> None:
    with pytest.raises(BadEventError, match="10000 members"):
        events.parse_body({}, json.dumps(given).encode())

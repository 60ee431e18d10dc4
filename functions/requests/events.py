"""From what a platform sends to events: CloudEvents, Pub/Sub push, SNS, S3 notifications, SQS and EventBridge records.

Nothing of it is believed but that a key may have changed, so nothing is verified: what is forged costs metadata calls.
Shapes: https://cloud.google.com/storage/docs/pubsub-notifications, https://cloud.google.com/eventarc/docs/cloudevents,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and …/ev-events.html.
"""

import base64
import binascii
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote_plus

import msgspec

from functions.errors import BadEventError
from service.events.event import ObjectEvent, ParsedEvents
from storage.address import Address
from storage.errors import StorageError

Told = Mapping[str, Any]
_DEEPEST = 4
"""Envelopes in envelopes: SQS of SNS of S3 are three."""
_STORAGE = "google.cloud.storage.object.v1."
_GOOGLE: dict[str, Literal["put", "delete"] | None] = {
    "finalized": "put", "deleted": "delete", "archived": "delete", "metadataUpdated": None,
    "OBJECT_FINALIZE": "put", "OBJECT_DELETE": "delete", "OBJECT_ARCHIVE": "delete", "OBJECT_METADATA_UPDATE": None,
}  # fmt: skip
_AMAZON: dict[str, Literal["put", "delete"]] = {
    "ObjectCreated": "put", "ObjectRemoved": "delete", "LifecycleExpiration": "delete", "ObjectRestore": "put",
    "Object Created": "put", "Object Deleted": "delete", "Object Restore Completed": "put",
}  # fmt: skip


def parse_body(headers: Mapping[str, str], data: bytes) -> ParsedEvents:
    """What an HTTP request brings; the names of `headers` are lower case. BadEventError (400)."""
    if "ce-type" in headers:
        attributes = {name.removeprefix("ce-"): value for name, value in headers.items() if name.startswith("ce-")}
        return _gathered(_cloud_event({**attributes, "data": _json(data)}))
    told = _json(data)
    if headers.get("content-type", "").startswith("application/cloudevents-batch"):
        return _gathered(_each(told, _cloud_event))
    return _gathered(_any(told, {}, 0))


def parse_cloud_event(attributes: Told, data: Any) -> ParsedEvents:
    """A CloudEvent that somebody else has read already."""
    return _gathered(_cloud_event({**attributes, "data": data}))


def parse_record(told: Any) -> ParsedEvents:
    """A record of an AWS event: of S3, SQS, SNS or EventBridge. BadEventError."""
    return _gathered(_any(told, {}, 0))


def _gathered(found: Iterator[ObjectEvent | str]) -> ParsedEvents:
    events: list[ObjectEvent] = []
    ignored: list[str] = []
    for one in found:
        (events if isinstance(one, ObjectEvent) else ignored).append(one)  # type: ignore[arg-type]
    return ParsedEvents(tuple(events), tuple(ignored))


def _any(told: Any, envelope: Told, depth: int) -> Iterator[ObjectEvent | str]:
    """Whatever it is, by its members. `envelope` is what an outer one says: attempt, age and id."""
    if depth > _DEEPEST:
        raise BadEventError("The event is wrapped too often.")
    told = _object(told)
    if "specversion" in told:
        yield from _cloud_event(told)
    elif "message" in told and "subscription" in told:
        yield from _push(told)
    elif isinstance(told.get("Records"), list):
        for one in told["Records"]:
            yield from _any(one, envelope, depth + 1)
    elif "s3" in told:
        yield from _s3(told, envelope)
    elif "detail-type" in told:
        yield from _bridge(told, envelope)
    elif told.get("eventSource") == "aws:sqs" or "messageId" in told:
        yield from _any(_json(_text(told, "body")), _of_sqs(told), depth + 1)
    elif isinstance(told.get("Sns"), dict):
        yield from _any(_json(_text(told["Sns"], "Message")), envelope, depth + 1)
    else:
        yield from _notice(told, envelope, depth)


def _notice(told: Told, envelope: Told, depth: int) -> Iterator[ObjectEvent | str]:
    """What SNS posts itself, and the words that S3 and SNS send only once."""
    kind = str(told.get("Type"))
    if kind == "Notification":
        envelope = {**envelope, **_age(told.get("Timestamp"))}
        yield from _any(_json(_text(told, "Message")), envelope, depth + 1)
    elif kind in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        yield f"{kind} of «{str(told.get('TopicArn'))[:200]}»: confirm it by hand, nothing is fetched from here"
    elif told.get("Event") == "s3:TestEvent":
        yield f"test event of bucket «{str(told.get('Bucket'))[:80]}»"
    else:
        raise BadEventError("The body is no event that is known here.")


def _cloud_event(told: Any) -> Iterator[ObjectEvent | str]:
    told = _object(told)
    kind, data = str(told.get("type")), told.get("data")
    if data is None and isinstance(told.get("data_base64"), str):
        data = _json(_decoded(told["data_base64"]))
    envelope = {**_age(told.get("time")), "id": str(told.get("id", ""))[:200]}
    if kind.startswith(_STORAGE):
        yield from _google(kind.removeprefix(_STORAGE), _object(data), envelope)
    elif kind == "google.cloud.pubsub.topic.v1.messagePublished":
        yield from _message(_object(_object(data).get("message")), envelope)
    else:
        yield f"CloudEvent of type «{kind[:80]}»"


def _push(told: Told) -> Iterator[ObjectEvent | str]:
    """A message that Pub/Sub posts; it counts deliveries where a dead-letter topic is set."""
    attempt = told.get("deliveryAttempt")
    yield from _message(_object(told["message"]), {"attempt": attempt} if isinstance(attempt, int) else {})


def _message(told: Told, envelope: Told) -> Iterator[ObjectEvent | str]:
    attributes = told.get("attributes")
    if not isinstance(attributes, dict) or "eventType" not in attributes:
        yield "Pub/Sub message that is no notification of Cloud Storage"
        return
    place = {"bucket": attributes.get("bucketId"), "name": attributes.get("objectId")}
    identity = str(told.get("messageId", told.get("message_id", "")))[:200]
    since = _age(attributes.get("eventTime") or told.get("publishTime"))
    yield from _google(str(attributes["eventType"]), place, {**since, "id": identity, **envelope})


def _google(kind: str, data: Told, envelope: Told) -> Iterator[ObjectEvent | str]:
    if (what := _GOOGLE.get(kind)) is None:
        yield f"event «{kind[:80]}», which changes no bytes"
    else:
        yield _hint("gs", data.get("bucket"), data.get("name"), what, envelope)


def _s3(told: Told, envelope: Told) -> Iterator[ObjectEvent | str]:
    """S3's own record: keys are form-encoded, so that + is a space."""
    where = _object(told["s3"])
    name = str(told.get("eventName", "")).removeprefix("s3:").partition(":")[0]
    if name not in _AMAZON:
        yield f"event «{name[:80]}», which changes no bytes"
        return
    key = _object(where.get("object")).get("key")
    key = unquote_plus(key, errors="surrogateescape") if isinstance(key, str) else key
    bucket = _object(where.get("bucket")).get("name")
    yield _hint("s3", bucket, key, _AMAZON[name], {**_age(told.get("eventTime")), **envelope})


def _bridge(told: Told, envelope: Told) -> Iterator[ObjectEvent | str]:
    """EventBridge's record: keys are as they are."""
    kind = str(told["detail-type"])
    if told.get("source") != "aws.s3" or kind not in _AMAZON:
        yield f"event «{kind[:80]}», which changes no bytes"
        return
    detail = _object(told.get("detail"))
    bucket, key = _object(detail.get("bucket")).get("name"), _object(detail.get("object")).get("key")
    named = {**_age(told.get("time")), "id": str(told.get("id", ""))[:200], **envelope}
    yield _hint("s3", bucket, key, _AMAZON[kind], named)


def _of_sqs(told: Told) -> dict[str, Any]:
    """How often SQS delivered a message, and since when."""
    attributes = told.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    count, sent = (str(attributes.get(name)) for name in ("ApproximateReceiveCount", "SentTimestamp"))
    return {
        "id": str(told.get("messageId", ""))[:200],
        **({"attempt": int(count)} if count.isdecimal() and len(count) < 9 else {}),
        **({"age": max(0.0, time.time() - int(sent) / 1000)} if sent.isdecimal() and len(sent) < 16 else {}),
    }


def _hint(scheme: str, bucket: Any, key: Any, kind: Literal["put", "delete"], envelope: Told) -> ObjectEvent | str:
    """A hint, or why the address cannot be one of an object."""
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise BadEventError("The event names no bucket or no object.")
    address = Address(scheme, bucket, key)
    try:
        return ObjectEvent(address=address.check(), kind=kind, **{"age": 0.0, **envelope})
    except (StorageError, UnicodeError):
        return "event about a name that can be no object's address"


def _age(text: Any) -> dict[str, float]:
    """Seconds since an ISO 8601 time."""
    try:
        read = datetime.fromisoformat(str(text))
        since = time.time() - (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return {}
    return {"age": max(0.0, since)}


def _each(told: Any, reader: Any) -> Iterator[ObjectEvent | str]:
    if not isinstance(told, list):
        raise BadEventError("A batch is a list of events.")
    for one in told:
        yield from reader(one)


def _object(told: Any) -> Told:
    if isinstance(told, str | bytes):
        told = _json(told)
    if not isinstance(told, dict):
        raise BadEventError("The event is no JSON object where one is expected.")
    return told


def _text(told: Told, name: str) -> str:
    if not isinstance(told.get(name), str):
        raise BadEventError(f"The event has no text «{name}».")
    return str(told[name])


def _json(data: bytes | str) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise BadEventError("The event is no JSON.") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadEventError("The event's data is no base64.") from None

"""Parses platform events: CloudEvents, Pub/Sub push, SNS, S3 notifications, SQS and EventBridge records.

All they tell is that an object may have changed, so a forged event costs metadata calls; who may send events is
verified before (service/events/senders.py).
Shapes: https://cloud.google.com/storage/docs/pubsub-notifications, https://cloud.google.com/eventarc/docs/cloudevents,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and …/ev-events.html.
"""

import base64
import binascii
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote, unquote_plus

import msgspec

from functions.errors import BadEventError
from functions.requests.members import members
from service.events.event import ObjectEvent, ParsedEvents
from storage.address import Address
from storage.errors import StorageError

Json = Mapping[str, Any]
_MAX_DEPTH = 4
"""Nested envelopes: S3 in SNS in SQS are three."""
_MAX_EVENTS, _MAX_MEMBERS = 100, 10_000
"""Events of one request, and members and elements of its JSON, texts in it included: an event has about forty."""
_LEFT: ContextVar[int] = ContextVar("members left", default=_MAX_MEMBERS)
"""How many members the texts that are still to be decoded may have together."""
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
    """Parse an HTTP request; the names of `headers` are lower case. BadEventError (400)."""
    _LEFT.set(_MAX_MEMBERS)
    if "ce-type" in headers:
        coded = {name.removeprefix("ce-"): value for name, value in headers.items() if name.startswith("ce-")}
        attributes = {name: unquote(value) for name, value in coded.items()}  # HTTP binding 1.0.2, 3.1.3.2
        return _collect(_cloud_event({**attributes, "data": _json(data)}))
    record = _json(data)
    if headers.get("content-type", "").startswith("application/cloudevents-batch"):
        return _collect(_parse_batch(record, _cloud_event))
    return _collect(_parse(record, {}, 0))


def parse_cloud_event(attributes: Json, data: Any) -> ParsedEvents:
    """Parse a CloudEvent that the platform has decoded."""
    _LEFT.set(_MAX_MEMBERS)
    return _collect(_cloud_event({**attributes, "data": data}))


def parse_record(record: Any) -> ParsedEvents:
    """Parse a record of an AWS event: of S3, SQS, SNS or EventBridge. BadEventError."""
    _LEFT.set(_MAX_MEMBERS)
    return _collect(_parse(record, {}, 0))


def _collect(found: Iterator[ObjectEvent | str]) -> ParsedEvents:
    events: list[ObjectEvent] = []
    ignored: list[str] = []
    for number, one in enumerate(found):
        if number == _MAX_EVENTS:
            raise BadEventError(f"The request has more than {_MAX_EVENTS} events.")
        (events if isinstance(one, ObjectEvent) else ignored).append(one)  # type: ignore[arg-type]
    return ParsedEvents(tuple(events), tuple(ignored))


def _parse(record: Any, envelope: Json, depth: int) -> Iterator[ObjectEvent | str]:
    """Parse any event, recognised by its members. `envelope` holds attempt, age and id of an outer one."""
    if depth > _MAX_DEPTH:
        raise BadEventError("The event is nested too deeply.")
    record = _object(record)
    if "specversion" in record:
        yield from _cloud_event(record)
    elif "message" in record and "subscription" in record:
        yield from _pubsub_push(record)
    elif isinstance(record.get("Records"), list):
        for one in record["Records"]:
            yield from _parse(one, envelope, depth + 1)
    elif "s3" in record:
        yield from _s3(record, envelope)
    elif "detail-type" in record:
        yield from _eventbridge(record, envelope)
    elif record.get("eventSource") == "aws:sqs" or "messageId" in record:
        yield from _parse(_json(_text(record, "body")), _sqs_envelope(record), depth + 1)
    elif isinstance(record.get("Sns"), dict):
        yield from _parse(_json(_text(record["Sns"], "Message")), envelope, depth + 1)
    else:
        yield from _sns(record, envelope, depth)


def _sns(record: Json, envelope: Json, depth: int) -> Iterator[ObjectEvent | str]:
    """SNS notifications, and the messages that SNS and S3 send only once."""
    kind = str(record.get("Type"))
    if kind == "Notification":
        envelope = {**envelope, **_age(record.get("Timestamp"))}
        yield from _parse(_json(_text(record, "Message")), envelope, depth + 1)
    elif kind in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        yield f'{kind} of "{str(record.get("TopicArn"))[:200]}": confirm it manually, its URL is not fetched'
    elif record.get("Event") == "s3:TestEvent":
        yield f'test event of bucket "{str(record.get("Bucket"))[:80]}"'
    else:
        raise BadEventError("The body is not a known event.")


def _cloud_event(record: Any) -> Iterator[ObjectEvent | str]:
    record = _object(record)
    kind, data = str(record.get("type")), record.get("data")
    if data is None and isinstance(record.get("data_base64"), str):
        data = _json(_decoded(record["data_base64"]))
    envelope = {**_age(record.get("time")), "id": str(record.get("id", ""))[:200]}
    if kind.startswith(_STORAGE):
        yield from _google(kind.removeprefix(_STORAGE), _object(data), envelope)
    elif kind == "google.cloud.pubsub.topic.v1.messagePublished":
        yield from _pubsub_message(_object(_object(data).get("message")), envelope)
    else:
        yield f'CloudEvent of type "{kind[:80]}"'


def _pubsub_push(record: Json) -> Iterator[ObjectEvent | str]:
    """A Pub/Sub push message; it counts deliveries if a dead-letter topic is set."""
    attempt = record.get("deliveryAttempt")
    yield from _pubsub_message(_object(record["message"]), {"attempt": attempt} if isinstance(attempt, int) else {})


def _pubsub_message(record: Json, envelope: Json) -> Iterator[ObjectEvent | str]:
    attributes = record.get("attributes")
    if not isinstance(attributes, dict) or "eventType" not in attributes:
        yield "Pub/Sub message that is not a Cloud Storage notification"
        return
    place = {"bucket": attributes.get("bucketId"), "name": attributes.get("objectId")}
    identity = str(record.get("messageId", record.get("message_id", "")))[:200]
    since = _age(attributes.get("eventTime") or record.get("publishTime"))
    yield from _google(str(attributes["eventType"]), place, {**since, "id": identity, **envelope})


def _google(kind: str, data: Json, envelope: Json) -> Iterator[ObjectEvent | str]:
    if (what := _GOOGLE.get(kind)) is None:
        yield f'event "{kind[:80]}", which changes no bytes'
    else:
        yield _object_event("gs", data.get("bucket"), data.get("name"), what, envelope)


def _s3(record: Json, envelope: Json) -> Iterator[ObjectEvent | str]:
    """An S3 record: keys are form-encoded, so + is a space."""
    where = _object(record["s3"])
    name = str(record.get("eventName", "")).removeprefix("s3:").partition(":")[0]
    if name not in _AMAZON:
        yield f'event "{name[:80]}", which changes no bytes'
        return
    key = _object(where.get("object")).get("key")
    key = unquote_plus(key, errors="surrogateescape") if isinstance(key, str) else key
    bucket = _object(where.get("bucket")).get("name")
    yield _object_event("s3", bucket, key, _AMAZON[name], {**_age(record.get("eventTime")), **envelope})


def _eventbridge(record: Json, envelope: Json) -> Iterator[ObjectEvent | str]:
    """An EventBridge record: keys are not encoded."""
    kind = str(record["detail-type"])
    if record.get("source") != "aws.s3" or kind not in _AMAZON:
        yield f'event "{kind[:80]}", which changes no bytes'
        return
    detail = _object(record.get("detail"))
    bucket, key = _object(detail.get("bucket")).get("name"), _object(detail.get("object")).get("key")
    named = {**_age(record.get("time")), "id": str(record.get("id", ""))[:200], **envelope}
    yield _object_event("s3", bucket, key, _AMAZON[kind], named)


def _sqs_envelope(record: Json) -> dict[str, Any]:
    """The envelope of an SQS message: how often and how long ago it was delivered."""
    attributes = record.get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    count, sent = (str(attributes.get(name)) for name in ("ApproximateReceiveCount", "SentTimestamp"))
    return {
        "id": str(record.get("messageId", ""))[:200],
        **({"attempt": int(count)} if count.isdecimal() and len(count) < 9 else {}),
        **({"age": max(0.0, time.time() - int(sent) / 1000)} if sent.isdecimal() and len(sent) < 16 else {}),
    }


def _object_event(
    scheme: str, bucket: Any, key: Any, kind: Literal["put", "delete"], envelope: Json
) -> ObjectEvent | str:
    """The event for an object, or why its address is not valid."""
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise BadEventError("The event does not name a bucket and an object.")
    address = Address(scheme, bucket, key)
    try:
        return ObjectEvent(address=address.check(), kind=kind, **{"age": 0.0, **envelope})
    except (StorageError, UnicodeError):
        return "event with an invalid object name"


def _age(text: Any) -> dict[str, float]:
    """Seconds since an ISO 8601 time."""
    try:
        moment = datetime.fromisoformat(str(text))
        since = time.time() - (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return {}
    return {"age": max(0.0, since)}


def _parse_batch(record: Any, reader: Any) -> Iterator[ObjectEvent | str]:
    if not isinstance(record, list):
        raise BadEventError("A batch must be a list of events.")
    for one in record:
        yield from reader(one)


def _object(record: Any) -> Json:
    if isinstance(record, str | bytes):
        record = _json(record)
    if not isinstance(record, dict):
        raise BadEventError("The event is not a JSON object where one is expected.")
    return record


def _text(record: Json, name: str) -> str:
    if not isinstance(record.get(name), str):
        raise BadEventError(f'The event has no string "{name}".')
    return str(record[name])


def _json(data: bytes | str) -> Any:
    try:
        left = _LEFT.get()
        left -= members(data.encode() if isinstance(data, str) else data, left)
        if left < 0:
            raise BadEventError(f"The event has more than {_MAX_MEMBERS} members and elements.")
        _LEFT.set(left)
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise BadEventError("The event is not JSON.") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadEventError("The event's data is not base64.") from None

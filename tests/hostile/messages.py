"""Hostile events and inference requests; then `BODIES` holds all."""

import json
import zlib

from tests.hostile.bodies import BODIES, Sent, body
from tests.hostile.pictures import filled

__all__ = ["BODIES"]

# --- events ---

_RECORD = {
    "eventName": "ObjectCreated:Put", "eventTime": "2026-11-30T10:00:00Z",
    "s3": {"bucket": {"name": "elsewhere"}, "object": {"key": "a/b+c.jpg", "size": 1}},
}  # fmt: skip


def event(given: object, content_type: str = "application/json") -> Sent:
    text = given if isinstance(given, bytes) else json.dumps(given).encode()
    return Sent("/events", text, content_type)


@body
def events_records(size: int) -> Sent:
    return event({"Records": [_RECORD] * (size // 180)})


@body
def events_100_records(size: int) -> Sent:
    record = {**_RECORD, "eventTime": "9" * (size // 100)}
    return event({"Records": [record] * 100})


@body
def events_records_in_records(size: int) -> Sent:
    return event(b'{"Records": ' * 4 + filled(b'{"Records":[],', size) + b"}")


@body
def events_in_messages(size: int) -> Sent:
    message: object = {"Records": [_RECORD] * (size // 400)}
    for _ in range(3):
        message = {"Type": "Notification", "Message": json.dumps(message)}
    return event(message)


@body
def events_a_batch(size: int) -> Sent:
    one = {"specversion": "1.0", "type": "a", "data": {"a": [0] * 20}}
    return event([one] * (size // 120), "application/cloudevents-batch+json")


@body
def events_base64(size: int) -> Sent:
    return event({"specversion": "1.0", "type": "google.cloud.storage.object.v1.finalized", "data_base64": "A" * size})


@body
def events_numbers(size: int) -> Sent:
    return event(b'{"Records": [' + filled(b"1,", size) + b"1]}")


# --- tensors ---


def infer(text: bytes, *headers: tuple[str, str], unpacked: int = 0) -> Sent:
    return Sent("/v2/models/shapes/infer", text, "application/json", headers, unpacked=unpacked)


def _tensor(data: bytes, shape: str = "[1,2,2,3]", more: bytes = b"", datatype: str = "UINT8") -> bytes:
    head = b'{"inputs": [{"name": "image", "datatype": "%s", "shape": %s' % (datatype.encode(), shape.encode())
    return b"".join((head, more, b', "data": ', data, b"}]}"))


@body
def infer_numbers(size: int) -> Sent:
    return infer(_tensor(b"[" + filled(b"1,", size) + b"1]"))


@body
def infer_numbers_of_the_shape(size: int) -> Sent:
    width = size // 2 // 3
    return infer(_tensor(b"[" + b"1," * (3 * width - 1) + b"1]", f"[1,1,{width},3]"))


@body
def infer_nested_numbers(size: int) -> Sent:
    width = size // 8
    return infer(_tensor(b"[[[" + b"[1,1,1]," * (width - 1) + b"[1,1,1]]]]", f"[1,1,{width},3]"))


@body
def infer_brackets(size: int) -> Sent:
    return infer(_tensor(filled(b"[", size)))


@body
def infer_empty_lists(size: int) -> Sent:
    return infer(_tensor(b"[" + filled(b"[],", size) + b"[]]"))


@body
def infer_a_long_shape(size: int) -> Sent:
    return infer(_tensor(b"[1]", "[" + "1," * (size // 2) + "1]"))


@body
def infer_long_parameters(size: int) -> Sent:
    return infer(_tensor(b"[1]", more=b', "parameters": {"a": [' + filled(b"1.5,", size) + b"1]}"))


@body
def infer_many_parameters(size: int) -> Sent:
    return infer(_tensor(b"[1]", more=b', "parameters": {' + filled(b'"a":1,', size) + b'"b":1}'))


@body
def infer_many_outputs(size: int) -> Sent:
    return infer(b'{"inputs": [], "outputs": [' + filled(b'{"name":""},', size) + b'{"name":""}]}')


@body
def infer_texts(size: int) -> Sent:
    return infer(_tensor(b"[" + filled(b'"",', size) + b'""]', "[1]", datatype="BYTES"))


@body
def infer_base64(size: int) -> Sent:
    return infer(_tensor(b'["' + filled(b"A", size) + b'"]', "[1]", datatype="BYTES"))


@body
def infer_a_long_header(size: int) -> Sent:
    return infer(bytes(size), ("Inference-Header-Content-Length", "9" * 11))


def _gzipped(data: bytes, wbits: int = 31) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(data) + packer.flush()


@body
def gzip_bomb(size: int) -> Sent:
    return infer(_gzipped(bytes(size * 40)), ("Content-Encoding", "gzip"), unpacked=min(size * 40, 32 * 1024**2))


@body
def gzip_spaces(size: int) -> Sent:
    return infer(_gzipped(b" " * size), ("Content-Encoding", "gzip"), unpacked=size)


@body
def gzip_members(size: int) -> Sent:
    return infer(filled(_gzipped(b" "), size), ("Content-Encoding", "gzip"))


@body
def deflate_empty_blocks(size: int) -> Sent:
    return infer(b"\x78\x9c" + filled(b"\0\0\0\xff\xff", size), ("Content-Encoding", "deflate"))


@body
def deflate_small_blocks(size: int) -> Sent:
    return infer(b"\x78\x9c" + filled(b"\0\1\0\xfe\xff ", size), ("Content-Encoding", "deflate"))


@body
def gzip_of_numbers(size: int) -> Sent:
    text = _tensor(b"[" + filled(b"1,", size) + b"1]")
    return infer(_gzipped(text), ("Content-Encoding", "gzip"), unpacked=len(text))

"""The two clouds' HTTP, as far as the proxy needs it: the kind of call, its preconditions, its effect."""

import hashlib
import json
import re
from typing import Any, Protocol
from urllib.parse import quote, unquote

import msgspec

from tools.emulators.faults import Op
from tools.emulators.wire import Message

Demand = tuple[str, str]
"""("is" or "is not", version); the version "" means that there is no object, "*" any."""


class Call(msgspec.Struct):
    """One request understood. `demands` are preconditions on the object, `sources` on the source of a copy.

    `refused` is a status that the store would return for another reason, 0 for none.
    """

    op: Op
    bucket: str = ""
    key: str = ""
    demands: list[Demand] = []
    source: tuple[str, str] | None = None
    sources: list[Demand] = []
    refused: int = 0


class Effect(msgspec.Struct):
    """One line of the ledger: a write or a delete that took effect, in order."""

    number: int
    op: str
    bucket: str
    key: str
    version: str
    size: int
    md5: str
    metadata: dict[str, str]
    fault: str | None


class Dialect(Protocol):
    """What the proxy needs of each."""

    def call(self, request: Message) -> Call:
        """The call of a request."""

    def routed(self, request: Message) -> Message:
        """The request as the emulator understands it."""

    def look(self, bucket: str, key: str, like: Message) -> Message:
        """The request that asks for an object's version."""

    def version(self, answer: Message) -> str:
        """The version in the response to `look`; "" if there is none."""

    def effect(self, call: Call, request: Message, answer: Message) -> dict[str, Any] | None:
        """Fields of the Effect of a write; None if it wrote no object."""

    def refusal(self, status: int) -> tuple[str, bytes]:
        """(content type, body) of an error."""


_OPS: dict[str, Op] = {"GET": "read", "HEAD": "stat", "PUT": "write", "DELETE": "delete"}


def _path_style(request: Message) -> tuple[str, str]:
    """Bucket and key of `/bucket/key`."""
    _, bucket, key = (*request.path.split("/", 2), "", "")[:3]
    return unquote(bucket), unquote(key)


def met(demands: list[Demand], version: str) -> bool:
    """Whether a version meets the preconditions."""
    for word, wanted in demands:
        same = (version != "") if wanted == "*" else version == wanted
        if same != (word == "is"):
            return False
    return True


class Google:
    """The JSON API, and a little of the XML API.

    fake-gcs-server honours `ifGenerationMatch` on uploads only, and `ifGenerationNotMatch` not on all of those. Here
    both are enforced on upload, get, download, delete, patch, update, rewrite, copyTo (there also for the source) and
    compose, and `x-goog-if-generation-match` on the XML API's PUT and DELETE. Metagenerations are not: we send none.
    It lacks the XML API's PUT, which signed uploads use; that becomes an upload with its length range checked.
    """

    _XML_HOST = "storage.googleapis.com"
    _OBJECT = re.compile(r"/(?:download/)?storage/v1/b/([^/]+)/o(?:/([^/]+))?(?:/(rewriteTo|copyTo|compose).*)?\Z")
    _COPY = re.compile(r"/storage/v1/b/([^/]+)/o/([^/]+)/(?:rewriteTo|copyTo)/b/([^/]+)/o/([^/]+)\Z")
    _UPLOAD = re.compile(r"/upload/(?:storage/v1/b/([^/]+)/o/?|resumable/.*)\Z")

    def call(self, request: Message) -> Call:
        """See `Dialect`."""
        query, path = request.query, request.path
        if copy := self._COPY.match(path):
            names = [unquote(name) for name in copy.groups()]
            return Call(
                "write", names[2], names[3], _generations(query), (names[0], names[1]), _generations(query, "Source")
            )
        if upload := self._UPLOAD.match(path):
            name = query.get("name") or _named(request)
            starts = query.get("uploadType") == "resumable" and "upload_id" not in query
            return Call("other" if starts else "write", unquote(upload[1] or ""), name, _generations(query))
        if found := self._OBJECT.match(path):
            return self._object(request, unquote(found[1]), unquote(found[2] or ""), found[3])
        return self._xml(request) if self._is_xml(request) else Call("other")

    def routed(self, request: Message) -> Message:
        """See `Dialect`."""
        if not self._is_xml(request):
            return request
        if request.method != "PUT":
            return Message(request.first, [*request.without("host"), ("Host", self._XML_HOST)], request.body)
        bucket, key = _path_style(request)
        path = f"/upload/storage/v1/b/{quote(bucket, safe='')}/o?uploadType=media&name={quote(key, safe='')}"
        return Message(f"POST {path} HTTP/1.1", request.headers, request.body)

    def _is_xml(self, request: Message) -> bool:
        return not request.path.startswith(("/storage/", "/upload/", "/download/", "/batch/", "/_"))

    def _object(self, request: Message, bucket: str, key: str, verb: str | None) -> Call:
        if not key:
            return Call("list", bucket)
        op: Op = "delete" if request.method == "DELETE" else "write" if request.method != "GET" else "stat"
        if op == "stat" and request.query.get("alt") == "media":
            op = "read"
        return Call(op if verb != "compose" else "write", bucket, key, _generations(request.query))

    def _xml(self, request: Message) -> Call:
        wanted = request.get("x-goog-if-generation-match")
        demands = [] if wanted is None else [("is", "" if wanted == "0" else wanted)]
        least, _, most = (request.get("x-goog-content-length-range") or f"0,{len(request.body)}").partition(",")
        fits = request.method != "PUT" or int(least) <= len(request.body) <= int(most)
        return Call(_OPS.get(request.method, "other"), *_path_style(request), demands, refused=0 if fits else 400)

    def look(self, bucket: str, key: str, like: Message) -> Message:
        """See `Dialect`."""
        path = f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(key, safe='')}"
        return Message(f"GET {path} HTTP/1.1", [("Host", like.get("Host") or "localhost")])

    def version(self, answer: Message) -> str:
        """See `Dialect`."""
        return str(json.loads(answer.body)["generation"]) if answer.status == 200 else ""

    def effect(self, call: Call, request: Message, answer: Message) -> dict[str, Any] | None:  # noqa: ARG002
        """See `Dialect`."""
        try:
            told = json.loads(answer.body)
        except ValueError:
            return None
        told = told.get("resource", told)
        if "generation" not in told:
            return None
        return {
            "key": told.get("name", call.key),
            "version": str(told["generation"]),
            "size": int(told.get("size", 0)),
            "md5": told.get("md5Hash", ""),
            "metadata": told.get("metadata") or {},
        }

    def refusal(self, status: int) -> tuple[str, bytes]:
        """See `Dialect`."""
        body = {"error": {"code": status, "message": "by the proxy", "errors": [{"reason": "proxy"}]}}
        return "application/json", json.dumps(body).encode()


def _generations(query: dict[str, str], of: str = "") -> list[Demand]:
    demands = []
    for word, name in (("is", f"if{of}GenerationMatch"), ("is not", f"if{of}GenerationNotMatch")):
        if name in query:
            demands.append((word, "" if query[name] == "0" else query[name]))
    return demands


def _named(request: Message) -> str:
    """The name in the JSON part of a multipart upload."""
    found = re.search(rb'"name"\s*:\s*("(?:[^"\\]|\\.)*")', request.body[:65536])
    return str(json.loads(found[1])) if found else ""


_SCOPE = "test/20260101/us-east-1/s3/aws4_request"
"""moto does not check signatures, but rejects requests without one."""


class Amazon:
    """S3 with the bucket in the path.

    moto honours `If-None-Match` and `If-Match` on PUT and `If-Match` on DELETE. Here they are enforced on PUT, DELETE
    and copies: on the copy's target, and `x-amz-copy-source-if-match` and `…-none-match` on its source.
    """

    def call(self, request: Message) -> Call:
        """See `Dialect`."""
        bucket, key = _path_style(request)
        if not key:
            return Call("list" if request.method == "GET" else "other", bucket)
        op = _OPS.get(request.method, "other")
        if op not in {"write", "delete"} or "uploadId" in request.query:
            return Call(op, bucket, key)
        copied = request.get("x-amz-copy-source")
        source = unquote(copied).lstrip("/").split("?")[0].split("/", 1) if copied else None
        return Call(
            op, bucket, key, _etags(request, ""), (source[0], source[1]) if source else None,
            _etags(request, "x-amz-copy-source-"),
        )  # fmt: skip

    def routed(self, request: Message) -> Message:
        """See `Dialect`."""
        return request

    def look(self, bucket: str, key: str, like: Message) -> Message:
        """See `Dialect`."""
        signed = ("Authorization", f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=host, Signature=0")
        host = ("Host", like.get("Host") or "localhost")
        return Message(f"HEAD /{quote(bucket)}/{quote(key)} HTTP/1.1", [host, signed])

    def version(self, answer: Message) -> str:
        """See `Dialect`."""
        return (answer.get("ETag") or "").strip('"') if answer.status == 200 else ""

    def effect(self, call: Call, request: Message, answer: Message) -> dict[str, Any] | None:
        """See `Dialect`."""
        if call.op != "write":
            return None
        start = "x-amz-meta-"
        return {
            "key": call.key,
            "version": (answer.get("ETag") or "").strip('"'),
            "size": len(request.body),
            "md5": hashlib.md5(request.body, usedforsecurity=False).hexdigest(),
            "metadata": {
                name.lower().removeprefix(start): value
                for name, value in request.headers
                if name.lower().startswith(start)
            },
        }

    def refusal(self, status: int) -> tuple[str, bytes]:
        """See `Dialect`."""
        codes = {429: "TooManyRequests", 503: "SlowDown", 409: "ConditionalRequestConflict", 412: "PreconditionFailed"}
        code = codes.get(status, "InternalError")
        return "application/xml", f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>".encode()


def _etags(request: Message, start: str) -> list[Demand]:
    demands = []
    for word, name in (("is", f"{start}if-match"), ("is not", f"{start}if-none-match")):
        value = request.get(name)
        if value is not None:
            demands.append((word, value.strip('"')))
    return demands

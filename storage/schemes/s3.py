"""s3://bucket/key: Amazon S3, and with `options.s3_endpoint` compatible stores (R2, Ceph, …).

A version is ETag, version id and the write's token (or the time, for others' objects). The store compares ETags only,
and an ETag recurs with the same content; so before an overwrite or a delete the whole version is compared as well.
"""

import base64
import contextlib
import secrets
import threading
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from core.limits import Deadline
from storage import aws, idempotent
from storage.address import Address
from storage.errors import (
    ChangedError,
    ChecksumError,
    NoBucketError,
    NoObjectError,
    RefusedTargetError,
    StorageError,
)
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.options import Options
from storage.reading import CHUNK, Reading
from storage.registry import scheme
from storage.retry import check_deadline, retry_transient
from storage.statuses import MARK
from storage.uploads import ObjectUpload

_PAGE = 1000


@scheme
class AmazonStore:
    """Uses the platform's own credentials, as boto3 finds them."""

    scheme: ClassVar[str] = "s3"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._made: Any = None
        self._lock = threading.Lock()
        self._proof = threading.Lock()
        self._proven: set[str] = set()

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`."""
        address.check()
        stat = at or retry_transient(lambda: self._stat(address, deadline), deadline)
        return Reading(stat, lambda start, stop: self._opened(stat, start, stop, deadline), deadline)

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """See `objects.Store`. RefusedTargetError if the endpoint ignores preconditions."""
        address.check()
        about.check()
        self._prove(address, deadline)
        upload = ObjectUpload.of(address, body, about, "md5", replaces)
        return idempotent.write_once(
            lambda: self._put(upload, deadline),
            lambda: self._current(address, deadline),
            upload.token,
            replaces,
            deadline,
        )

    def list(self, prefix: Address, deadline: Deadline, *, after: str = "") -> Iterator[Entry]:
        """See `objects.Store`."""
        prefix.check_prefix()
        more = True
        while more:
            page, more = retry_transient(lambda after=after: self._page(prefix, after, deadline), deadline)  # type: ignore[misc]
            yield from page
            after = page[-1].address.key if page else after

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """See `objects.Store`."""
        address.check()

        def attempt() -> None:
            self._expect(address, version, deadline)
            self._call("delete_object", address, deadline, IfMatch=_quoted(version))

        idempotent.delete_once(attempt, lambda: self._current(address, deadline), version, deadline)

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """See `objects.Store`: a V4 signature, the headers in it and the exact length."""
        parameters = aws.parameters_of(grant)
        with aws.aws_errors(address.check()):
            url = self._client().generate_presigned_url(
                "get_object" if grant.method == "GET" else "put_object",
                Params={"Bucket": address.bucket, "Key": address.key, **parameters},
                ExpiresIn=grant.seconds,
            )
        headers = {"Content-Type": grant.content_type, "If-None-Match": "*"} if parameters else {}
        return SignedUrl(url, grant.method, headers)

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = aws.client(self._options)
            return self._made

    def _call(self, name: str, address: Address, deadline: Deadline, **parameters: Any) -> Any:
        check_deadline(deadline, address)
        with aws.aws_errors(address):
            return getattr(self._client(), name)(Bucket=address.bucket, Key=address.key, **parameters)

    def _stat(self, address: Address, deadline: Deadline) -> Stat:
        return aws.aws_stat(self._call("head_object", address, deadline, ChecksumMode="ENABLED"), address)

    def _current(self, address: Address, deadline: Deadline) -> Stat | None:
        try:
            return self._stat(address, deadline)
        except NoObjectError:
            return None

    def _expect(self, address: Address, version: str, deadline: Deadline) -> None:
        if self._stat(address, deadline).version != version:
            raise ChangedError(f'"{address}" is a different version.')

    def _put(self, upload: ObjectUpload, deadline: Deadline) -> Stat:
        """One attempt. The store verifies the MD5 that we send, and we verify the one that it returns."""
        if upload.replaces is not None:
            self._expect(upload.address, upload.replaces, deadline)
        upload.file.seek(0)
        about = {"CacheControl": upload.about.cache_control} if upload.about.cache_control else {}
        answer = self._call(
            "put_object", upload.address, deadline, Body=upload.file, ContentLength=upload.size,
            ContentMD5=base64.b64encode(bytes.fromhex(upload.checksum)).decode(), ContentType=upload.about.content_type,
            Metadata={**upload.about.metadata, MARK: upload.token}, **about, **_condition(upload.replaces),
        )  # fmt: skip
        stat = aws.written(answer, upload.address, upload.size, upload.about, upload.token)
        if stat.checksums.get("md5", upload.checksum) != upload.checksum:
            raise ChecksumError(f'The storage has different bytes at "{upload.address}" than were sent.')
        return stat

    def _page(self, prefix: Address, after: str, deadline: Deadline) -> tuple[Sequence[Entry], bool]:
        check_deadline(deadline, prefix)
        try:
            with aws.aws_errors(prefix):
                answer = self._client().list_objects_v2(
                    Bucket=prefix.bucket, Prefix=prefix.key, StartAfter=after, MaxKeys=_PAGE
                )
        except NoObjectError:
            raise NoBucketError(f'There is no bucket "s3://{prefix.bucket}".') from None
        found = answer.get("Contents", [])
        entries = [Entry(prefix.at(one["Key"]), one["Size"], one["LastModified"].timestamp()) for one in found]
        return entries, bool(answer.get("IsTruncated"))

    @contextlib.contextmanager
    def _opened(self, stat: Stat, start: int, stop: int, deadline: Deadline) -> Iterator[Iterator[bytes]]:
        etag, version_id, _ = stat.version.split(" ")
        which = {"VersionId": version_id} if version_id != "null" else {}
        span = f"bytes={start}-{stop - 1}"
        try:
            answer = self._call("get_object", stat.address, deadline, IfMatch=f'"{etag}"', Range=span, **which)
        except NoObjectError:
            raise ChangedError(f'"{stat.address}" no longer exists.') from None
        with contextlib.closing(answer["Body"]) as body, aws.aws_errors(stat.address):
            if aws.aws_stat(answer, stat.address).version != stat.version:
                raise ChangedError(f'"{stat.address}" is a different version.')
            yield body.iter_chunks(CHUNK)

    def _prove(self, target: Address, deadline: Deadline) -> None:
        """Verify once per bucket and process, except at Amazon, that preconditions are honoured."""
        with self._proof:
            if target.bucket in self._proven or aws.is_amazon(self._client()):
                return
            probe = target.at(f".darkroom-probe-{secrets.token_hex(8)}")
            try:
                with contextlib.suppress(ChangedError):
                    retry_transient(
                        lambda: self._call("put_object", probe, deadline, Body=b"", IfNoneMatch="*"), deadline
                    )
                for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"00000000000000000000000000000000"'}):
                    self._must_refuse(probe, deadline, condition)
            finally:
                with contextlib.suppress(StorageError):  # the result stands, whatever becomes of the probe
                    retry_transient(lambda: self._call("delete_object", probe, deadline), deadline)
            self._proven.add(target.bucket)

    def _must_refuse(self, probe: Address, deadline: Deadline, condition: dict[str, str]) -> None:
        with contextlib.suppress(ChangedError):
            retry_transient(lambda: self._call("put_object", probe, deadline, Body=b"?", **condition), deadline)
            raise RefusedTargetError(
                f'The endpoint of "s3://{probe.bucket}" ignores {next(iter(condition))} on writes.'
            )


def _condition(replaces: str | None) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": _quoted(replaces)}


def _quoted(version: str) -> str:
    """The ETag in a version, quoted for a header."""
    return f'"{version.partition(" ")[0]}"'

"""gs://bucket/key: Google Cloud Storage. A version is a generation.

The library retries uploads even without a precondition, so each call here has one, and its retries are off: ours read
the object first (`settle`). Bodies come over the JSON API in one streamed response, which the library's own download
cannot yield in chunks: https://cloud.google.com/storage/docs/json_api/v1/objects/get
"""

import base64
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from core.limits import Deadline
from storage import gcs, idempotent
from storage.address import Address
from storage.errors import ChangedError, ChecksumError, NoBucketError, NoObjectError
from storage.facts import Body, Entry, ObjectMetadata, SignedUrl, Stat, UrlGrant
from storage.options import Options
from storage.reading import CHUNK, Reading
from storage.registry import scheme
from storage.retry import check_deadline, retry_transient
from storage.statuses import MARK, error_of
from storage.uploads import ObjectUpload

_PIECE = 8 * 1024 * 1024
"""Up to this size an upload is one request, which the library assembles in memory; a longer one is sent in chunks."""
_PAGE = 1000


@scheme
class GoogleStore:
    """Uses the platform's own credentials; a plain http endpoint (an emulator) gets none."""

    scheme: ClassVar[str] = "gs"

    def __init__(self, options: Options, credentials: Any = None) -> None:
        self._options = options
        self._credentials = credentials
        self._made: gcs.Connection | None = None
        self._lock = threading.Lock()

    def read(self, address: Address, deadline: Deadline, *, at: Stat | None = None) -> Reading:
        """See `objects.Store`."""
        address.check()
        stat = at or retry_transient(lambda: self._stat(address, deadline), deadline)
        return Reading(stat, lambda start, stop: self._opened(stat, start, stop, deadline), deadline)

    def write(
        self, address: Address, body: Body, about: ObjectMetadata, deadline: Deadline, *, replaces: str | None = None
    ) -> Stat:
        """See `objects.Store`."""
        address.check()
        about.check()
        upload = ObjectUpload.of(address, body, about, "crc32c", replaces)
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
            page = retry_transient(lambda after=after: self._page(prefix, after, deadline), deadline)  # type: ignore[misc]
            yield from (entry for entry in page if entry.address.key != after)
            more = len(page) == _PAGE
            after = page[-1].address.key if page else after

    def delete(self, address: Address, version: str, deadline: Deadline) -> None:
        """See `objects.Store`."""
        address.check()

        def attempt() -> None:
            with gcs.gcs_errors(address):
                self._blob(address).delete(
                    if_generation_match=gcs.generation(version), timeout=self._timeout(address, deadline), retry=None
                )

        idempotent.delete_once(attempt, lambda: self._current(address, deadline), version, deadline)

    def sign(self, address: Address, grant: UrlGrant) -> SignedUrl:
        """See `objects.Store`: a V4 signature."""
        headers = gcs.headers_of(grant)
        return SignedUrl(self._signed(address.check(), grant.method, grant.seconds, headers), grant.method, headers)

    def _signed(self, address: Address, method: str, seconds: int, headers: Mapping[str, str]) -> str:
        connection = self._connection()
        with gcs.gcs_errors(address):
            url: str = self._blob(address).generate_signed_url(
                version="v4", expiration=timedelta(seconds=seconds), method=method, headers=dict(headers),
                api_access_endpoint=connection.endpoint, **gcs.signer(connection.session),
            )  # fmt: skip
        return url

    def _connection(self) -> gcs.Connection:
        with self._lock:
            if self._made is None:
                self._made = gcs.Connection(self._options, self._credentials)
            return self._made

    def _blob(self, address: Address) -> Any:
        return self._connection().client.bucket(address.bucket).blob(address.key, chunk_size=_PIECE)

    def _timeout(self, what: Address, deadline: Deadline) -> tuple[float, float]:
        """Seconds to connect, and of silence on the connection."""
        check_deadline(deadline, what)
        left = max(deadline.remaining(), 0.001)
        return min(left, self._options.connect_seconds), min(left, self._options.stall_seconds)

    def _stat(self, address: Address, deadline: Deadline) -> Stat:
        blob = self._blob(address)
        with gcs.gcs_errors(address):
            blob.reload(timeout=self._timeout(address, deadline), retry=None)
        return gcs.gcs_stat(blob, address)

    def _current(self, address: Address, deadline: Deadline) -> Stat | None:
        try:
            return self._stat(address, deadline)
        except NoObjectError:
            return None

    def _put(self, upload: ObjectUpload, deadline: Deadline) -> Stat:
        """One attempt. The store verifies the checksum that we send, and we verify the one that it returns.

        The library's own check is off, because on a mismatch it deletes whatever is there.
        """
        blob = self._blob(upload.address)
        blob.metadata = {**upload.about.metadata, MARK: upload.token}
        blob.cache_control = upload.about.cache_control or None
        blob.crc32c = base64.b64encode(bytes.fromhex(upload.checksum)).decode()
        upload.file.seek(0)
        with gcs.gcs_errors(upload.address, NoBucketError):
            blob.upload_from_file(
                upload.file, size=upload.size, content_type=upload.about.content_type, checksum=None, retry=None,
                if_generation_match=gcs.generation(upload.replaces), timeout=self._timeout(upload.address, deadline),
            )  # fmt: skip
        stat = gcs.gcs_stat(blob, upload.address)
        if stat.checksums.get("crc32c") != upload.checksum:
            raise ChecksumError(f'The storage has different bytes at "{upload.address}" than were sent.')
        return stat

    def _page(self, prefix: Address, after: str, deadline: Deadline) -> Sequence[Entry]:
        """Keys from `after` on, inclusive."""
        with gcs.gcs_errors(prefix, NoBucketError):
            found = self._connection().client.list_blobs(
                prefix.bucket, prefix=prefix.key or None, start_offset=after or None, max_results=_PAGE, retry=None,
                timeout=self._timeout(prefix, deadline), fields="items(name,size,updated),nextPageToken",
            )  # fmt: skip
            return [Entry(prefix.at(blob.name), blob.size, blob.updated.timestamp()) for blob in found]

    @contextlib.contextmanager
    def _opened(self, stat: Stat, start: int, stop: int, deadline: Deadline) -> Iterator[Iterator[bytes]]:
        address, connection = stat.address, self._connection()
        path = f"b/{quote(address.bucket, safe='')}/o/{quote(address.key, safe='')}"
        query = urlencode({"alt": "media", "generation": stat.version})
        url = f"{connection.endpoint}/download/storage/v1/{path}?{query}"
        # Accepting gzip makes the store send the bytes as they are stored.
        headers = {"Accept-Encoding": "gzip", "Range": f"bytes={start}-{stop - 1}"}
        timeout = self._timeout(address, deadline)
        with (
            gcs.gcs_errors(address),
            connection.session.get(url, headers=headers, stream=True, timeout=timeout) as answer,
        ):
            if answer.status_code == 404 or answer.headers.get("x-goog-generation", stat.version) != stat.version:
                raise ChangedError(f'"{address}" is no longer that version.')
            if answer.status_code != 206 and (answer.status_code != 200 or start):
                raise error_of(answer.status_code, address, answer.headers)
            yield answer.raw.stream(CHUNK, decode_content=False)

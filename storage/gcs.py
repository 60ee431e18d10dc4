"""google-cloud-storage: how its client is made, and what its objects and errors mean. Only `gs://` imports it."""

import base64
from typing import TYPE_CHECKING, Any

from core.errors import ErrorTranslation
from storage.address import Address
from storage.errors import (
    CannotSignError,
    ChangedError,
    ChecksumError,
    DeniedError,
    NoBucketError,
    NoObjectError,
    NoSdkError,
    StorageError,
    UnreachableError,
)
from storage.facts import ObjectMetadata, Stat, UrlGrant
from storage.options import Options
from storage.statuses import MARK, error_of

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud.storage import Blob

_SCOPES = ("https://www.googleapis.com/auth/devstorage.read_write",)
_POOL = 64
"""Size of the connection pool: one per thread."""


class Connection:
    """The library's client, and its session, from which bodies are streamed."""

    def __init__(self, options: Options, credentials: Any = None) -> None:
        try:
            from google.auth.transport.requests import AuthorizedSession
            from google.cloud.storage import Client
            from requests.adapters import HTTPAdapter
        except ImportError:
            raise NoSdkError("gs:// needs the package google-cloud-storage, which is not installed.") from None
        self.session: AuthorizedSession = AuthorizedSession(credentials or _credentials(options))  # type: ignore[no-untyped-call]
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL))
        at = {"api_endpoint": options.gs_endpoint} if options.gs_endpoint else None
        self.client = Client(
            project=options.gs_project, credentials=self.session.credentials, _http=self.session, client_options=at
        )
        self.endpoint = options.gs_endpoint or self.client.api_endpoint


def _credentials(options: Options) -> Any:
    """The platform's own. A token is never sent over plain http, so such an endpoint gets none."""
    import google.auth
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import DefaultCredentialsError

    if options.gs_endpoint and options.gs_endpoint.startswith("http://"):
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    try:
        return google.auth.default(scopes=_SCOPES)[0]
    except DefaultCredentialsError:
        raise DeniedError("There are no credentials for Google Cloud.") from None


def gcs_errors(address: Address, missing: type[StorageError] = NoObjectError) -> ErrorTranslation:
    """The library's errors as ours; `missing` is what a 404 means."""
    return ErrorTranslation(lambda error: _translated(error, address, missing))


def _translated(error: BaseException, address: Address, missing: type[StorageError]) -> StorageError | None:
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError, TransportError
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    match error:
        case GoogleAPICallError():
            return _ours(error, address, missing)
        case TransportError():
            return UnreachableError("The storage's credentials cannot be fetched.")
        case GoogleAuthError():
            return DeniedError("The storage's credentials do not work.")
        case RequestException() | HTTPError() | ConnectionError():
            return UnreachableError(f'The connection for "{address}" failed.')
    return None


def _ours(error: Any, address: Address, missing: type[StorageError]) -> StorageError:
    status, text = int(error.code or 500), str(error.message).lower()
    headers = getattr(error.response, "headers", {})
    if status == 404:
        return gcs_missing(address, NoBucketError if "bucket does not exist" in text else missing)
    if status == 400 and ("crc32c" in text or "md5" in text):
        return ChecksumError(f'The bytes of "{address}" were damaged in transit.')
    if status == 403 and "ratelimit" in text.replace(" ", ""):
        status = 429
    return error_of(status, address, headers)


def gcs_missing(address: Address, missing: type[StorageError]) -> StorageError:
    """The error of a 404, which depends on the call."""
    what = f'bucket "gs://{address.bucket}"' if missing is NoBucketError else f'object "{address}"'
    return missing(f"There is no {what}.")


def gcs_stat(blob: "Blob", address: Address) -> Stat:
    """The Stat of the library's object."""
    sums = {"crc32c": blob.crc32c, "md5": blob.md5_hash}
    metadata = dict(blob.metadata or {})
    token = metadata.pop(MARK, "")
    return Stat(
        address=address,
        version=str(blob.generation),
        size=int(blob.size or 0),
        modified=blob.updated.timestamp() if blob.updated else 0.0,
        about=ObjectMetadata(
            content_type=blob.content_type or ObjectMetadata().content_type,
            cache_control=blob.cache_control or "",
            metadata=metadata,
        ),
        checksums={name: base64.b64decode(text).hex() for name, text in sums.items() if text},
        token=token,
    )


def generation(version: str | None) -> int:
    """The generation of a version, 0 for none. ChangedError for one that is not a generation: no object has it."""
    if version is not None and not version.isdecimal():
        raise ChangedError("This is not a version of a gs:// object.")
    return int(version) if version is not None else 0


def headers_of(grant: UrlGrant) -> dict[str, str]:
    """Headers that are signed and must be sent: type, length, and that nothing may be overwritten."""
    if grant.method == "GET":
        return {}
    return {
        "Content-Type": grant.content_type,
        "x-goog-content-length-range": f"{grant.least},{grant.most}",
        "x-goog-if-generation-match": "0",
    }


def signer(session: "AuthorizedSession") -> dict[str, Any]:
    """Arguments for credentials without a private key (a platform's), which sign by IAM's signBlob."""
    from google.auth.credentials import Signing
    from google.auth.transport.requests import Request

    credentials = session.credentials
    if isinstance(credentials, Signing):
        return {}
    if not getattr(credentials, "service_account_email", None):
        raise CannotSignError("The credentials for Google Cloud cannot sign.")
    credentials.refresh(Request())
    return {"service_account_email": credentials.service_account_email, "access_token": credentials.token}

"""boto3: how its client is made, and what its responses and errors mean. Only `s3://` imports it."""

import base64
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import ErrorTranslation
from storage.address import Address
from storage.errors import (
    BusyError,
    CannotSignError,
    ChecksumError,
    DeniedError,
    NoBucketError,
    NoSdkError,
    RefusedTargetError,
    StorageError,
    UnreachableError,
)
from storage.facts import ObjectMetadata, Stat, UrlGrant
from storage.options import Options
from storage.statuses import MARK, error_of

_POOL = 64
"""Size of the connection pool: one per thread."""
_AMAZON = re.compile(r"(.+\.)?amazonaws\.com(\.cn)?\Z")
_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_SUMS = {"ChecksumCRC32C": "crc32c", "ChecksumCRC32": "crc32", "ChecksumSHA256": "sha256"}
_CODES: dict[str, type[StorageError]] = {
    "NoSuchBucket": NoBucketError,
    "BadDigest": ChecksumError,
    "XAmzContentSHA256Mismatch": ChecksumError,
    "RequestTimeout": BusyError,
    "SlowDown": BusyError,
    "NotImplemented": RefusedTargetError,
}
"""Codes that say more than their status, https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""


def client(options: Options) -> Any:
    """boto3's client, which threads share. Its own retries and checksums are off: we have ours."""
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise NoSdkError("s3:// needs the package boto3, which is not installed.") from None
    config = Config(
        signature_version="s3v4",
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=options.connect_seconds,
        read_timeout=options.stall_seconds,
        max_pool_connections=_POOL,
        # Other vendors' endpoints have one host name for all buckets, and fail on checksums in trailers.
        s3={"addressing_style": "path" if options.s3_endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = Session()
    region = options.s3_region or session.region_name or "us-east-1"
    return session.client("s3", endpoint_url=options.s3_endpoint, region_name=region, config=config)


def is_amazon(made: Any) -> bool:
    """Whether a client talks to Amazon itself, whose preconditions need no probing."""
    return bool(_AMAZON.match(urlsplit(made.meta.endpoint_url).hostname or ""))


def aws_errors(address: Address) -> ErrorTranslation:
    """The library's errors as ours."""
    return ErrorTranslation(lambda error: _translated(error, address))


def _translated(error: BaseException, address: Address) -> StorageError | None:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
    from botocore.exceptions import ConnectionError as BotoConnectionError
    from botocore.parsers import ResponseParserError

    match error:
        case ClientError():
            return _ours(error.response, address)
        case HTTPClientError() | BotoConnectionError() | IncompleteReadError() | ResponseParserError() | OSError():
            return UnreachableError(f'The connection for "{address}" failed.')
        case BotoCoreError():
            name = type(error).__name__
            if any(word in name for word in ("Credential", "Token", "Profile", "Login", "SSO")):
                return DeniedError(f'There are no credentials that work for "{address}" ({name}).')
            return StorageError(f'The library for s3:// refused a call for "{address}": {name}.')
    return None


def _ours(response: Mapping[str, Any], address: Address) -> StorageError:
    code = response.get("Error", {}).get("Code", "")
    metadata_of = response.get("ResponseMetadata", {})
    plain = error_of(int(metadata_of.get("HTTPStatusCode", 500)), address, metadata_of.get("HTTPHeaders"))
    if code in _CODES:
        what = f'bucket "s3://{address.bucket}"' if code == "NoSuchBucket" else f'"{address}"'
        return _CODES[code](f"The storage refused a call ({code}): {what}.", after=plain.after)
    return plain


def aws_stat(answer: Mapping[str, Any], address: Address, size: int | None = None) -> Stat:
    """The Stat in the response to a HEAD or GET; `size` if the response is of a part of the object."""
    metadata = dict(answer.get("Metadata", {}))
    token = metadata.pop(MARK, "")
    modified = answer["LastModified"].timestamp()
    return Stat(
        address=address,
        version=version_of(answer, token or f"{modified:.0f}"),
        size=answer["ContentLength"] if size is None else size,
        modified=modified,
        about=ObjectMetadata(
            content_type=answer.get("ContentType") or ObjectMetadata().content_type,
            cache_control=answer.get("CacheControl", ""),
            metadata=metadata,
        ),
        checksums=sums_of(answer),
        token=token,
    )


def written(answer: Mapping[str, Any], address: Address, size: int, about: ObjectMetadata, token: str) -> Stat:
    """The Stat in the response to a PUT. It has no time; ours serves, because versions of ours do not depend on it."""
    return Stat(
        address=address, version=version_of(answer, token), size=size, modified=time.time(), about=about,
        checksums=sums_of(answer), token=token,
    )  # fmt: skip


def version_of(answer: Mapping[str, Any], mark: str) -> str:
    """ETag, version id and a mark: an ETag alone recurs whenever the same content is written again."""
    return f"{aws_etag(answer)} {answer.get('VersionId', 'null')} {mark}"


def aws_etag(answer: Mapping[str, Any]) -> str:
    """The ETag without its quotes."""
    return str(answer.get("ETag", "")).strip('"')


def sums_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """Checksums of the whole object. An ETag is the MD5 unless the upload was multipart or encrypted by KMS."""
    if answer.get("ChecksumType") == "COMPOSITE":
        return {}
    sums = {ours: base64.b64decode(answer[name]).hex() for name, ours in _SUMS.items() if answer.get(name)}
    plain = answer.get("ServerSideEncryption", "AES256") == "AES256" and "SSECustomerAlgorithm" not in answer
    if plain and _MD5.match(aws_etag(answer)):
        sums["md5"] = aws_etag(answer)
    return sums


def parameters_of(grant: UrlGrant) -> dict[str, Any]:
    """What is signed for a PUT: exact length, type, and that nothing may be overwritten."""
    if grant.method == "GET":
        return {}
    if grant.least != grant.most:
        raise CannotSignError("s3:// can sign one exact length only.")
    return {"ContentType": grant.content_type, "ContentLength": grant.most, "IfNoneMatch": "*"}

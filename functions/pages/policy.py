"""The Content-Security-Policy of the pages: our own origin, and where our own signed URLs lead."""

import os
from functools import lru_cache
from urllib.parse import urlsplit

from service.settings import Settings
from storage.address import Address

_GOOGLE = "https://storage.googleapis.com"
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:{more}; media-src 'self' blob:; connect-src 'self'{more}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def content_policy(settings: Settings) -> str:
    """The policy for these settings.

    Signed uploads, and answers that are too large for a platform, go to the bucket of DARKROOM_RESULTS itself.
    """
    origins = _origins(settings.results or "", settings.s3_endpoint, settings.s3_region, settings.gs_endpoint)
    return _POLICY.format(more="".join(f" {origin}" for origin in origins))


@lru_cache(maxsize=8)
def _origins(
    results: str, s3_endpoint: str | None, s3_region: str | None, gs_endpoint: str | None
) -> tuple[str, ...]:  # fmt: skip
    """The web origins of signed URLs; none for `file://`, whose URLs are our own."""
    address = Address.parse_prefix(results) if results else None
    if address and address.scheme == "gs":
        return (_origin(gs_endpoint) if gs_endpoint else _GOOGLE,)
    if address and address.scheme == "s3":
        return (_origin(s3_endpoint),) if s3_endpoint else _amazon(address.bucket, s3_region)
    return ()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _amazon(bucket: str, region: str | None) -> tuple[str, ...]:
    """Both hosts of a bucket; a name with dots has no certificate there and stands in the path instead."""
    region = region or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    hosts = [f"s3.{region}.amazonaws.com", "s3.amazonaws.com"]
    return tuple(f"https://{host}" if "." in bucket else f"https://{bucket}.{host}" for host in hosts)

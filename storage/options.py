"""The options of stores, filled from the settings."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from storage.allow import Allowed


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Where stores are and how they may be used. Credentials come from the clouds' own chains, never from here."""

    root: Path | None = None
    """`file://bucket/key` is `root/bucket/key`; None: there is no `file://` but for `folders`."""
    folders: Mapping[str, Path] = {}
    """Buckets of `file://` that are folders elsewhere, by name."""
    nameless: bool = False
    """Whether listings of `file://` tell files whose names are not UTF-8, too (`Entry.nameless`)."""
    s3_endpoint: str | None = None
    """URL of an S3 that is not Amazon's (R2, Ceph, …)."""
    s3_region: str | None = None
    """None: the one that boto3 finds in its environment, else us-east-1."""
    gs_endpoint: str | None = None
    """URL of a Google Cloud Storage emulator. No credentials are sent to it unless it is https."""
    gs_project: str | None = None
    uploads: str = "/v1/uploads"
    """The route of signed uploads; `file://` and `memory://` sign URLs under it."""
    signing_key: bytes | None = None
    """Secret for those URLs, at least 32 bytes; None: they cannot be signed."""
    web: Allowed = Allowed()
    """Which URLs are fetched; every redirect is checked as well."""
    web_bytes: int = 32 * 1024 * 1024
    """Maximum length of one response."""
    connect_seconds: float = 5.0
    stall_seconds: float = 20.0
    """Longest silence on a connection."""

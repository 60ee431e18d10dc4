"""What the tests of storage share."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import auth

from core.limits import Deadline
from storage import folders
from storage.address import Address
from storage.facts import ObjectMetadata, Stat
from storage.objects import Store
from storage.options import Options
from storage.registry import Stores
from tests.waiting import PATIENCE
from tools.emulators import versitygw

BUCKET = "contract"
PLACES = ("file", "memory", "gs", "s3-moto", "s3-versitygw")
PATIENT = PATIENCE
"""Seconds that a call may take on a busy machine."""
_NUMBERS = itertools.count()


def soon() -> Deadline:
    """A deadline far enough away not to matter."""
    return Deadline(PATIENT)


def aws_environment(patch: pytest.MonkeyPatch) -> None:
    """Credentials that versitygw knows and moto takes; nothing of the machine's own."""
    for name, value in versitygw.KEYS.items():
        patch.setenv(name, value)
    for name in ("PROFILE", "SESSION_TOKEN", "ENDPOINT_URL", "ENDPOINT_URL_S3", "REGION", "DEFAULT_REGION"):
        patch.delenv(f"AWS_{name}", raising=False)
    patch.setenv("AWS_CONFIG_FILE", "/dev/null")
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def signed_long_ago(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Addresses for S3 are signed as if it were so many seconds earlier, so that no test waits for their end."""
    now = auth.get_current_datetime
    patch.setattr(auth, "get_current_datetime", lambda: now() - timedelta(seconds=seconds))


def s3_client(url: str) -> Any:
    """boto3 as others use it."""
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1")


def make_s3_bucket(url: str, name: str = BUCKET) -> None:
    client = s3_client(url)
    client.create_bucket(Bucket=name)
    client.close()


class Place:
    """A store and a corner of a bucket that no other test uses."""

    def __init__(self, scheme: str, store: Store, options: Options) -> None:
        self.scheme = scheme
        self.store = store
        self.options = options

    def address(self, name: str = "a.jpg", bucket: str = BUCKET) -> Address:
        return Address(self.scheme, bucket, f"t{next(_NUMBERS)}/{name}")

    def put(self, address: Address, body: Any = b"old", replaces: str | None = None, **about: Any) -> Stat:
        return self.store.write(address, body, ObjectMetadata(**about), soon(), replaces=replaces)

    def stat(self, address: Address) -> Stat:
        return self.store.read(address, soon()).stat

    def get(self, address: Address) -> bytes:
        return bytes(self.store.read(address, soon()).all(2**30))

    def delete(self, address: Address, version: str) -> None:
        self.store.delete(address, version, soon())

    def keys(self, prefix: Address, after: str = "") -> list[str]:
        return [entry.address.key for entry in self.store.list(prefix, soon(), after=after)]


def place(scheme: str, options: Options) -> Place:
    return Place(scheme, Stores(options).of(Address(scheme, BUCKET, "x")), options)


def file_place(root: Path) -> Place:
    (root / BUCKET).mkdir(exist_ok=True)
    return place("file", Options(root=root, signing_key=bytes(range(32))))


def parts(bucket: Path) -> list[Path]:
    """Files that are being written, or were left behind."""
    return sorted((bucket / folders.OURS).glob("part-*"))

"""What only s3:// promises: V4 signatures as Amazon publishes them, held by a server that checks them."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import google_crc32c
import httpx
import pytest

from core.limits import Deadline
from storage import aws
from storage.address import Address
from storage.errors import CannotSignError, ChangedError, ChecksumError, DeniedError, UnreachableError, UnsureError
from storage.facts import ObjectMetadata, SignedUrl, UrlGrant
from storage.options import Options
from storage.schemes.s3 import AmazonStore
from tests.storage.support import BUCKET, Place, make_s3_bucket, place, s3_client, signed_long_ago, soon
from tests.waiting import PATIENCE
from tools.emulators import versitygw
from tools.emulators.proxied import Proxied

ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PUBLISHED = (
    "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    f"&X-Amz-Credential={ID}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
    "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)
"""https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, "Example"."""


def signature(method: str, url: str, headers: dict[str, str], secret: str) -> str:
    """Signature V4 of a presigned URL, written from Amazon's description and nothing else."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "X-Amz-Signature"]
    told = dict(query)
    lines = {"host": parts.netloc, **{name.lower(): value for name, value in headers.items()}}
    names = told["X-Amz-SignedHeaders"].split(";")
    canonical = "\n".join(
        [method, parts.path, urlencode(sorted(query), quote_via=quote, safe="-_.~"),
         *(f"{name}:{lines[name]}" for name in names), "", ";".join(names), "UNSIGNED-PAYLOAD"]
    )  # fmt: skip
    _, day, region, service, end = told["X-Amz-Credential"].split("/")
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{told['X-Amz-Date']}\n{day}/{region}/{service}/{end}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def told_signature(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["X-Amz-Signature"]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> AmazonStore:
    """A store with Amazon's example credentials, on the day of its examples."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(2013, 5, 24))  # noqa: DTZ001
    return AmazonStore(Options())


def test_published_vector(example: AmazonStore) -> None:
    assert told_signature(PUBLISHED) == signature("GET", PUBLISHED, {}, SECRET)
    signed = example.sign(Address("s3", "examplebucket", "test.txt"), UrlGrant(method="GET", seconds=86400))
    assert signed == SignedUrl(PUBLISHED, "GET", {})


@pytest.mark.parametrize("key", ["a.jpg", "a b/ö+%.jpg", "x/~y!'()*.jpg"])
def test_an_upload_is_signed_with_its_type_length_and_newness(example: AmazonStore, key: str) -> None:
    """By the same independent computation that gives Amazon's published signature."""
    grant = UrlGrant(method="PUT", seconds=60, content_type="image/jpeg", least=1000, most=1000)
    signed = example.sign(Address("s3", "examplebucket", key), grant)
    assert signed.headers == {"Content-Type": "image/jpeg", "If-None-Match": "*"}
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match&" in signed.url
    headers = {**signed.headers, "Content-Length": "1000"}
    assert told_signature(signed.url) == signature("PUT", signed.url, headers, SECRET)


def test_a_range_of_lengths_cannot_be_signed(example: AmazonStore) -> None:
    with pytest.raises(CannotSignError):
        example.sign(Address("s3", "examplebucket", "a.jpg"), UrlGrant(method="PUT", seconds=60, least=1, most=9))


# --- versitygw checks what was signed ---

BODY = b"x" * 1000


@pytest.fixture
def checked(versity: str) -> Place:
    """A store whose server checks signatures."""
    return place("s3", Options(s3_endpoint=versity))


READING = UrlGrant(method="GET", seconds=60)


def signed_put(here: Place, address: Address, seconds: int = 60) -> SignedUrl:
    grant = UrlGrant(method="PUT", seconds=seconds, content_type="image/jpeg", least=len(BODY), most=len(BODY))
    return here.store.sign(address, grant)


def send(signed: SignedUrl, body: bytes = BODY, **changes: str | None) -> int:
    """The status of a signed request; `changes` by header, None leaves one out."""
    headers = {**signed.headers, **{name.replace("_", "-"): value for name, value in changes.items()}}
    kept = {name: value for name, value in headers.items() if value is not None}
    return httpx.request(signed.method, signed.url, headers=kept, content=body, timeout=PATIENCE).status_code


def test_a_signed_upload(checked: Place) -> None:
    address = checked.address()
    signed = signed_put(checked, address)
    assert send(signed) == 200
    assert checked.get(address) == BODY
    assert checked.stat(address).about.content_type == "image/jpeg"
    assert send(signed) == 412, "it creates once"


def test_a_signed_download(checked: Place) -> None:
    address = checked.address("a b ö.jpg")
    checked.put(address, BODY)
    signed = checked.store.sign(address, UrlGrant(method="GET", seconds=60))
    assert httpx.get(signed.url).content == BODY
    assert httpx.get(signed.url.replace("a%20b", "a%20c")).status_code == 403


def replaced(old: str, new: str) -> Callable[[SignedUrl], int]:
    def tampered(signed: SignedUrl) -> int:
        assert old in signed.url
        return send(SignedUrl(signed.url.replace(old, new), signed.method, signed.headers))

    return tampered


def flipped(signed: SignedUrl) -> int:
    last = "0" if signed.url[-1] != "0" else "1"
    return send(SignedUrl(signed.url[:-1] + last, signed.method, signed.headers))


TAMPERED: dict[str, Callable[[SignedUrl], int]] = {
    "another-key": replaced("/a.jpg?", "/b.jpg?"),
    "another-bucket": replaced(f"/{BUCKET}/", "/elsewhere/"),
    "longer-time": replaced("X-Amz-Expires=60", "X-Amz-Expires=6000"),
    "another-signature": flipped,
    "another-method": lambda signed: send(SignedUrl(signed.url, "DELETE", signed.headers)),
    "another-type": lambda signed: send(signed, Content_Type="text/html"),
    "over-what-is-there": lambda signed: send(signed, If_None_Match=None),
    "another-condition": lambda signed: send(signed, If_None_Match='"0"'),
    "oversized": lambda signed: send(signed, BODY + b"x"),
    "undersized": lambda signed: send(signed, BODY[1:]),
    "empty": lambda signed: send(signed, b""),
    "fewer-signed-headers": replaced("content-length%3Bcontent-type%3Bhost%3Bif-none-match", "host"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_upload_is_refused(checked: Place, versity: str, name: str) -> None:
    if name == "another-bucket":
        make_s3_bucket(versity, "elsewhere")
    address = checked.address()
    assert TAMPERED[name](signed_put(checked, address)) == 403
    assert checked.keys(address) == []
    assert checked.keys(address.at(address.key.replace("a.jpg", "b.jpg"))) == []


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_an_expired_address_is_refused(checked: Place, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = checked.address()
    if method == "GET":
        checked.put(address, BODY)
    signed_long_ago(monkeypatch, seconds=70)
    signed = signed_put(checked, address) if method == "PUT" else checked.store.sign(address, READING)
    assert send(signed) == 403


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_an_address_that_has_not_expired_yet_is_good(
    checked: Place, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = checked.address()
    if method == "GET":
        checked.put(address, BODY)
    signed_long_ago(monkeypatch, seconds=70)
    grant = UrlGrant(method="GET", seconds=3600)
    signed = signed_put(checked, address, seconds=3600) if method == "PUT" else checked.store.sign(address, grant)
    assert send(signed) == 200


def test_wrong_credentials(versity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    here = place("s3", Options(s3_endpoint=versity))
    with pytest.raises(DeniedError):
        here.stat(here.address())


def test_no_credentials(versity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in versitygw.KEYS:
        monkeypatch.delenv(name)
    here = place("s3", Options(s3_endpoint=versity))
    with pytest.raises(DeniedError, match="no credentials that work"):
        here.stat(here.address())


def test_a_profile_that_there_is_not(versity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    here = place("s3", Options(s3_endpoint=versity))
    with pytest.raises(DeniedError, match="no credentials that work"):
        here.stat(here.address())


def test_nobody_listens() -> None:
    here = place("s3", Options(s3_endpoint="http://127.0.0.1:9"))
    with pytest.raises(UnreachableError) as caught:
        here.store.read(here.address(), Deadline(1))
    assert caught.value.retry


# --- versions and checksums ---


def test_anothers_write_with_the_same_bytes_is_another_version(amazon: Proxied) -> None:
    """Its ETag is the same, so Amazon alone would let us overwrite it."""
    here = place("s3", Options(s3_endpoint=amazon.url))
    address = here.address()
    first = here.put(address, b"same")
    client = s3_client(amazon.url)
    client.put_object(Bucket=address.bucket, Key=address.key, Body=b"same")
    client.close()
    now = here.stat(address)
    assert now.version != first.version
    assert now.version.split()[0] == first.version.split()[0]
    for act in (
        lambda: here.put(address, b"late", replaces=first.version),
        lambda: here.delete(address, first.version),
    ):
        with pytest.raises(ChangedError):
            act()
    with pytest.raises(ChangedError):
        here.store.read(address, soon(), at=first).all(99)
    assert here.get(address) == b"same"


@pytest.mark.parametrize("act", ["replace", "delete"])
def test_who_comes_between_our_look_and_our_act_wins(
    amazon: Proxied, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look before is for equal ETags; what holds the rest is the store's own precondition."""
    here = place("s3", Options(s3_endpoint=amazon.url))
    address = here.address()
    version = here.put(address, b"old").version
    real = AmazonStore._expect

    def expect(store: AmazonStore, *arguments: Any) -> None:
        real(store, *arguments)
        monkeypatch.setattr(AmazonStore, "_expect", real)
        here.put(address, b"theirs", replaces=version)

    monkeypatch.setattr(AmazonStore, "_expect", expect)
    with pytest.raises(ChangedError):
        here.put(address, b"late", replaces=version) if act == "replace" else here.delete(address, version)
    assert here.get(address) == b"theirs"


def test_versioned_buckets(amazon: Proxied) -> None:
    """A body that was replaced is still there under its version id, and a deleted object is none."""
    client, name = s3_client(amazon.url), "versioned"
    make_s3_bucket(amazon.url, name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    client.close()
    here = place("s3", Options(s3_endpoint=amazon.url))
    address = here.address(bucket=name)
    first = here.put(address, b"old")
    second = here.put(address, b"new", replaces=first.version)
    assert bytes(here.store.read(address, soon(), at=first).all(9)) == b"old"
    here.delete(address, second.version)
    assert here.keys(address) == []


def test_an_object_in_parts_is_read_without_a_checksum(amazon: Proxied) -> None:
    """Its ETag is no MD5 of the whole, and we do not take it for one."""
    here = place("s3", Options(s3_endpoint=amazon.url))
    address, client = here.address(), s3_client(amazon.url)
    upload = client.create_multipart_upload(Bucket=address.bucket, Key=address.key)["UploadId"]
    where = {"Bucket": address.bucket, "Key": address.key, "UploadId": upload}
    parts = [
        {"PartNumber": number, "ETag": client.upload_part(**where, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate([b"a" * 5 * 2**20, b"b"], 1)
    ]
    client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    client.close()
    reading = here.store.read(address, soon())
    assert bytes(reading.all(2**30)) == b"a" * 5 * 2**20 + b"b"
    assert (reading.stat.checksums, reading.verified) == ({}, None)


@pytest.mark.parametrize(
    ("algorithm", "name"), [("SHA256", "sha256"), ("CRC32", "crc32"), ("CRC32C", "crc32c")], ids=str
)
def test_checksums_that_others_asked_for_are_compared(versity: str, algorithm: str, name: str) -> None:
    here = place("s3", Options(s3_endpoint=versity))
    address, client = here.address(), s3_client(versity)
    more = {} if algorithm != "CRC32C" else {"ChecksumCRC32C": crc32c(BODY)}
    more = more or {"ChecksumAlgorithm": algorithm}
    client.put_object(Bucket=address.bucket, Key=address.key, Body=BODY, **more)
    client.close()
    assert here.stat(address).checksums[name]
    assert here.get(address) == BODY


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def test_the_store_compares_what_was_sent(versity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The MD5 goes along with the upload: bytes that are damaged on their way are refused."""
    here = place("s3", Options(s3_endpoint=versity))
    here.put(here.address())
    address = here.address()
    monkeypatch.setattr("storage.bodies.body_checksums", lambda *_: {"md5": "0" * 32})
    with pytest.raises(UnsureError) as caught:
        here.store.write(address, BODY, ObjectMetadata(), Deadline(2))
    assert isinstance(caught.value.__cause__, ChecksumError)
    assert here.keys(address) == []


@pytest.mark.parametrize(
    ("endpoint", "amazon"),
    [(None, True), ("https://s3.eu-central-1.amazonaws.com", True), ("https://s3.cn-north-1.amazonaws.com.cn", True),
     ("https://x.r2.cloudflarestorage.com", False), ("https://amazonaws.com.evil.example", False),
     ("https://notamazonaws.com", False)],
)  # fmt: skip
def test_only_amazon_needs_no_proof(endpoint: str | None, amazon: bool) -> None:
    made = aws.client(Options(s3_endpoint=endpoint))
    assert aws.is_amazon(made) is amazon
    made.close()


@pytest.mark.parametrize(
    ("told", "found", "region"),
    [(None, None, "us-east-1"), (None, "eu-west-1", "eu-west-1"), ("eu-north-1", "eu-west-1", "eu-north-1")],
    ids=["neither", "environment", "setting"],
)
def test_the_region(told: str | None, found: str | None, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if found:
        monkeypatch.setenv("AWS_DEFAULT_REGION", found)
    made = aws.client(Options(s3_region=told))
    assert made.meta.region_name == region
    made.close()

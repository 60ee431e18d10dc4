"""What only gs:// promises: V4 signatures as Google publishes them, and who may sign."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import google.auth.credentials
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from core.limits import Deadline
from storage import gcs
from storage.address import Address
from storage.errors import CannotSignError, ChecksumError, DeniedError, UnsureError
from storage.facts import ObjectMetadata, UrlGrant
from storage.options import Options
from storage.schemes.gs import GoogleStore
from tests.storage.support import place
from tools.emulators.proxied import Proxied

MODULUS = int(
    "ac3f3322ac8a2db5f436af28d098f5a871211e1a8edfed0e3fb4c4171e55c5ce8f77006814dadf9c9448fd2f99683612d5abebe4faa9a7c8"
    "3cf9434e32f23556c8c633cc634dac6456ff2698aa7aa52990b2d4eddb9a736357b1036c2fe313564b058d14dc76921df9fa4bd343f0c5dd"
    "803d3fba54535b0ababd4f3fc3a8b9b58b14ee7d8b2e54139757d0eff7a63bd9d87021497b31d955ad0799e5ac747c16b28934b24c106103"
    "48ccfdc917d0694798094f680d81ee8aa290deb0978ba0bcda5fb7149c39fe0809e72ee2c3c304ac2152b257184116c1573e9960a5a411c2"
    "61b3c046dffd7a6df6aa36eb0d943209f7d23b0e68a9527805fc712e95885fad",
    16,
)
"""The public half of the key that Google's published vectors are signed with; it follows from any two of them."""

# Method, bucket, key, seconds, day, headers, names of the signed headers, signature, as published in
# https://github.com/googleapis/conformance-tests/blob/main/storage/v1/v4_signatures.json (Apache-2.0).
VECTORS: dict[str, tuple[str, str, str, int, str, dict[str, str], str, str]] = {
    "simple-get": (
        "GET", "test-bucket", "test-object", 10, "20190201", {}, "host",
        ("95e6a13d43a1d1962e667f17397f2b80ac9bdd1669210d5e08e0135df9dff4e56113485dbe429ca2266487b9d1796ebdee2d7cf682a6ef3b"
         "b9fbb4c351686fba90d7b621cf1c4eb1fdf126460dd25fa0837dfdde0a9fd98662ce60844c458448fb2b352c203d9969cb74efa4bdb74228"
         "7744a4f2308afa4af0e0773f55e32e92973619249214b97283b2daa14195244444e33f938138d1e5f561088ce8011f4986dda33a55641259"
         "4db7c12fc40e1ff3f1bedeb7a42f5bcda0b9567f17f65855f65071fabb88ea12371877f3f77f10e1466fff6ff6973b74a933322ff0949ce3"
         "57e20abe96c3dd5cfab42c9c83e740a4d32b9e11e146f0eb3404d2e975896f74"),
    ),
    "simple-put": (
        "PUT", "test-bucket", "test-object", 10, "20190201", {}, "host",
        ("8adff1d4285739e31aa68e73767a46bc5511fde377497dbe08481bf5ceb34e29cc9a59921748d8ec3dd4085b7e9b7772a952afedfcdaecb3"
         "ae8352275b8b7c867f204e3db85076220a3127a8a9589302fc1181eae13b9b7fe41109ec8cdc93c1e8bac2d7a0cc32a109ca02d069572113"
         "26563ab3d3e678a0ba296e298b5fc5e14593c99d444c94724cc4be97015dbff1dca377b508fa0cb7169195de98d0e4ac96c42b918d28c8d9"
         "2d33e1bd125ce0fb3cd7ad2c45dae65c22628378f6584971b8bf3945b26f2611eb651e9b6a8648970c1ecf386bb71327b082e7296c4e1ee2"
         "fc0bdd8983da80af375c817fb1ad491d0bc22c0f51dba0d66e2cffbc90803e47"),
    ),
    "another-time": (
        "GET", "test-bucket", "test-object", 20, "20190301", {}, "host",
        ("9669ed5b10664dc594c758296580662912cf4bcc5a4ba0b6bf055bcbf6f34eed7bdad664f534962174a924741a0c273a4f67bc1847cef201"
         "92a6beab44223bd9d4fbbd749c407b79997598c30f82ddc269ff47ec09fa3afe74e00616d438df0d96a7d8ad0adacfad1dc3286f864d924f"
         "e919fb0dce45d3d975c5afe8e13af2db9cc37ba77835f92f7669b61e94c6d562196c1274529e76cfff1564cc2cad7d5387dc8e12f7a5dfd9"
         "25685fe92c30b43709eee29fa2f66067472cee5423d1a3a4182fe8cea75c9329d181dc6acad7c393cd04f8bf5bc0515127d8ebd65d80c08e"
         "19ad03316053ea60033fd1b1fd85a69c576415da3bf0a3718d9ea6d03e0d66f0"),
    ),
    "another-object": (
        "GET", "test-bucket2", "test-object2", 10, "20190201", {}, "host",
        ("36e3d58dfd3ec1d2dd2f24b5ee372a71e811ffaa2162a2b871d26728d0354270bc116face87127532969c4a3967ed05b7309af741e19c720"
         "2f3167aa8c2ac420b61417d6451442bb91d7c822cd17be8783f01e05372769c88913561d27e6660dd8259f0081a71f831be6c50283626cbf"
         "04494ac10c394b29bb3bce74ab91548f58a37118a452693cf0483d77561fc9cac8f1765d2c724994cca46a83517a10157ee0347a233a2aae"
         "ae6e6ab5e204ff8fc5f54f90a3efdb8301d9fff5475d58cd05b181affd657f48203f4fb133c3a3d355b8eefbd10d5a0a5fd70d06e9515460"
         "ad74e22334b2cba4b29cae4f6f285cdb92d8f3126d7a1479ca3bdb69c207d860"),
    ),
    "slashes": (
        "GET", "test-bucket", "path/with/slashes/under_score/amper&sand/file.ext", 10, "20190201",
        {"header/name/with/slash": "should-be-encoded"}, "header%2Fname%2Fwith%2Fslash%3Bhost",
        ("2a9a82e84e39f5d2c0d980514db17f8c3dece473c9a5743d54e8453f9811927b1b99ce548c534cababd8fa339183e75b410e12e32a4c72f5"
         "ff176e95651fabed0072e59e7e236eb7e26f52c0ce599db1c47ae07af1a98d20872b6fde23432c0a5fcf4fb2dda735169198c80cd5cc51be"
         "9904f7e5eef2cc489ff44ac5697c529e4b34ac08709a7d2e425619377212c64561ed8b4d2fcb70a26e4f9236f995ab4658d240ac85c7a353"
         "bae6b2d39d5fc0716afa435a1f6e100db5504612b5e610db370623ab4b8eba3c03c98f23dcb4b9ffd518f2212abb2f93649d25385d71603d"
         "470cff0b7631adb9d0849d38609dedb3097761c8f47ec0d57777bb063611c05b"),
    ),
    "headers": (
        "GET", "test-bucket", "test-object", 10, "20190201", {"BAR": "BAR-value", "foo": "foo-value"},
        "bar%3Bfoo%3Bhost",
        ("68ecd3b008328ed30d91e2fe37444ed7b9b03f28ed4424555b5161980531ef87db1c3a5bc0265aad5640af30f96014c94fb2dba7479c41bf"
         "e1c020eb90c0c6d387d4dd09d4a5df8b60ea50eb6b01cdd786a1e37020f5f95eb8f9b6cd3f65a1f8a8a65c9fcb61ea662959efd9cd73b683"
         "f8d8804ef4d6d9b2852419b013368842731359d7f9e6d1139032ceca75d5e67cee5fd0192ea2125e5f2955d38d3d50cf116f3a52e6a62de7"
         "7f6207f5b95aaa1d7d0f8a46de89ea72e7ea30f21286318d7eba0142232b0deb3a1dc9e1e812a981c66b5ffda3c6b01a8a9d113155792309"
         "fd53a3acfd054ca7776e8eec28c26480cd1e3c812f67f91d14217f39a606669d"),
    ),
}  # fmt: skip
EMAIL = "test-iam-credentials@dummy-project-id.iam.gserviceaccount.com"


class Published(google.auth.credentials.Signing, google.auth.credentials.Credentials):  # type: ignore[misc]
    """Signs what Google published a signature of, and nothing else: no private key is needed to compare."""

    signer = None
    signer_email = EMAIL

    def __init__(self, signature: str) -> None:
        super().__init__()
        self._signature = bytes.fromhex(signature)
        self.signed: list[bytes] = []

    def sign_bytes(self, message: bytes) -> bytes:
        rsa.RSAPublicNumbers(65537, MODULUS).public_key().verify(self._signature, message, padding.PKCS1v15(), SHA256())
        self.signed.append(message)
        return self._signature

    def refresh(self, _: Any) -> None:
        raise AssertionError("nothing is asked of Google")


def at_nine(patch: pytest.MonkeyPatch, day: str) -> None:
    """Let it be nine o'clock of a day for Google's library."""
    now = datetime.strptime(day, "%Y%m%d").replace(hour=9, tzinfo=UTC)
    patch.setattr("google.cloud.storage._signing._NOW", lambda _: now)


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text that we sign is the one that was signed (by its public key), and the URL is the published one."""
    method, bucket, key, seconds, day, headers, names, signature = VECTORS[name]
    at_nine(monkeypatch, day)
    credentials = Published(signature)
    store = GoogleStore(Options(gs_project="test"), credentials)
    url = store._signed(Address("gs", bucket, key), method, seconds, headers)
    scope = f"{EMAIL.replace('@', '%40')}%2F{day}%2Fauto%2Fstorage%2Fgoog4_request"
    assert url == (
        f"https://storage.googleapis.com/{bucket}/{key.replace('&', '%26')}?X-Goog-Algorithm=GOOG4-RSA-SHA256"
        f"&X-Goog-Credential={scope}&X-Goog-Date={day}T090000Z&X-Goog-Expires={seconds}"
        f"&X-Goog-SignedHeaders={names}&X-Goog-Signature={signature}"
    )
    assert len(credentials.signed) == 1


def test_a_vector_of_something_else_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    at_nine(monkeypatch, "20190201")
    store = GoogleStore(Options(gs_project="test"), Published(VECTORS["simple-get"][-1]))
    with pytest.raises(InvalidSignature):
        store._signed(Address("gs", "test-bucket", "other-object"), "GET", 10, {})


def test_an_upload_is_signed_with_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type, length range and "only where nothing is" are in the text that is signed, and are told to who uploads."""
    key = rsa.generate_private_key(65537, 2048)
    texts: list[str] = []

    class Ours(Published):
        def sign_bytes(self, message: bytes) -> bytes:
            texts.append(message.decode())
            return key.sign(message, padding.PKCS1v15(), SHA256())

    at_nine(monkeypatch, "20260102")
    store = GoogleStore(Options(gs_project="test"), Ours(""))
    grant = UrlGrant(method="PUT", seconds=60, content_type="image/jpeg", least=1, most=1000)
    signed = store.sign(Address("gs", "in", "a b/ö.jpg"), grant)
    assert signed.headers == {
        "Content-Type": "image/jpeg", "x-goog-content-length-range": "1,1000", "x-goog-if-generation-match": "0",
    }  # fmt: skip
    names = "content-type;host;x-goog-content-length-range;x-goog-if-generation-match"
    query = signed.url.partition("?")[2].rpartition("&X-Goog-Signature=")[0]
    canonical = (
        f"PUT\n/in/a%20b/%C3%B6.jpg\n{query}\ncontent-type:image/jpeg\nhost:storage.googleapis.com\n"
        f"x-goog-content-length-range:1,1000\nx-goog-if-generation-match:0\n\n{names}\nUNSIGNED-PAYLOAD"
    )
    assert texts == [
        "GOOG4-RSA-SHA256\n20260102T090000Z\n20260102/auto/storage/goog4_request\n"
        + hashlib.sha256(canonical.encode()).hexdigest()
    ]
    assert names.replace(";", "%3B") in query


def test_without_a_key_nothing_is_signed(google: Proxied) -> None:
    here = place("gs", Options(gs_endpoint=google.url, gs_project="test"))
    with pytest.raises(CannotSignError):
        here.store.sign(here.address(), UrlGrant(method="GET", seconds=60))


def test_a_platform_signs_by_iam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of Cloud Run have no key: their token and address are handed to the library, which asks IAM."""

    class Platform(google.auth.credentials.Credentials):  # type: ignore[misc]
        service_account_email = EMAIL

        def refresh(self, _: Any) -> None:
            self.token = "fresh"

    asked: dict[str, Any] = {}

    def asks_iam(message: str, token: str, email: str, *_: Any, **__: Any) -> str:
        asked.update(token=token, email=email)
        return "AAAA"

    monkeypatch.setattr("google.cloud.storage._signing._sign_message", asks_iam)
    store = GoogleStore(Options(gs_project="test"), Platform())
    assert store.sign(Address("gs", "in", "a.jpg"), UrlGrant(method="GET", seconds=60)).url.startswith("https://")
    assert asked == {"token": "fresh", "email": EMAIL}


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    here = place("gs", Options(gs_project="test"))
    with pytest.raises(DeniedError):
        here.stat(here.address())


def test_a_token_is_never_sent_over_plain_http() -> None:
    connection = gcs.Connection(Options(gs_endpoint="http://127.0.0.1:9", gs_project="test"))
    assert isinstance(connection.session.credentials, google.auth.credentials.AnonymousCredentials)


def test_the_store_compares_what_was_sent(google: Proxied, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checksum goes along with the upload: bytes that are damaged on their way are refused."""
    here = place("gs", Options(gs_endpoint=google.url, gs_project="test"))
    address = here.address()
    monkeypatch.setattr("storage.bodies.body_checksums", lambda *_: {"crc32c": "00000001"})
    with pytest.raises(UnsureError) as caught:
        here.store.write(address, b"x" * 1000, ObjectMetadata(), Deadline(2))
    assert isinstance(caught.value.__cause__, ChecksumError)
    assert here.keys(address) == []

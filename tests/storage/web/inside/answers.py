"""What servers answer, or do not: certificates, time, size, versions."""

import ssl
import threading
import time

import pytest

from core.errors import TooManyBytesError
from core.limits import Deadline
from storage.address import Address
from storage.allow import Allowed
from storage.errors import (
    BusyError,
    ChangedError,
    DeniedError,
    FaultError,
    NoBucketError,
    NoObjectError,
    ReadOnlyError,
    SlowError,
    StorageError,
    UnreachableError,
)
from storage.facts import ObjectMetadata, UrlGrant
from storage.options import Options
from storage.registry import Stores
from tests.storage.web.inside.asking import EVERYTHING, MOST, get, read
from tests.storage.web.world import HOST, PICTURE, PUBLIC, Answers, Visitor, World
from tests.waiting import PATIENCE


@pytest.mark.parametrize("host", ["wrong.test", "a.b.pictures.test", PUBLIC])
def test_a_certificate_is_for_the_name(world: World, host: str) -> None:
    world.names[host] = [PUBLIC]
    with pytest.raises(UnreachableError, match="certificate"):
        get(f"https://{host}/a")
    assert [visitor.head for visitor in world.visitors] == [b""]


def test_an_unknown_authority_is_not_trusted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.web.fetch._context", lambda: ssl.create_default_context(cadata=None, cafile=ca()))
    with pytest.raises(UnreachableError, match="certificate"):
        get(f"https://{HOST}/a")


def ca() -> str:
    """Authorities that did not sign ours."""
    import certifi

    return certifi.where()


def test_plain_http_behind_https_is_refused(world: World) -> None:
    world.tls = False
    with pytest.raises(UnreachableError):
        get(f"https://{HOST}/a")


def drip(data: bytes) -> Answers:
    def answer(visitor: Visitor) -> None:
        for byte in data:
            visitor.say(bytes([byte]))
            time.sleep(0.05)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\n"
SLOW = {
    "silent": lambda _: time.sleep(PATIENCE),
    "head": drip(HEAD + b"X: " + b"a" * 2000),
    "body": drip(HEAD + b'ETag: "a"\r\nContent-Length: 90000\r\n\r\n' + b"a" * 2000),
    "body without length": drip(HEAD + b"\r\n" + b"a" * 2000),
    "chunks": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 2000),
    "hundreds": drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
}


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_answer_outlives_the_deadline(world: World, scheme: str, name: str) -> None:
    world.pages = {"/a": SLOW[name]}
    began = time.monotonic()
    with pytest.raises(SlowError):
        get(f"{scheme}://{HOST}/a", seconds=0.5)
    assert time.monotonic() - began < 60, "each of them has more than a hundred seconds to tell"


def test_a_silence_ends_it_before_the_deadline(world: World) -> None:
    world.pages = {"/a": lambda _: time.sleep(PATIENCE)}
    with pytest.raises(UnreachableError):
        read(f"https://{HOST}/a", stall=0.3)


def test_a_resolver_that_does_not_answer(world: World) -> None:
    stop = threading.Event()
    world.names["slow.test"] = lambda: [PUBLIC] * (1 + stop.wait(3))
    with pytest.raises(SlowError):
        get("http://slow.test/a", seconds=0.3)
    stop.set()
    assert world.visitors == []


def test_no_such_host(world: World) -> None:
    with pytest.raises(NoBucketError):
        get("https://nobody.test/a")


def test_nobody_listens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.urls.SCHEMES", {"http": 81, "https": 444})
    with pytest.raises(UnreachableError):
        get(f"http://{HOST}/a")


LONG = bytes(MOST + 1)


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


def test_an_announced_body_that_is_too_long_is_not_read(world: World) -> None:
    world.pages = {"/a": lambda visitor: visitor.say(HEAD + b"Content-Length: 100001\r\n\r\n")}
    with pytest.raises(TooManyBytesError):
        read(f"https://{HOST}/a")


ENDLESS = {
    "without length": (b"\r\n", LONG),
    "in chunks": (b"Transfer-Encoding: chunked\r\n\r\n", b"2710\r\n%s\r\n" % LONG[:10_000]),
}


@pytest.mark.parametrize(("head", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_a_body_that_grows_too_long_is_cut(world: World, head: bytes, piece: bytes) -> None:
    """While it comes: it has no end."""

    def answer(visitor: Visitor) -> None:
        visitor.say(HEAD + head)
        while True:
            visitor.say(piece)

    world.pages = {"/a": answer}
    with pytest.raises(TooManyBytesError):
        read(f"https://{HOST}/a", seconds=60)


def test_the_limit_is_exact(world: World) -> None:
    exact = LONG[:-1]
    world.pages = {
        "/a": lambda visitor: visitor.answer(exact),
        "/b": lambda visitor: visitor.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(exact)),
    }
    assert get(f"https://{HOST}/a") == get(f"https://{HOST}/b") == exact


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd"])
def test_a_compressed_body_is_refused(world: World, coding: str) -> None:
    world.pages = {"/a": lambda visitor: visitor.answer(Content_Encoding=coding)}
    with pytest.raises(StorageError, match="compressed"):
        get(f"https://{HOST}/a")


BROKEN = {
    "no http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "a long line": HEAD + b"X: " + b"a" * 100_000,
    "many lines": HEAD + b"X: a\r\n" * 1000 + b"\r\n",
    "a bad chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\na",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_answer(world: World, data: bytes) -> None:
    world.pages = {"/a": lambda visitor: visitor.say(data)}
    with pytest.raises(UnreachableError):
        get(f"http://{HOST}/a")


STATUSES = {
    "401 Unauthorized": DeniedError,
    "403 Forbidden": DeniedError,
    "404 Not Found": NoObjectError,
    "410 Gone": StorageError,
    "418 Teapot": StorageError,
    "429 Too Many": BusyError,
    "500 Error": FaultError,
    "503 Unavailable": BusyError,
    "204 Nothing": StorageError,
    "206 Partial": StorageError,
}


@pytest.mark.parametrize("status", STATUSES)
def test_statuses(world: World, status: str) -> None:
    world.pages = {"/a": lambda visitor: visitor.answer(b"", status)}
    with pytest.raises(STATUSES[status]):
        get(f"https://{HOST}/a")


CHANGED = "Tue, 15 Nov 1994 12:45:26 GMT"
VERSIONS = {
    "strong": ({"ETag": '"a"', "Last_Modified": CHANGED}, True, "etag:a"),
    "weak": ({"ETag": 'W/"a"', "Last_Modified": CHANGED}, True, f"changed:{CHANGED} {len(PICTURE)}"),
    "time": ({"Last_Modified": CHANGED}, True, f"changed:{CHANGED} {len(PICTURE)}"),
    "strong without length": ({"ETag": '"a"'}, False, "etag:a"),
    "weak alone": ({"ETag": 'W/"a"'}, True, "sha256:"),
    "time without length": ({"Last_Modified": CHANGED}, False, "sha256:"),
    "nothing": ({}, True, "sha256:"),
    "empty tag": ({"ETag": '""'}, True, "sha256:"),
}


@pytest.mark.parametrize(("headers", "length", "version"), VERSIONS.values(), ids=VERSIONS)
def test_versions(world: World, headers: dict[str, str], length: bool, version: str) -> None:
    world.pages = {"/a": lambda visitor: visitor.answer(length=length, Content_Type="image/png; q=1", **headers)}
    reading = read(f"https://{HOST}/a")
    assert reading.stat.version.startswith(version)
    assert reading.stat.size == len(PICTURE)
    assert reading.stat.about == ObjectMetadata(content_type="image/png")
    assert reading.all(MOST) == PICTURE
    assert len(world.visitors) == 1
    again = read(f"https://{HOST}/a", at=reading.stat)
    assert bytes(b"".join(again.part(5, 700))) == PICTURE[5:700]


def test_another_version_is_not_read_for_the_first(world: World) -> None:
    world.pages = {"/a": lambda visitor: visitor.answer(ETag='"a"')}
    stat = read(f"https://{HOST}/a").stat
    world.pages = {"/a": lambda visitor: visitor.answer(ETag='"b"')}
    with pytest.raises(ChangedError):
        read(f"https://{HOST}/a", at=stat).all(MOST)


def test_a_body_that_breaks_off_is_begun_anew(world: World) -> None:
    cut = [True]

    def answer(visitor: Visitor) -> None:
        body = PICTURE[:4000] if cut.pop() else PICTURE
        cut.append(False)
        visitor.say(HEAD + b'ETag: "a"\r\nContent-Length: %d\r\n\r\n' % len(PICTURE) + body)

    world.pages = {"/a": answer}
    assert get(f"https://{HOST}/a") == PICTURE
    assert len(world.visitors) == 2


def test_a_body_that_always_breaks_off_is_given_up(world: World) -> None:
    world.pages = {"/a": lambda visitor: visitor.say(HEAD + b'ETag: "a"\r\nContent-Length: 4000\r\n\r\nabc')}
    with pytest.raises(StorageError, match="failed repeatedly"):
        get(f"https://{HOST}/a")
    assert len(world.visitors) == 3


def test_it_is_only_read(world: World) -> None:
    address = Address.parse(f"https://{HOST}/a")
    store = Stores(Options(web=Allowed.parse(EVERYTHING))).of(address)
    for call in (
        lambda: store.write(address, b"", ObjectMetadata(), Deadline(5)),
        lambda: store.list(address, Deadline(5)),
        lambda: store.delete(address, "a", Deadline(5)),
        lambda: store.sign(address, UrlGrant(method="GET", seconds=1)),
    ):
        with pytest.raises(ReadOnlyError):
            call()
    assert world.asked == []

"""What only file:// promises: whole or not at all under SIGKILL, never outside its root, no links, others' files."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import folders
from storage.address import Address
from storage.errors import (
    BadAddressError,
    ChangedError,
    ChecksumError,
    DeniedError,
    FullError,
    NoBucketError,
    OccupiedError,
    StorageError,
)
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.schemes.file import FileStore
from tests.conftest import ROOT
from tests.storage.support import BUCKET, Place, parts, place, soon
from tests.waiting import PATIENCE

# --- never outside the root ---


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a secret, which no link may lead to."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "a.jpg").write_bytes(b"secret")
    return folder


LINKS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    "object": ("a.jpg", lambda bucket, outside: (bucket / "a.jpg").symlink_to(outside / "a.jpg")),
    "folder": ("in/a.jpg", lambda bucket, outside: (bucket / "in").symlink_to(outside)),
    "deep-folder": ("x/in/a.jpg", lambda bucket, outside: deep(bucket).symlink_to(outside)),
    "to-itself": ("a.jpg", lambda bucket, _: (bucket / "a.jpg").symlink_to(bucket / "a.jpg")),
    "inside": ("a.jpg", lambda bucket, _: inner(bucket)),
    "to-nothing": ("a.jpg", lambda bucket, outside: (bucket / "a.jpg").symlink_to(outside / "none")),
}


def deep(bucket: Path) -> Path:
    (bucket / "x").mkdir()
    return bucket / "x" / "in"


def inner(bucket: Path) -> None:
    (bucket / "b.jpg").write_bytes(b"b")
    (bucket / "a.jpg").symlink_to("b.jpg")


@pytest.mark.parametrize("name", LINKS)
def test_links_are_refused(here: Place, bucket: Path, outside: Path, name: str) -> None:
    key, make = LINKS[name]
    make(bucket, outside)
    address = here.address().at(key)
    with pytest.raises(BadAddressError):
        here.get(address)
    with pytest.raises((BadAddressError, ChangedError)):
        here.put(address, b"mine")
    with pytest.raises((BadAddressError, ChangedError)):
        here.delete(address, "1")
    assert key not in here.keys(address.at(""))
    assert (outside / "a.jpg").read_bytes() == b"secret"
    assert sorted(path.name for path in outside.iterdir()) == ["a.jpg"]


def test_a_bucket_that_is_a_link_is_none(here: Place, outside: Path) -> None:
    assert here.options.root
    (here.options.root / "linked").symlink_to(outside)
    with pytest.raises(NoBucketError):
        here.get(here.address(bucket="linked").at("a.jpg"))


def test_our_own_folder_that_is_a_link_is_not_followed(here: Place, bucket: Path, outside: Path) -> None:
    (bucket / folders.OURS).symlink_to(outside)
    with pytest.raises(BadAddressError):
        here.put(here.address(), b"x")
    assert sorted(path.name for path in outside.iterdir()) == ["a.jpg"]


@pytest.mark.parametrize("key", ["/etc/passwd", "a//b", "a/", f"{folders.OURS}/lock-00", "n" * 256])
def test_keys_that_can_be_no_file(here: Place, key: str) -> None:
    with pytest.raises(BadAddressError):
        here.put(here.address().at(key))
    with pytest.raises(BadAddressError):
        here.get(here.address().at(key))


def test_a_folder_swapped_for_a_link_meanwhile(here: Place, bucket: Path, outside: Path) -> None:
    """Opened folders stay what they were: nothing is looked up twice by its path."""
    (bucket / "in").mkdir()
    with folders.bucket(str(bucket), BUCKET) as folder, folders.inside(folder, ["in"]) as within:
        (bucket / "in").rename(bucket / "was")
        (bucket / "in").symlink_to(outside)
        assert os.listdir(within) == []  # noqa: PTH208


# --- what others put there ---


def test_others_files_are_read(here: Place, bucket: Path) -> None:
    (bucket / "in").mkdir()
    (bucket / "in" / "a.jpg").write_bytes(b"theirs")
    address = here.address().at("in/a.jpg")
    reading = here.store.read(address, soon())
    assert bytes(reading.all(99)) == b"theirs"
    assert reading.verified is None
    assert (reading.stat.token, reading.stat.about, reading.stat.checksums) == ("", ObjectMetadata(), {})
    assert here.keys(address.at("")) == ["in/a.jpg"]


def test_others_files_are_replaced_and_deleted_by_version(here: Place, bucket: Path) -> None:
    (bucket / "a.jpg").write_bytes(b"theirs")
    address = here.address().at("a.jpg")
    with pytest.raises(ChangedError):
        here.put(address, b"ours")
    version = here.stat(address).version
    assert here.put(address, b"ours", replaces=version).version != version
    (bucket / "b.jpg").write_bytes(b"theirs")
    other = address.at("b.jpg")
    here.delete(other, here.stat(other).version)
    assert not (bucket / "b.jpg").exists()


CHANGES: dict[str, Callable[[Path], None]] = {
    "longer": lambda path: path.write_bytes(b"longer than before"),
    "same-length": lambda path: path.write_bytes(b"new"),
    "appended": lambda path: path.open("ab").close() or os.truncate(path, 99),
    "moved-over": lambda path: path.with_name("x").write_bytes(b"new") and path.with_name("x").replace(path),  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "theirs"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_somebody_changes_is_another_version(here: Place, bucket: Path, change: str, theirs: bool) -> None:
    address = here.address().at("a.jpg")
    if theirs:
        (bucket / "a.jpg").write_bytes(b"old")
    else:
        here.put(address, b"old", metadata={"a": "1"})
    first = here.store.read(address, soon())
    time.sleep(0.02)
    CHANGES[change](bucket / "a.jpg")
    now = here.stat(address)
    assert now.version != first.stat.version
    assert (now.about, now.token, now.checksums) == (ObjectMetadata(), "", {})
    with pytest.raises(ChangedError):
        first.all(99)
    with pytest.raises(ChangedError):
        here.put(address, b"late", replaces=first.stat.version)


def test_a_file_that_is_still_growing_is_not_taken_half(here: Place, bucket: Path) -> None:
    path = bucket / "a.jpg"
    path.write_bytes(b"x" * 600_000)
    pieces = here.store.read(here.address().at("a.jpg"), soon()).pieces()
    next(pieces)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(ChangedError):
        list(pieces)


def test_bytes_that_rot_are_noticed(here: Place, bucket: Path) -> None:
    """Same length, same times, other bytes: the checksum in the label tells."""
    address = here.address().at("a.jpg")
    here.put(address, b"old")
    before = (bucket / "a.jpg").stat()
    (bucket / "a.jpg").write_bytes(b"rot")
    os.utime(bucket / "a.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ChecksumError):
        here.get(address)


def test_who_takes_no_locks_and_comes_first_wins(here: Place, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def link(*args: object, **kwargs: object) -> None:
        (bucket / "a.jpg").write_bytes(b"theirs")
        real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(ChangedError):
        here.put(here.address().at("a.jpg"), b"ours")
    assert (bucket / "a.jpg").read_bytes() == b"theirs"


STRANGE: dict[str, Callable[[Path], None]] = {"pipe": os.mkfifo, "folder": Path.mkdir}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_file(here: Place, bucket: Path, name: str) -> None:
    STRANGE[name](bucket / "a.jpg")
    address = here.address().at("a.jpg")
    with pytest.raises(StorageError) as caught:
        here.get(address)
    assert isinstance(caught.value, BadAddressError)
    with pytest.raises((BadAddressError, ChangedError)):
        here.put(address)
    assert here.keys(address) == []


def test_a_file_in_the_way_of_a_folder(here: Place) -> None:
    address = here.address().at("a")
    here.put(address)
    with pytest.raises(BadAddressError):
        here.put(address.at("a/b.jpg"))


# --- the system's refusals ---


@pytest.mark.parametrize(
    ("call", "number", "error"),
    [("write", 28, FullError), ("write", 122, FullError), ("open", 13, DeniedError), ("fsync", 5, StorageError),
     ("setxattr", 95, DeniedError), ("link", 18, OccupiedError)],
    ids=["no-space", "quota", "forbidden", "disk-error", "no-attributes", "other-file-system"],
)  # fmt: skip
def test_the_systems_errors(
    here: Place, bucket: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, error: type[StorageError]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(error) as caught:
            here.put(here.address().at("a.jpg"))
    assert type(caught.value) is error
    assert not (bucket / "a.jpg").exists()
    assert parts(bucket) == []


def test_no_root_no_files() -> None:
    nowhere = place("file", Options())
    with pytest.raises(NoBucketError):
        nowhere.get(nowhere.address())


COUNT = """
import sys
from pathlib import Path
from storage.errors import ChangedError
from tests.storage.support import file_place
here = file_place(Path(sys.argv[1]))
address = here.address().at("count")
done = 0
while done < 20:
    version = here.stat(address).version
    try:
        here.put(address, b"%d" % (int(here.get(address)) + 1), replaces=version)
        done += 1
    except ChangedError:
        pass
"""


def test_processes_count_together(here: Place) -> None:
    """Four processes, twenty steps each, by compare and swap."""
    address = here.address().at("count")
    here.put(address, b"0")
    command = [sys.executable, "-c", COUNT, str(here.options.root)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [process.wait(PATIENCE) for process in processes] == [0] * 4
    assert here.get(address) == b"80"


# --- listing a large folder, a part of it at a time ---


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 100])
def test_a_large_folder_is_listed_in_order(tmp_path: Path, at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder sorts as its name with a slash, and what is ours or no file is not listed."""
    monkeypatch.setattr("storage.schemes.file._SORTED", at_a_time)
    bucket = tmp_path / BUCKET
    for key in (".darkroom/x", "a", "a!", "a.jpg", "a0", "b", "c/d/1", "c/d/2", "c.jpg", "ü", "z/1", "z/2"):
        (bucket / key).parent.mkdir(parents=True, exist_ok=True)
        (bucket / key).write_bytes(b"1")
    (bucket / "link").symlink_to("b")
    store = FileStore(Options(root=tmp_path))

    def listed(prefix: str, after: str = "") -> list[str]:
        return [entry.address.key for entry in store.list(Address("file", BUCKET, prefix), soon(), after=after)]

    assert listed("") == ["a", "a!", "a.jpg", "a0", "b", "c.jpg", "c/d/1", "c/d/2", "z/1", "z/2", "ü"]
    assert listed("", "c/d/1") == ["c/d/2", "z/1", "z/2", "ü"]
    assert listed("c") == ["c.jpg", "c/d/1", "c/d/2"]
    assert listed("c/d/", "c/d/1") == ["c/d/2"]


@pytest.mark.parametrize("at_a_time", [1, 100])
def test_names_that_are_no_text_are_listed_if_asked_for(
    tmp_path: Path, at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.schemes.file._SORTED", at_a_time)
    bucket = tmp_path / BUCKET
    for name in (b"a\xe9.jpg", b"a\xff.jpg", b"\xff/b.jpg", b"z.jpg"):
        path = Path(os.fsdecode(os.fsencode(bucket) + b"/" + name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")

    def listed(after: str = "", *, nameless: bool) -> dict[str, bool]:
        store = FileStore(Options(root=tmp_path, nameless=nameless))
        entries = store.list(Address("file", BUCKET, ""), soon(), after=after)
        return {entry.address.key: entry.nameless for entry in entries}

    assert listed(nameless=False) == {"z.jpg": False}
    all_of_them = {r"\xff/b.jpg": True, r"a\xe9.jpg": True, r"a\xff.jpg": True, "z.jpg": False}
    assert list(listed(nameless=True).items()) == list(all_of_them.items())
    assert list(listed(r"a\xe9.jpg", nameless=True)) == [r"a\xff.jpg", "z.jpg"]

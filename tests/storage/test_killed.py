"""file:// under SIGKILL: whole or not at all, and nothing left behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import folders
from storage.address import Address
from storage.errors import NoObjectError
from tests.forked import SERVER
from tests.storage import killed
from tests.storage.killed import NEW
from tests.storage.support import BUCKET, Place, file_place, parts, soon
from tests.waiting import PATIENCE


def ended(root: Path, key: str, act: str, step: int) -> int | None:
    """Run until the kill point: the number of steps if it lived, None if it was killed there."""
    process = SERVER.Process(target=killed.child, args=(root, key, act, step))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode is not None
    assert process.exitcode == -signal.SIGKILL or 1 < process.exitcode < 200, process.exitcode
    return None if process.exitcode < 0 else process.exitcode


def age(bucket: Path) -> None:
    """Let abandoned parts be old enough to be removed."""
    for part in parts(bucket):
        os.utime(part, (time.time() - 3600, time.time() - 3600))


OUTCOMES = {"create": {"absent", "new"}, "replace": {"old", "new"}, "delete": {"old", "absent"}}


@pytest.mark.parametrize("act", OUTCOMES)
def test_killed_at_every_step(tmp_path: Path, act: str) -> None:
    """At each kill point, in a new bucket each: old or new or absent, nothing else, and the next writer tidies up."""
    outcomes, lived, step = set(), None, 0
    while lived is None:
        root = tmp_path / str(step)
        root.mkdir()
        here = file_place(root)
        address = here.address("a.jpg").at("deep/a.jpg")
        if act != "create":
            here.put(address, b"old", metadata={"is": "old"})
        lived = ended(root, address.key, act, step)
        outcomes.add(whole(here, address))
        assert set(here.keys(address.at(""))) <= {address.key}
        age(root / BUCKET)
        again = file_place(root)
        again.put(again.address(), b"next")
        assert parts(root / BUCKET) == []
        step += 1
    assert outcomes == OUTCOMES[act]
    assert lived == step - 1 >= {"create": 15, "replace": 12, "delete": 5}[act]


def whole(here: Place, address: Address) -> str:
    """Which of both states an object is in. No third one passes: bytes, metadata and checksum belong together."""
    try:
        reading = here.store.read(address, soon())
    except NoObjectError:
        return "absent"
    body, kind = bytes(reading.all(2**20)), reading.stat.about.metadata["is"]
    assert body == {"old": b"old", "new": NEW}[kind]
    assert reading.verified == "sha256"
    return kind


def test_a_part_that_is_being_written_is_not_taken_for_abandoned(here: Place, bucket: Path) -> None:
    with folders.bucket(str(bucket), BUCKET) as folder, folders.part(folder, "a") as (_, file, _):
        os.write(file, b"half")
        age(bucket)
        folders.tidy(folder)
        assert len(parts(bucket)) == 1
    assert parts(bucket) == []


def test_a_failed_write_leaves_nothing(here: Place, bucket: Path) -> None:
    class Failing:
        def tell(self) -> int:
            return 0

        def seek(self, *_: int) -> int:
            return 0

        def read(self, _: int) -> bytes:
            raise RuntimeError("the body broke")

    with pytest.raises(RuntimeError, match="broke"):
        here.put(here.address(), Failing())
    assert parts(bucket) == []


def test_the_order_of_a_write(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The label is set, and bytes and label are on the disk, before the object gets its name; then the folder is."""
    done: list[str] = []
    for name in ("setxattr", "fsync", "rename", "link"):
        real: Callable[..., object] = getattr(os, name)

        def noted(*args: object, _name: str = name, _real: Callable[..., object] = real, **kwargs: object) -> object:
            done.append(_name)
            return _real(*args, **kwargs)

        monkeypatch.setattr(os, name, noted)
    address = here.address().at("a.jpg")
    first = here.put(address)
    here.put(address, replaces=first.version)
    assert [*done[-8:]] == ["setxattr", "fsync", "link", "fsync", "setxattr", "fsync", "rename", "fsync"]

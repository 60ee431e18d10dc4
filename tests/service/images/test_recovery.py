"""What a start finishes, also when several do at once; and a picture that is taken away while it is stored."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from catalog import Row
from core.limits import Deadline
from functions.http import Darkroom
from service.errors import ImageGoneError
from service.images import lifecycle
from service.images.recovery import Recovery, recover
from service.images.repository import ImageRepository
from storage.address import Address
from storage.facts import ObjectMetadata
from tests.functions.routes.images.test_images import JPEG, objects
from tests.waiting import until


@pytest.fixture
def repository(app: Darkroom) -> ImageRepository:
    with app.test_request_context():
        return app.service.images()


def soon() -> Deadline:
    return Deadline(60)


def stored(repository: ImageRepository) -> Row:
    return lifecycle.store_image(repository, JPEG, "a.jpg", soon())


def pending(repository: ImageRepository, **changes: object) -> Row:
    """As a put left it whose row was not made ready."""
    row = msgspec.structs.replace(stored(repository), state="pending", version="", **changes)
    found = repository.catalog.put(row)
    assert found
    return found


def gone(repository: ImageRepository, row: Row) -> None:
    repository.remove(Address.parse(row.source), soon())


def pending_without_object(repository: ImageRepository) -> None:
    gone(repository, pending(repository))


def deleting(repository: ImageRepository) -> None:
    repository.catalog.change(stored(repository), "deleting")


def deleting_without_object(repository: ImageRepository) -> None:
    row = repository.catalog.change(stored(repository), "deleting")
    assert row
    gone(repository, row)


def unread(repository: ImageRepository) -> None:
    pending(repository, sha256="0" * 64, bytes=0, width=1, height=1, format="unread")


def unread_without_object(repository: ImageRepository) -> None:
    gone(repository, pending(repository, sha256="0" * 64, bytes=0))


def unread_and_no_picture(repository: ImageRepository) -> None:
    row = pending(repository, sha256="0" * 64, bytes=0)
    gone(repository, row)
    address = Address.parse(row.source)
    repository.store(address).write(address, b"no picture", ObjectMetadata(), soon())


LEFT: dict[str, tuple[Callable[[ImageRepository], object], int, int]] = {
    "pending, object there": (pending, 1, 1), "pending, no object": (pending_without_object, 0, 0),
    "pending, other bytes": (lambda repository: pending(repository, bytes=1), 0, 1), "deleting": (deleting, 0, 0),
    "deleting, no object": (deleting_without_object, 0, 0), "ready": (stored, 1, 1),
    "an upload": (unread, 1, 1), "an upload that did not come": (unread_without_object, 0, 0),
    "an upload that is no picture": (unread_and_no_picture, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize(("left", "rows", "files"), LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("at_once", [1, 8])
def test_finished(
    repository: ImageRepository,
    own: Path,
    left: Callable[[ImageRepository], object],
    rows: int,
    files: int,
    at_once: int,
) -> None:
    left(repository)
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda _: recover(repository, -60.0), range(at_once)))
    from catalog import Query

    found = repository.catalog.find(Query()).images
    assert (len(found), len(objects(own))) == (rows, files)
    assert list(repository.catalog.pending(-60.0)) == []
    assert all((row.width, row.format, row.bytes, row.state) == (96, "jpeg", len(JPEG), "ready") for row in found)


def test_what_is_young_is_somebodys_at_work(repository: ImageRepository) -> None:
    pending(repository)
    assert recover(repository, 60.0) == 0
    assert len(list(repository.catalog.pending(-60.0))) == 1


def test_the_thread_comes_back_for_what_was_young(repository: ImageRepository) -> None:
    pending(repository)
    finisher = Recovery(lambda: repository, grace=0.2)
    finisher.start()
    finisher.start()
    until(lambda: list(repository.catalog.pending(-60.0)) == [], "the end of what was left")


def test_taken_away_while_it_is_stored(repository: ImageRepository, own: Path) -> None:
    """The put was so slow that a start took it for left behind: it must not come back."""
    row = pending(repository)
    address = Address.parse(row.source)
    stat = repository.store(address).read(address, soon()).stat
    assert repository.catalog.delete(row)
    with pytest.raises(ImageGoneError):
        lifecycle.mark_ready(repository, row, stat, soon())
    assert objects(own) == []


def test_the_event_was_faster(repository: ImageRepository, own: Path) -> None:
    row = pending(repository)
    address = Address.parse(row.source)
    stat = repository.store(address).read(address, soon()).stat
    faster = repository.catalog.put(msgspec.structs.replace(row, version=stat.version, state="ready"))
    assert lifecycle.mark_ready(repository, row, stat, soon()) == faster
    assert len(objects(own)) == 1

"""The watched folder: what is dropped into it becomes outputs, and no file is taken half."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.http import Darkroom
from service.events import notifications
from service.events.event import EventResult, ObjectEvent
from service.events.handler import handle
from service.events.processor import EventProcessor
from service.events.watcher import FolderWatcher
from storage.address import Address
from storage.options import Options
from storage.registry import Stores
from tests.functions.support import BIN, served
from tests.service.events.support import JPEG, OTHER, EventContext, Scene
from tests.waiting import until

RULE = '[[rule]]\nwhen="SCHEME://in/**.jpg"\nto="SCHEME://out/{dir}/{name}.webp"\npipeline="resize:32"\n'


class Home:
    """A root of files whose bucket `in` is watched."""

    def __init__(self, root: Path, app: Darkroom) -> None:
        self.root = root
        self.events: list[ObjectEvent] = []
        self.failing = 0
        self.scene = Scene("file", Stores(Options(root=root)), app.service.processor, rules=RULE)
        self.inbox = FolderWatcher(
            EventProcessor(self.scene.context, self._handle), root, Address.parse_prefix("file://in")
        )

    def _handle(self, event: ObjectEvent, context: EventContext) -> EventResult:
        self.events.append(event)
        if self.failing:
            self.failing -= 1
            return EventResult(outcome="again", code="busy")
        return handle(event, context)

    def made(self, name: str) -> bool:
        return (self.root / "out" / f"{name}.webp").is_file()


@pytest.fixture
def home(tmp_path: Path, app: Darkroom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(notifications, "SETTLE_SECONDS", 0.2)
    made = Home(tmp_path, app)
    yield made
    made.inbox.stop()


@pytest.fixture
def living(home: Home) -> Home:
    """Watched already, and nothing in it."""
    (home.root / "in").mkdir()
    home.inbox.start()
    (home.root / "in" / "first.jpg").write_bytes(JPEG)
    until(lambda: home.made("first.jpg"))
    return home


def test_a_new_inbox_is_not_empty(home: Home) -> None:
    home.inbox.start()
    until(lambda: home.made("hills.jpg") and home.made("night.jpg"))
    assert sorted(path.name for path in (home.root / "in").glob("*.*g")) == ["hills.jpg", "night.jpg", "pond.png"]


def test_an_inbox_that_cannot_be_made_is_told(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    (home.root / "in").touch()
    home.inbox.start()
    until(lambda: "file://in/ is not watched: File exists" in caplog.text)
    assert "Traceback" not in caplog.text


def test_what_was_there_before(home: Home) -> None:
    (home.root / "in" / "x").mkdir(parents=True)
    (home.root / "in" / "x" / "a.jpg").write_bytes(JPEG)
    home.inbox.start()
    until(lambda: home.made("x/a.jpg"))


def drop(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(JPEG)


def rename(folder: Path) -> None:
    (folder / "a.part").write_bytes(JPEG)
    (folder / "a.part").rename(folder / "a.jpg")


def link(folder: Path) -> None:
    (folder.parent / "elsewhere").write_bytes(JPEG)
    os.link(folder.parent / "elsewhere", folder / "a.jpg")


@pytest.mark.parametrize("way", [drop, rename, link], ids=["written", "renamed", "linked"])
def test_dropped(living: Home, way: Callable[[Path], None]) -> None:
    way(living.root / "in")
    until(lambda: living.made("a.jpg"))
    assert [event.address.key for event in living.events] == ["first.jpg", "a.jpg"]


def test_in_a_new_folder(living: Home) -> None:
    folder = living.root / "in" / "x" / "y"
    folder.mkdir(parents=True)
    drop(folder)
    until(lambda: living.made("x/y/a.jpg"))


def test_overwritten_and_removed(living: Home) -> None:
    drop(living.root / "in")
    until(lambda: living.made("a.jpg"))
    before = (living.root / "out" / "a.jpg.webp").read_bytes()
    (living.root / "in" / "a.jpg").write_bytes(OTHER)
    until(lambda: (living.root / "out" / "a.jpg.webp").read_bytes() != before)
    (living.root / "in" / "a.jpg").unlink()
    until(lambda: not living.made("a.jpg"))


def test_not_taken_half(living: Home) -> None:
    """Longer silent than a closed file must be, but not closed."""
    with (living.root / "in" / "a.jpg").open("wb", buffering=0) as file:
        for part in (JPEG[:300], JPEG[300:700], JPEG[700:]):
            file.write(part)
            time.sleep(0.5)
        assert [event.address.key for event in living.events] == ["first.jpg"]
    until(lambda: living.made("a.jpg"))
    assert not (living.root / "results" / "errors").exists()


def test_tried_again(living: Home) -> None:
    living.failing = 1
    drop(living.root / "in")
    until(lambda: living.made("a.jpg"))
    assert [event.attempt for event in living.events[-2:]] == [1, 2]


def test_only_what_a_rule_takes(living: Home) -> None:
    for name in ("a.txt", ".a.jpg.swp"):
        (living.root / "in" / name).write_bytes(b"x")
    (living.root / "in" / ".darkroom" / "x.jpg").write_bytes(JPEG)
    (living.root / "in" / "s.jpg").symlink_to("first.jpg")
    drop(living.root / "in")
    until(lambda: living.made("a.jpg"))
    assert {event.address.key for event in living.events if event.kind == "put"} == {"first.jpg", "a.jpg"}


def test_one_watches_at_a_time(living: Home) -> None:
    other = FolderWatcher(
        EventProcessor(living.scene.context, living._handle), living.root, Address.parse_prefix("file://in")
    )
    other.start()
    drop(living.root / "in")
    until(lambda: living.made("a.jpg"))
    living.inbox.stop()
    (living.root / "in" / "b.jpg").write_bytes(JPEG)
    until(lambda: living.made("b.jpg"))
    other.stop()
    assert [event.address.key for event in living.events].count("a.jpg") <= 2


COMMANDS = {
    "functions-framework": ["functions-framework", "--target=handle", "--host=127.0.0.1", "--port=PORT"],
    "python-main": ["python", "main.py"],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_server_watches_before_anybody_asks(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULE.replace("SCHEME", "file"))
    variables = {
        "DARKROOM_FILES": str(tmp_path), "DARKROOM_RULES": str(tmp_path / "rules.toml"), "DARKROOM_WORKERS": "2",
        "DARKROOM_RESULTS": "file://results", "DARKROOM_WATCH": "file://in", "DARKROOM_DATA": str(tmp_path / "data"),
    }  # fmt: skip
    with served([str(BIN / command[0]), *command[1:]], variables):
        until((tmp_path / "out" / "night.jpg.webp").is_file)

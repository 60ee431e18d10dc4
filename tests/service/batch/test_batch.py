"""What a command says, opened: places, rules, names, settings; and that a batch and events agree."""

import re
from pathlib import Path

import pytest

from service.batch.batch import Batch, BatchOptions, open_batch
from service.batch.errors import BatchError
from service.batch.row import Item
from service.events.event import ObjectEvent
from service.events.handler import handle
from service.settings import SettingsError
from tests.batch.support import make_objects, marks

RULES = """
[[rule]]
when = "file://in/**"
to = "file://out/{dir}/{name}-{output}.{ext}"
outputs = [{name = "small", pipeline = "resize:32", format = "webp"}, {name = "grey", pipeline = "grayscale"}]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_objects(tmp_path / "in", 2)
    (tmp_path / "out").mkdir()
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


def opened(environ: dict[str, str] | None = None, **options: str) -> Batch:
    return open_batch(BatchOptions(**{"source": "in", "target": "out", "pipeline": "blur", **options}), environ or {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "source", "target"),
    [
        pytest.param({}, "file://in/", "file://out/000/x.jpg", id="folders"),
        pytest.param({"source": "in/000/000001.jpg"}, "file://000/000001.jpg", "file://out/000/x.jpg", id="file"),
        pytest.param({"target": "out/{stem}-b.{ext}"}, "file://in/", "file://out/x-b.jpg", id="template"),
        pytest.param({"target": "a/b c/web"}, "file://in/", "file://web/000/x.jpg", id="new"),
        pytest.param({"target": "b/in"}, "file://in/", "file://in/000/x.jpg", id="same-name"),
        pytest.param(
            {"source": "gs://a/x{y}/", "target": "s3://b/c", "format": "webp"}, "gs://a/x{y}/", "s3://b/c/000/x.webp",
            id="clouds",
        ),
    ],
)  # fmt: skip
def test_places(root: Path, options: dict[str, str], source: str, target: str) -> None:
    batch = opened(**options)
    assert re.sub(r"-[0-9a-f]{8}/", "/", str(batch.selection.prefix)) == source
    key = batch.selection.prefix.at(f"{batch.selection.prefix.key}x.jpg" if "{" in source else "000/x.jpg")
    planned = batch.rules.plan(key)
    wanted = target.replace("000", "x{y}") if "{" in source else target
    assert [str(one.address) for one in planned] == ([wanted] if "000/0" not in source else [])


def test_paths_are_the_servers_addresses_where_it_has_them(root: Path) -> None:
    batch = opened({"DARKROOM_FILES": str(root)}, source="in/000")
    assert str(batch.selection.prefix) == "file://in/000/"
    assert batch.places.folders == {}


def test_the_name_is_of_what_is_done(root: Path) -> None:
    assert opened().name == opened().name
    others = ({"pipeline": "sepia"}, {"target": "other"}, {"source": "in/000"}, {"quality": 3})
    assert len({opened().name, *(opened(**other).name for other in others)}) == 5  # type: ignore[arg-type]
    assert opened(name="mine").ledger_place.key == ".batch/batches/mine/"


def test_folders_of_one_name_are_not_mixed_up(root: Path) -> None:
    make_objects(root / "other" / "in", 3)
    one, other = opened(), opened(source="other/in")
    assert one.name != other.name, "what one has done is not done for the other"
    one.places.make()
    items = [Item(number, f"000/00000{number}.{'jpg' if number else 'png'}", 1) for number in range(3)]
    assert [one.work().process(item).wrote for item in items[:2]] == [1, 1]
    before = marks(root / "out")
    rows = [other.work().process(item) for item in items]
    assert [(row.code, row.wrote) for row in rows] == [("name_taken", 0), ("name_taken", 0), ("", 1)]
    assert before.items() < marks(root / "out").items()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({"rules": RULES, "target": ""}, "set DARKROOM_RESULTS or --state", id="no-results"),
        pytest.param({"rules": "[[rule]]", "state": "st"}, '"when" must be', id="bad-rules"),
        pytest.param({"pipeline": "detect:model=nope"}, "no model", id="no-model"),
        pytest.param({"source": "/"}, "root of the file system", id="root"),
        pytest.param({"target": "gs://A B/"}, "bucket name", id="bucket"),
    ],
)
def test_mistakes(root: Path, options: dict[str, str], text: str) -> None:
    with pytest.raises(BatchError, match=text):
        opened(**options)


def test_a_name_that_a_rule_of_the_server_writes_is_refused(root: Path) -> None:
    environ = {"DARKROOM_FILES": str(root), "DARKROOM_RULES": str(root / "rules.toml")}
    with pytest.raises(BatchError, match="would write the same name"):
        opened(environ)
    assert opened(environ, target="other").rules.rules


def test_settings_are_the_servers(root: Path) -> None:
    with pytest.raises(SettingsError, match="DARKROOM_MAX_PIXELS"):
        opened({"DARKROOM_MAX_PIXELS": "many"})


def test_a_batch_and_events_make_nothing_twice(root: Path) -> None:
    """The same rules: whoever comes first writes, and the other sees it by the marks."""
    environ = {"DARKROOM_FILES": str(root), "DARKROOM_RESULTS": "file://out/.own/", "DARKROOM_CATALOG": "none"}
    batch = opened(environ, rules=RULES, target="")
    items = [Item(0, "000/000000.png", 1), Item(1, "000/000001.jpg", 1)]
    work = batch.work()
    assert work.process(items[0]).wrote == 2
    before = marks(root / "out")
    context = work._context
    events = [handle(ObjectEvent(address=batch.selection.prefix.at(item.key)), context) for item in items]
    assert [event.wrote for event in events] == [0, 2]
    assert before.items() < marks(root / "out").items()
    assert [work.process(item).wrote for item in items] == [0, 0]


def test_a_picture_that_ends_processes_is_given_up(root: Path) -> None:
    batch = opened()
    row = batch.work().process(Item(0, "000/000000.png", 1, attempt=4))
    assert (row.outcome, row.code, row.wrote) == ("gave_up", "worn_out", 0)
    retried = batch.work(retry=True).process(Item(0, "000/000000.png", 1))
    assert (retried.outcome, retried.wrote) == ("done", 1)
    assert not list((root / "out" / ".batch").rglob("*.json"))


def test_what_may_pass_is_tried_again(root: Path) -> None:
    waits: list[float] = []
    batch = opened(target="gone")
    work = batch.work()
    work._sleep = waits.append
    row = work.process(Item(0, "000/000000.png", 1))
    assert (row.outcome, row.code, row.attempts) == ("again", "no_bucket", 3)
    assert waits == [1.0, 2.0]
    batch.places.make()
    assert work.process(Item(0, "000/000000.png", 1)).outcome == "done"

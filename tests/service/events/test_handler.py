"""From an event to outputs: what is promised, kept against everything that can come between."""

import threading

import msgspec
import pytest

from service import provenance
from service.events.event import ObjectEvent
from service.events.handler import handle
from tests.functions.support import decoded
from tests.service.events.support import (
    JPEG,
    MOMENTS,
    OTHER,
    OUTPUTS,
    PNG,
    Scene,
    at_moment,
    mark,
    nothing,
    version,
    versions,
)

# --- what a photograph becomes ---


def test_outputs_are_made(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    result = scene.handle(source)
    assert (result.outcome, result.wrote) == ("done", 2)
    assert scene.keys("out") == OUTPUTS
    assert decoded(scene.get(scene.at("out", "x/a.jpg-small.webp"))).shape == (21, 32, 3)
    assert scene.keys("results") == []


def test_outputs_are_marked(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    stat = scene.stat(scene.at("out", OUTPUTS[1]))
    assert stat
    assert stat.about.content_type == "image/webp"
    assert provenance.source_of(stat) == source
    assert (mark(scene, OUTPUTS[1]), provenance.hops(stat)) == (version(scene, source), 1)


@pytest.mark.parametrize("key", ["ä ö/ü+%20.jpg", "日本/写真.jpg", "a\u2028b.jpg", "x/~'\".jpg"])
def test_any_key_can_be_marked(scene: Scene, key: str) -> None:
    source = scene.put(key, JPEG)
    assert scene.handle(source).outcome == "done"
    assert scene.handle(source).wrote == 0
    assert all(
        provenance.source_of(stat) == source
        for name in scene.keys("out")
        if (stat := scene.stat(scene.at("out", name)))
    )


def test_findings_as_json(scene: Scene) -> None:
    scene.ruled('[[rule]]\nwhen="SCHEME://in/*"\nto="SCHEME://out/{name}.json"\npipeline="sharpness"\n')
    source = scene.put("a.png", PNG)
    assert scene.handle(source).outcome == "done"
    told = msgspec.json.decode(scene.get(scene.at("out", "a.png.json")))
    assert sorted(told) == ["digest", "findings", "output", "pipeline", "source"]
    assert told["source"] == {"format": "png", "width": 96, "height": 64, "bytes": len(PNG), "frames": 1}
    assert told["digest"] == mark(scene, "a.png.json", provenance.DIGEST)


def test_no_rule(scene: Scene) -> None:
    result = scene.handle(scene.put("a.txt", b"text"))
    assert (result.outcome, result.code, scene.calls) == ("done", "no_rule", [])


# --- repeats ---


def test_a_repeat_costs_metadata_calls_alone(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    before = versions(scene)
    assert scene.handle(source).outcome == "done"
    assert [name for name, _ in scene.calls] == ["stat"] * 3
    assert versions(scene) == before


def test_the_calls_of_a_first_time(scene: Scene) -> None:
    scene.handle(scene.put("x/a.jpg", JPEG))
    assert [name for name, _ in scene.calls] == ["stat", "stat", "stat", "stat", "read", "write", "write", "stat"]


def test_one_missing_output_is_made_alone(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    scene.remove(scene.at("out", OUTPUTS[0]))
    kept = versions(scene)
    assert scene.handle(source).wrote == 1
    assert versions(scene).items() > kept.items()


@pytest.mark.parametrize(
    "change", ["quality = 50", 'metadata = {team = "x"}', 'cache_control = "no-cache"', 'pipeline = "resize:17"']
)
def test_a_changed_rule_makes_anew(scene: Scene, change: str) -> None:
    rule = '[[rule]]\nwhen="SCHEME://in/*"\nto="SCHEME://out/{name}.webp"\nformat="webp"\n'
    source = scene.ruled(rule).put("a.jpg", JPEG)
    scene.handle(source)
    assert scene.ruled(rule + change).handle(source).wrote == 1
    assert scene.handle(source).wrote == 0


# --- overwrites, and old content that comes back ---


def test_overwritten(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    old = versions(scene)
    scene.put("x/a.jpg", OTHER)
    assert scene.handle(source).wrote == 2
    assert not set(old.values()) & set(versions(scene).values())
    assert mark(scene, OUTPUTS[0]) == version(scene, source)
    scene.put("x/a.jpg", JPEG)
    assert scene.handle(source).wrote == 2
    assert mark(scene, OUTPUTS[0]) == version(scene, source)


@pytest.mark.parametrize("moment", MOMENTS)
def test_overwritten_meanwhile(scene: Scene, moment: str) -> None:
    source = scene.put("x/a.jpg", JPEG)
    at_moment(scene, moment, lambda: scene.put("x/a.jpg", OTHER))
    assert scene.handle(source).outcome == "done"
    assert {mark(scene, key) for key in scene.keys("out")} == {version(scene, source)}
    assert decoded(scene.get(scene.at("out", OUTPUTS[0]))).shape[1] == 80


@pytest.mark.parametrize("moment", MOMENTS)
def test_deleted_meanwhile(scene: Scene, moment: str) -> None:
    source = scene.put("x/a.jpg", JPEG)
    at_moment(scene, moment, lambda: scene.remove(source))
    assert scene.handle(source).outcome == "done"
    assert scene.keys("out") == []


@pytest.mark.parametrize("moment", [name for name in MOMENTS if "read" not in name and "write" not in name])
def test_written_again_while_its_outputs_are_removed(scene: Scene, moment: str) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    scene.remove(source)
    at_moment(scene, moment, lambda: scene.put("x/a.jpg", OTHER))
    assert scene.handle(source).outcome == "done"
    assert {mark(scene, key) for key in scene.keys("out")} == {version(scene, source)}


@pytest.mark.parametrize("moment", MOMENTS)
def test_another_worker_meanwhile(scene: Scene, moment: str) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    scene.put("x/a.jpg", OTHER)
    wrote: list[int] = []

    def other() -> None:
        scene.before = scene.after = nothing
        wrote.append(handle(ObjectEvent(address=source), scene.context).wrote)

    at_moment(scene, moment, other)
    result = scene.handle(source)
    assert result.outcome == "done"
    assert wrote
    assert {mark(scene, key) for key in scene.keys("out")} == {version(scene, source)}


def test_many_workers_write_each_output_once(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    threads = [threading.Thread(target=handle, args=(ObjectEvent(address=source), scene.context)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    effects = sorted(address for name, address in scene.effects if name == "write")
    assert effects == [str(scene.at("out", key)) for key in OUTPUTS]


# --- sources that are gone ---


def test_removed_where_the_rule_says_so(scene: Scene) -> None:
    source = scene.put("kept/a.jpg", JPEG)
    assert scene.handle(source).wrote == 3
    scene.remove(source)
    assert scene.handle(source, kind="delete").removed == 2
    assert scene.keys("out") == ["kept/a.jpg-kept.jpg"]
    assert scene.handle(source, kind="delete").removed == 0


def test_only_what_is_marked_is_removed(scene: Scene) -> None:
    other = scene.put("x/b.jpg", JPEG)
    scene.handle(other)
    stranger, neighbour = scene.at("out", OUTPUTS[0]), scene.stat(scene.at("out", "x/b.jpg-small.webp"))
    assert neighbour
    scene.put(OUTPUTS[0], b"mine", bucket="out")
    scene.put(OUTPUTS[1], b"of b", bucket="out", metadata=dict(neighbour.about.metadata))
    assert scene.handle(scene.at("in", "x/a.jpg"), kind="delete").removed == 0
    assert scene.get(stranger) == b"mine"


def test_a_late_delete_event_removes_nothing(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    assert scene.handle(source, kind="delete").removed == 0
    assert scene.keys("out") == OUTPUTS

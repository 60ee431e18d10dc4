"""What goes wrong: poison, trouble that passes, giving up, loops and names that are taken."""

from pathlib import Path

import pytest

from core.errors import DamagedImageError
from service.errors import QueueFullError
from service.events import outputs
from storage.address import Address
from storage.errors import ChecksumError, DeniedError, UnreachableError
from tests.functions.support import picture
from tests.service.events.support import JPEG, OTHER, OUTPUTS, PNG, Scene, at_moment, nothing, version, versions

# --- pictures that are wrong ---

POISON = {
    "text": (b"no picture at all", "not_an_image"),
    "truncated": (JPEG[: len(JPEG) // 3], "damaged_image"),
    "empty": (b"", "empty_body"),
    "no-pixels": (picture("png")[:40], "damaged_image"),
}


@pytest.mark.parametrize(("data", "code"), POISON.values(), ids=POISON)
def test_poison_is_recorded_once(scene: Scene, data: bytes, code: str) -> None:
    source = scene.put("x/a.jpg", data)
    assert [scene.handle(source).outcome for _ in range(3)] == ["poison"] * 3
    (record,) = scene.errors()
    assert (record["source"], record["code"], record["outcome"]) == (str(source), code, "poison")
    assert record["version"] == version(scene, source)
    assert record["detail"]
    assert scene.count("read", "write", "delete") == 0
    assert scene.keys("out") == []


def test_poison_takes_the_outputs_of_the_good_version_along(scene: Scene) -> None:
    source = scene.put("kept/a.jpg", JPEG)
    scene.handle(source)
    scene.put("kept/a.jpg", b"no picture")
    result = scene.handle(source)
    assert (result.outcome, result.removed) == ("poison", 2)
    assert scene.keys("out") == ["kept/a.jpg-kept.jpg"]
    scene.put("kept/a.jpg", JPEG)
    assert scene.handle(source).wrote == 3
    assert len(scene.errors()) == 1


def test_each_poisoned_version_has_its_record(scene: Scene) -> None:
    source = scene.put("x/a.jpg", b"one")
    scene.handle(source)
    scene.put("x/a.jpg", b"two")
    scene.handle(source)
    assert len({record["version"] for record in scene.errors()}) == 2


def test_a_changed_rule_looks_at_poison_again(scene: Scene) -> None:
    rule = '[[rule]]\nwhen="SCHEME://in/*"\nto="SCHEME://out/{name}.png"\n'
    source = scene.put("a.jpg", JPEG)
    assert scene.ruled(rule + 'pipeline="resize:20"\nmax_bytes=100').handle(source).code == "too_many_bytes"
    assert scene.ruled(rule + 'pipeline="resize:21"').handle(source).wrote == 1


def test_too_long_is_not_read(scene: Scene) -> None:
    source = scene.ruled(
        '[[rule]]\nwhen="SCHEME://in/*"\nto="SCHEME://out/{name}.png"\npipeline="blur"\nmax_bytes=100'
    ).put("a.jpg", JPEG)
    seen: list[str] = []
    scene.after = lambda name, _: seen.append(name)
    assert scene.handle(source).code == "too_many_bytes"
    assert "write" in seen
    assert scene.keys("out") == []


def test_an_output_that_fails_is_named(scene: Scene) -> None:
    rule = '[[rule]]\nwhen="SCHEME://in/*"\nto="SCHEME://out/{name}-{output}.jpg"\noutputs=[{name="a"}, {name="b", max_bytes=10}]'  # noqa: E501
    source = scene.ruled(rule).put("a.jpg", JPEG)
    assert scene.handle(source).code == "cannot_fit"
    assert '"b"' in scene.errors()[0]["detail"]
    assert scene.keys("out") == []


# --- trouble that may pass ---

TROUBLE = {
    "mismatch": (ChecksumError("other bytes"), "checksum_mismatch"),
    "no-connection": (UnreachableError("reset"), "storage_unreachable"),
    "denied": (DeniedError("not you"), "storage_denied"),
    "queue-full": (QueueFullError(7), "queue_full"),
    "memory": (MemoryError(), "out_of_memory"),
    "a-mistake-of-ours": (KeyError("what"), "internal"),
}


@pytest.mark.parametrize(
    "moment", ["before-the-source-is-read", "between-the-writes", "after-the-outputs-were-looked-at"]
)
@pytest.mark.parametrize(("error", "code"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_comes_again(scene: Scene, moment: str, error: Exception, code: str) -> None:
    source = scene.put("x/a.jpg", JPEG)

    def fail() -> None:
        raise error

    at_moment(scene, moment, fail)
    result = scene.handle(source)
    assert (result.outcome, result.code) == ("again", code)
    assert scene.errors() == []
    scene.before = scene.after = nothing
    assert scene.handle(source).outcome == "done"
    assert scene.keys("out") == OUTPUTS


def test_a_decoder_without_memory_is_no_poison() -> None:
    error = DamagedImageError("The JPEG is damaged")
    assert outputs.is_poison(error)
    error.__cause__ = MemoryError()
    assert not outputs.is_poison(error)


@pytest.mark.parametrize("scene", ["file"], indirect=True)
def test_what_is_read_twice_must_be_the_same(scene: Scene, tmp_path: Path) -> None:
    """A foreign file has no checksum: it was copied there, not written by us."""
    path = tmp_path / "in" / "a.jpg"
    path.write_bytes(JPEG)
    assert scene.handle(scene.at("in", "a.jpg")).outcome == "done"
    assert scene.count("read") == 2


# --- giving up ---


def test_given_up_after_the_attempts(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)

    def fail(name: str, address: Address) -> None:
        if name == "write" and address.bucket == "out":
            raise UnreachableError("reset")

    scene.before = fail
    outcomes = [scene.handle(source, attempt=attempt).outcome for attempt in (1, 2, 3, 4)]
    assert outcomes == ["again", "again", "gave_up", "gave_up"]
    assert {(record["outcome"], record["attempt"]) for record in scene.errors()} == {("gave_up", 3)}


def test_what_kills_its_worker_is_not_tried_for_ever(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    assert scene.handle(source, attempt=4).outcome == "gave_up"
    assert scene.count("read") == 0
    (record,) = scene.errors()
    assert record["code"] == "worn_out"


def test_what_is_done_already_is_not_given_up(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    scene.handle(source)
    assert scene.handle(source, attempt=99).outcome == "done"
    assert scene.errors() == []


def test_an_old_event_gets_one_more_try(scene: Scene) -> None:
    source = scene.put("x/a.jpg", JPEG)
    assert scene.handle(source, age=1e6).outcome == "done"
    scene.put("x/a.jpg", OTHER)

    class KilledError(BaseException):
        pass

    def kill() -> None:
        raise KilledError

    at_moment(scene, "between-the-writes", kill)
    with pytest.raises(KilledError):
        scene.handle(source, age=1e6)
    scene.before = scene.after = nothing
    assert scene.handle(source, age=1e6).outcome == "gave_up"
    assert scene.handle(source).outcome == "done"


def test_what_cannot_be_recorded_is_not_acknowledged(scene: Scene) -> None:
    source = scene.put("x/a.jpg", b"no picture")

    def fail(name: str, address: Address) -> None:
        if address.bucket == "results":
            raise UnreachableError("reset")

    scene.before = fail
    assert scene.handle(source, attempt=9).outcome == "again"


# --- loops, and names that are taken ---


def test_an_output_copied_back_is_stopped(scene: Scene) -> None:
    scene.handle(scene.put("x/a.jpg", JPEG))
    output = scene.stat(scene.at("out", OUTPUTS[0]))
    assert output
    back = scene.put("back.jpg", scene.get(output.address), metadata=dict(output.about.metadata))
    result = scene.handle(back)
    assert (result.outcome, result.code) == ("poison", "loop")
    assert scene.handle(back).code == "loop"
    (record,) = scene.errors()
    assert "never sources" in record["detail"]
    assert scene.keys("out") == OUTPUTS


MEET = '[[rule]]\nwhen="SCHEME://in/*.{jpg,png}"\nto="SCHEME://out/{stem}.webp"\n'


def test_two_sources_of_one_name(scene: Scene) -> None:
    first, second = scene.ruled(MEET + 'pipeline="blur"').put("a.jpg", JPEG), scene.put("a.png", PNG)
    assert scene.handle(first).outcome == "done"
    before = versions(scene)
    assert [scene.handle(second).code for _ in range(2)] == ["name_taken"] * 2
    assert versions(scene) == before
    assert [record["source"] for record in scene.errors()] == [str(second)]
    scene.remove(first)
    assert scene.handle(second).wrote == 1


def test_what_is_not_ours_is_left_alone(scene: Scene) -> None:
    scene.put("a.webp", b"somebody's", bucket="out")
    source = scene.ruled(MEET + 'pipeline="blur"').put("a.jpg", JPEG)
    assert scene.handle(source).code == "name_taken"
    assert scene.get(scene.at("out", "a.webp")) == b"somebody's"


def test_too_many_outputs_of_several_rules(scene: Scene) -> None:
    outputs = ", ".join(f'{{name="o{n}"}}' for n in range(9))
    text = "".join(
        f'[[rule]]\nname="r{r}"\nwhen="SCHEME://in/*"\nto="SCHEME://out/r{r}/{{name}}-{{output}}.png"\noutputs=[{outputs}]\n'
        for r in range(2)
    )
    source = scene.ruled(text).put("a.jpg", JPEG)
    assert scene.handle(source).code == "too_many_outputs"
    assert scene.keys("out") == []


def test_a_key_that_gives_no_address(scene: Scene) -> None:
    source = scene.ruled('[[rule]]\nwhen="SCHEME://in/**"\nto="SCHEME://out/{stem}/x.png"\npipeline="blur"').put(
        "...jpg", JPEG
    )
    assert scene.handle(source).code == "bad_address"
    assert len(scene.errors()) == 1

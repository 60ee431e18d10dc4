"""The sweep: what it removes, and above all what not."""

from pathlib import Path

import pytest

from core.limits import Deadline
from functions.http import Darkroom
from functions.jobs import sweep
from functions.jobs.sweep import DAY, Sweep
from storage.options import Options
from storage.registry import Stores
from tests.service.events.support import JPEG, OUTPUTS, Scene

START = 1_700_000_000.0


@pytest.fixture(params=["memory", "file"])
def scene(request: pytest.FixtureRequest, app: Darkroom, tmp_path: Path) -> Scene:
    for bucket in ("in", "out", "results"):
        (tmp_path / bucket).mkdir()
    made = Scene(request.param, Stores(Options(root=tmp_path)), app.service.processor)
    made.handle(made.put("x/a.jpg", JPEG))
    made.handle(made.put("kept/b.jpg", JPEG))
    made.put("foreign.webp", b"somebody's", bucket="out")
    return made


ALL = ["foreign.webp", "kept/b.jpg-grey.jpg", "kept/b.jpg-kept.jpg", "kept/b.jpg-small.webp", *OUTPUTS]


def swept(scene: Scene, days: float, *, apply: bool = True) -> list[str]:
    return [f"{word.address.key} {word.what}" for word in Sweep(scene.context, START + days * DAY).run(apply=apply)]


def lose(scene: Scene, key: str) -> None:
    """Delete a source, and let nobody hear of it."""
    scene.remove(scene.at("in", key))


def test_nothing_is_lost_nothing_is_removed(scene: Scene) -> None:
    assert [swept(scene, day) for day in range(3)] == [[], [], []]
    assert scene.keys("out") == ALL


def test_removed_when_it_had_no_source_twice_a_day_apart(scene: Scene) -> None:
    lose(scene, "x/a.jpg")
    assert len(swept(scene, 0)) == 2
    assert scene.keys("out") == ALL
    assert all("less than a day ago" in word for word in swept(scene, 0.9))
    assert scene.keys("out") == ALL
    assert all(" removed: " in word for word in swept(scene, 1.1))
    assert scene.keys("out") == ALL[:4]
    assert swept(scene, 2) == []


def test_answers_that_were_too_large_are_removed_after_a_day(scene: Scene) -> None:
    scene.put("answers/abc", b"long", bucket="results")
    made = scene.context.find(scene.at("results", "answers/abc"), Deadline(10))
    assert made
    for days, apply, left in ((0.9, True, 1), (1.1, False, 1), (1.1, True, 0)):
        words = [one.what for one in Sweep(scene.context, made.modified + days * DAY).run(apply=apply)]
        assert len(words) == (days > 1)
        assert len([key for key in scene.keys("results") if key.startswith("answers/")]) == left


def test_only_what_the_rule_says(scene: Scene) -> None:
    lose(scene, "kept/b.jpg")
    swept(scene, 0)
    swept(scene, 2)
    assert scene.keys("out") == ["foreign.webp", "kept/b.jpg-kept.jpg", *OUTPUTS]


def test_dry_unless_told(scene: Scene) -> None:
    lose(scene, "x/a.jpg")
    assert len(swept(scene, 0, apply=False)) == 2
    assert scene.keys("results") == []
    swept(scene, 0)
    assert all("would be removed" in word for word in swept(scene, 2, apply=False))
    assert scene.keys("out") == ALL


def test_a_source_that_came_back(scene: Scene) -> None:
    lose(scene, "x/a.jpg")
    swept(scene, 0)
    scene.put("x/a.jpg", JPEG)
    assert swept(scene, 2) == []
    lose(scene, "x/a.jpg")
    assert all("if that is still so in a day" in word for word in swept(scene, 3))
    assert scene.keys("out") == ALL


def test_an_output_that_was_written_again(scene: Scene) -> None:
    lose(scene, "x/a.jpg")
    swept(scene, 0)
    scene.handle(scene.put("x/a.jpg", JPEG))
    lose(scene, "x/a.jpg")
    assert all("if that is still so in a day" in word for word in swept(scene, 2))
    assert scene.keys("out") == ALL


def test_written_while_it_is_removed(scene: Scene) -> None:
    lose(scene, "x/a.jpg")
    swept(scene, 0)
    stat = scene.stat(scene.at("out", OUTPUTS[0]))
    assert stat

    def interfere(name: str, address: object) -> None:
        if name == "delete" and address == scene.at("out", OUTPUTS[0]):
            scene.before = lambda _name, _address: None
            scene.put(OUTPUTS[0], JPEG, bucket="out", metadata=dict(stat.about.metadata))

    scene.before = interfere
    words = swept(scene, 2)
    assert sum("changed in the meantime" in word for word in words) == 1
    assert OUTPUTS[0] in scene.keys("out")


def test_what_no_rule_makes_any_more_stays(scene: Scene) -> None:
    lose(scene, "x/a.jpg")
    scene.ruled('[[rule]]\nwhen="SCHEME://in/*.tif"\nto="SCHEME://out/{name}.png"\npipeline="blur"\n')
    assert [swept(scene, day) for day in (0, 2)] == [[], []]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("in", "out", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "rules.toml").write_text(
        '[[rule]]\nwhen="file://in/*.jpg"\nto="file://out/{name}.png"\npipeline="blur"'
    )
    monkeypatch.setenv("DARKROOM_FILES", str(tmp_path))
    monkeypatch.setenv("DARKROOM_RULES", str(tmp_path / "rules.toml"))
    assert sweep.main([]) == 2
    assert "DARKROOM_RESULTS" in capsys.readouterr().err
    monkeypatch.setenv("DARKROOM_RESULTS", "file://results")
    assert sweep.main([]) == 0
    monkeypatch.delenv("DARKROOM_RULES")
    assert sweep.main([]) == 2
    with pytest.raises(SystemExit) as ended:
        sweep.main(["--help"])
    assert ended.value.code == 0
    assert "a day" in capsys.readouterr().out

"""A process opens its service once: all that is wrong with its environment is told at that one start."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.explain import explain
from core.output import Output
from core.pipeline import Pipeline
from service.errors import CatalogOffError, NoResultsError
from service.service import Service
from service.settings import SettingsError

KINDS = {
    "a setting": ({"DARKROOM_QUEUE": "many"}, "DARKROOM_QUEUE should be"),
    "an unknown setting": ({"DARKROOM_AUHT": "none"}, "Did you mean DARKROOM_AUTH"),
    "a preset": ({"DARKROOM_PRESETS": "presets.toml"}, "resize"),
    "a model": ({"DARKROOM_MODELS": "models.toml"}, "DARKROOM_MODELS: [mine]"),
    "a rule": ({"DARKROOM_RULES": "rules.toml", "DARKROOM_RESULTS": "memory://own"}, "DARKROOM_RULES: Rule 1"),
    "a filter package": ({"DARKROOM_FILTERS": "no_such_package"}, "DARKROOM_FILTERS"),
    "an address": ({"DARKROOM_SOURCES": "nix://bucket"}, "DARKROOM_SOURCES"),
    "a contradiction": ({"DARKROOM_CATALOG": "mongo"}, "DARKROOM_CATALOG=mongo needs DARKROOM_MONGO"),
    "a watched folder": ({"DARKROOM_WATCH": "gs://bucket"}, "DARKROOM_WATCH"),
    "an absent file": ({"DARKROOM_ASSETS": "nowhere"}, "DARKROOM_ASSETS"),
}
FILES = {
    "presets.toml": 'small = "resiz:10"\n',
    "models.toml": '[mine]\ntask = "dtect"\n',
    "rules.toml": '[[rule]]\nwen = "memory://in/*.jpg"\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def environment(folder: Path, *kinds: str) -> dict[str, str]:
    given = {name: value for kind in kinds for name, value in KINDS[kind][0].items()}
    return {name: str(folder / value) if value in FILES else value for name, value in given.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_told(folder: Path, kind: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Service.open(environment(folder, kind))
    assert KINDS[kind][1] in str(raised.value)


def test_all_are_told_at_one_start(folder: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        Service.open(environment(folder, *KINDS))
    assert [kind for kind, (_, said) in KINDS.items() if said not in str(raised.value)] == []
    assert len(raised.value.problems) == len(set(raised.value.problems)) >= len(KINDS)


def test_what_depends_on_a_wrong_part_is_still_checked(folder: Path) -> None:
    """Rules name presets and models; a wrong model table does not hide a wrong rule, nor is a right rule blamed."""
    (folder / "rules.toml").write_text(
        '[[rule]]\nwhen = "memory://in/*.jpg"\nto = "memory://out/{stem}.{ext}"\npipeline = "detect/draw"\n'
    )
    with pytest.raises(SettingsError) as raised:
        Service.open(environment(folder, "a rule", "a model"))
    assert not [problem for problem in raised.value.problems if "DARKROOM_RULES" in problem]


def test_without_results_there_is_nothing_to_keep_pictures_in(tmp_path: Path) -> None:
    service = Service.open({"DARKROOM_DATA": str(tmp_path), "DARKROOM_CATALOG": "sqlite"})
    assert service.kept_images() is None
    with pytest.raises(NoResultsError):
        service.images()


def test_without_a_catalog_there_are_no_pictures() -> None:
    service = Service.open({"DARKROOM_CATALOG": "none", "DARKROOM_RESULTS": "memory://own"})
    assert service.kept_images() is None
    with pytest.raises(CatalogOffError):
        service.images()


JPEG = bytes(cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (600, 800, 3), np.uint8))[1])


@pytest.mark.parametrize(
    ("off", "text", "moved"),
    [("shrink", "resize:100", True), ("soften", "blur:15", True), ("table", "invert/gamma:2", False)],
)
def test_rules_that_are_left_out_do_not_fire_and_are_part_of_the_digest(off: str, text: str, moved: bool) -> None:
    """An exact rule changes no byte, so its results are the same ones."""
    some, all_of_them = (Service.open({"DARKROOM_PLANNER_OFF": names}).processor for names in (off, ""))
    origin = some.probe(JPEG)
    output = Output(pipeline=Pipeline.parse(text), format="png")
    rules = [{one.rule for one in explain(output, origin, each.context()).rules} for each in (some, all_of_them)]
    assert (off in rules[0], off in rules[1]) == (False, True)
    digests = [each.digest(output, "png", each.context()) for each in (some, all_of_them)]
    assert (digests[0] != digests[1]) is moved
    made = [each.process(JPEG, origin, [output], each.context())[0].data for each in (some, all_of_them)]
    assert (made[0] != made[1]) is moved

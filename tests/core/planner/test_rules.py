"""All rules together: random pipelines, and what they leave of a digest."""

import pytest

from core.codecs import EncodeOptions
from core.identity import digest, generation
from core.pipeline import Pipeline
from core.planner import rules
from core.planner.rules import RULES, approximate
from tests.core.planner.__main__ import LEAST, LEAST_SOFTENED
from tests.core.planner.plans import judged


def test_random_pipelines() -> None:
    found = list(judged(80, seed=3))
    assert not [one for one in found if not one.same]
    assert not [one for one in found if ({"shrink", "chroma", "luma"} & {*one.fired}) and one.alike < LEAST]
    assert not [one for one in found if "soften" in one.fired and one.alike < LEAST_SOFTENED]
    assert {rule for one in found for rule in one.fired} == {rule.name for rule in RULES} - {"header"}


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.name for rule in RULES if not rule.exact} == {*generation()["rules"]}


@pytest.mark.parametrize("name", sorted(approximate()))
def test_the_revision_of_what_changes_pixels_is_part_of_the_digest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(Pipeline.parse("resize:100"), "png", EncodeOptions(), {})
    changed = tuple(rule._replace(revision=9) if rule.name == name else rule for rule in RULES)
    monkeypatch.setattr(rules, "RULES", changed)
    approximate.cache_clear()
    assert digest(Pipeline.parse("resize:100"), "png", EncodeOptions(), {}) != before
    monkeypatch.undo()
    approximate.cache_clear()

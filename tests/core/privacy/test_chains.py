"""Nothing of what is hidden comes through, whatever stands around: the short form of `make prove-privacy`."""

import cv2
import msgspec
import numpy as np
import pytest

from core.findings import coverage
from core.imaging import redaction
from tests.core.fakes import FakeModels, Seen, ellipse
from tests.core.filters.support import apply
from tests.core.privacy.chains import judged, tally

CHAINS = 150
MUTANTS = 60


def test_no_chain_leaks() -> None:
    verdicts = [judged(number) for number in range(CHAINS)]
    assert not [verdict for verdict in verdicts if verdict.what == "leak"]
    assert tally(verdicts)["refused"] <= 0.45 * CHAINS, "40 % over many"


def no_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step mixes in from around is forgotten."""

    def forgetful(change: coverage.Change) -> coverage.Change:
        return msgspec.structs.replace(change, reach=(0.0, 0.0))

    outline, mask = coverage.outline_after, coverage.mask_after
    monkeypatch.setattr(redaction, "outline_after", lambda points, all_: outline(points, map(forgetful, all_)))
    monkeypatch.setattr(redaction, "mask_after", lambda seen, all_: mask(seen, map(forgetful, all_)))


def nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mask follows by the nearest pixel, as one does that is only shown."""

    def followed(mask: coverage.Mask, changes: list[coverage.Change]) -> coverage.Mask:
        for change in changes:
            mask = mask.follow(change.matrix, *change.after)
        return mask

    monkeypatch.setattr(redaction, "mask_after", followed)


def nothing_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of any reach are let through, and none of them counts."""
    monkeypatch.setattr("core.pipeline._check_in_time", lambda *_: None)
    monkeypatch.setattr("core.run._spread", lambda _, picture: picture.findings)


@pytest.mark.parametrize("mutation", [no_reach, nearest, nothing_too_late], ids=lambda mutation: mutation.__name__)
def test_the_oracle_sees_what_is_taken_away(mutation: object, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation(monkeypatch)  # type: ignore[operator]
    assert any(judged(number).what == "leak" for number in range(MUTANTS))


def test_what_ran_before_the_check_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a step of any reach gets between all the same, all of the picture is hidden."""
    from core.pipeline import Pipeline
    from tests.core.privacy.chains import _pictures
    from tests.core.privacy.things import Told

    monkeypatch.setattr("core.pipeline._check_in_time", lambda *_: None)
    plane = np.zeros((20, 30), np.bool_)
    plane[4:8, 5:9] = True
    white = np.full((20, 30, 3), 255, np.uint8)
    for model, area in (("detect:things", "box"), ("detect:outlines", "mask"), ("segment:street", "mask")):
        steps = Pipeline.parse(f"{model}/equalize/redact:area={area}")
        (picture,) = _pictures(steps, [white], Told([plane]))
        assert (picture.pixels == 0).all()


@pytest.mark.parametrize("step", ["blur:31", "dilate:15", "resize:60", "resize:240,enlarge=true,kernel=lanczos"])
@pytest.mark.parametrize("model", ["things", "outlines"])
def test_what_a_step_before_the_model_smears_is_hidden_too(model: str, step: str) -> None:
    """The model tells where the thing itself is, in shares of the picture; the step has carried it further."""
    sees = FakeModels(**{model: (Seen(0, (30, 30, 45, 50)),)})
    area = "mask" if model == "outlines" else "box"
    results = []
    for value in (0, 255):
        pixels = np.full((80, 120, 3), 90, np.uint8)
        plane = (
            cv2.resize(ellipse((30, 30, 45, 50)), (120, 80)) > 127 if area == "mask" else np.zeros((80, 120), np.bool_)
        )
        plane[24:40, 36:54] |= area == "box"
        pixels[plane > 0] = value
        results.append(apply(f"{step}/detect:{model}/redact:area={area},margin=0", pixels, models=sees))
    assert np.abs(results[0].astype(int) - results[1]).max() <= 1

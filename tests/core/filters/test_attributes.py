"""`attributes`: what further models tell of each object, from its own pixels, wherever it goes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import NeedsFindingsError, UnknownClassError
from core.limits import Limits
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.plan import plan
from tests.core.fakes import FakeModels, Seen
from tests.core.filters.support import run

WIDTH, HEIGHT = 400, 200
DOG, MAN = Seen(1, (10, 20, 30, 60), 0.6), Seen(0, (50, 10, 90, 90), 0.9)
MODELS = {"things": (DOG, MAN)}


def painted(channels: int = 3) -> NDArray[np.uint8]:
    """A picture in which the dog is dark and the man is light, on a ground in between."""
    pixels = np.full((HEIGHT, WIDTH, channels), 128, np.uint8)
    for seen, level in ((DOG, 20), (MAN, 220)):
        left, top, right, bottom = (np.array(seen.box) / 100 * [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(int)
        pixels[top:bottom, left:right] = level
    if channels == 4:
        pixels[:, :, 3] = 255
    return pixels


def objects(text: str, pixels: NDArray[np.uint8] | None = None, models: FakeModels | None = None) -> list[Any]:
    picture = run(text, painted() if pixels is None else pixels, models=models or FakeModels(**MODELS))
    return list(picture.findings.to_json(*picture.size)["objects"])


def told(found: list[Any]) -> dict[str, Any]:
    return {one["label"]: one.get("attributes") for one in found}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_each_object_is_told_of_from_its_own_pixels(channels: int) -> None:
    assert told(objects("detect:things/attributes", painted(channels))) == {
        "dog": [{"name": "age", "value": 20.0, "model": "ages"}],
        "person": [{"name": "age", "value": 220.0, "model": "ages"}],
    }


def test_labels_have_scores() -> None:
    assert told(objects("detect:things/attributes:moods"))["dog"] == [
        {"name": "mood", "label": "sad", "score": 0.75, "model": "moods"}
    ]


def test_two_models_add_up_and_one_that_runs_again_replaces_itself() -> None:
    found = told(objects("detect:things/attributes/attributes:moods/attributes:ages"))["person"]
    assert [one["model"] for one in found] == ["moods", "ages"]


def test_only_named_classes_and_only_the_best() -> None:
    assert told(objects("detect:things/attributes:classes=dog"))["person"] is None
    models = FakeModels(**MODELS)
    found = objects("detect:things/attributes:max=1", models=models)
    assert [one["label"] for one in found] == ["dog", "person"], "the order stays"
    assert told(found)["dog"] is None
    assert len(models.shown) == 2, "one look at the picture, one at the best object"


@pytest.mark.parametrize(
    ("margin", "size"), [(0, (80, 80)), (0.25, (120, 120)), (5, (400, 200))], ids=["none", "a quarter", "the edges"]
)
def test_the_margin_is_cut_at_the_edges(margin: float, size: tuple[int, int]) -> None:
    models = FakeModels(**MODELS)
    objects(f"detect:things/attributes:classes=dog,margin={margin}", models=models)
    assert models.shown[-1] == ("ages", Size(*size))


def test_a_turned_object_is_looked_at_upright_around_it() -> None:
    models = FakeModels(**MODELS)
    objects("detect:things/rotate:90/attributes:classes=dog", models=models)
    assert models.shown[-1] == ("ages", Size(80, 80))


@pytest.mark.parametrize(
    "step", ["resize:100", "rotate:20", "flip", "crop:200,200", "perspective:10p:10p+90p:0p+100p:100p+0p:90p"]
)
def test_attributes_follow_geometry(step: str) -> None:
    before, after = told(objects("detect:things/attributes")), told(objects(f"detect:things/attributes/{step}"))
    assert after
    assert all(before[label] == attributes for label, attributes in after.items())


def test_what_hides_still_hides_all_of_it() -> None:
    plain = run("detect:things/rotate:10/redact", painted(), models=FakeModels(**MODELS)).pixels
    with_them = run("detect:things/attributes/rotate:10/redact", painted(), models=FakeModels(**MODELS)).pixels
    assert np.array_equal(plain, with_them)


def test_identities_and_attributes_do_not_lose_each_other() -> None:
    for text in ("detect:things/track/attributes", "detect:things/attributes/track"):
        assert all(one["track"] and one["attributes"] for one in objects(text))


@pytest.mark.parametrize(("text", "runs"), [("attributes", 8), ("attributes:max=3", 3), ("attributes:max=90", 8)])
def test_its_cost_is_the_networks_for_each_object(text: str, runs: int) -> None:
    def work(pipeline: str, cost: float) -> float:
        models = FakeModels(**MODELS)
        models.cost = cost
        origin = Origin(format="png", size=Size(WIDTH, HEIGHT), channels=3)
        return plan(Pipeline.parse(pipeline), origin, Limits(), models=models).steps[-1].work

    dear, cheap = (work(f"detect:things/{text}", cost) for cost in (11, 1))
    assert dear - cheap == pytest.approx(runs * 0.1)


def test_nothing_found_is_nothing_told() -> None:
    models = FakeModels(things=())
    assert objects("detect:things/attributes", models=models) == []
    assert len(models.shown) == 1


@pytest.mark.parametrize("text", ["attributes", "segment/attributes", "classify/attributes"])
def test_objects_must_come_before_it(text: str) -> None:
    with pytest.raises(NeedsFindingsError):
        Pipeline.parse(text)


def test_classes_are_those_of_the_models_before() -> None:
    with pytest.raises(UnknownClassError, match=r"The classes are person, dog"):
        objects("detect:things/attributes:classes=age")

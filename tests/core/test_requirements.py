"""What no model can do is refused before a pixel is decoded."""

import pytest

from core.errors import DarkroomError, NeedsFindingsError
from core.estimate import estimate
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.requirements import check_classes, class_names, model_identities, required_models
from core.run import NO_MODELS, Context
from tests.core.fakes import FakeModels

ORIGIN = Origin(format="png", size=Size(400, 200))


@pytest.mark.parametrize(
    "text",
    [
        "draw", "redact", "crop_to", "cutout", "mask", "count", "blur/redact", "redact/detect",
        "classify/redact", "segment/redact", "classify/cutout", "classify/mask", "segment/crop_to", "segment/count",
        "crop:50p,50p,gravity=faces", "crop:50p,50p,gravity=object", "segment/crop:50p,50p,gravity=object",
        "palette/draw",
    ],
)  # fmt: skip
def test_needs_findings(text: str) -> None:
    with pytest.raises(NeedsFindingsError) as refused:
        Pipeline.parse(text)
    assert refused.value.code == "needs_findings"
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "text",
    [
        "detect/draw", "segment/draw", "classify/draw", "faces/redact", "persons/blur/redact", "segment/cutout",
        "segment/mask:road", "detect:things/faces/redact:face+person", "crop:50p,50p,gravity=smart",
        "faces/crop:50p,50p,gravity=faces", "detect/crop:50p,50p,gravity=object", "detect:things/redact:hot_dog",
        "detect:things,classes=dog/redact:dog", "detect:things/crop_to:person", "detect:things/crop_to:object",
        "segment/detect:things/mask:road+dog", "segment/redact:road,area=mask",
        "classify/draw:classes=macaw", "detect:things/count:car",
        "detect:things,classes=dog/detect:things,classes=car/redact:car",
    ],
)  # fmt: skip
def test_what_can_be_done_is_let_through(text: str) -> None:
    check_classes(Pipeline.parse(text), FakeModels())


UNKNOWN = [
    ("detect:things/redact:plate", "redact.classes", "person, dog, hot_dog, car"),
    ("detect:things/redact:person+plate", "redact.classes", "person, dog, hot_dog, car"),
    ("detect:things/redact:Person", "redact.classes", "person, dog, hot_dog, car"),
    ("detect/redact:person", "redact.classes", "circle, square, triangle, star"),
    ("faces/redact:person", "redact.classes", "face"),
    ("detect:things,classes=plate", "detect.classes", "person, dog, hot_dog, car"),
    ("detect:things,classes=dog/redact:person", "redact.classes", "dog"),
    ("detect:things/crop_to:face", "crop_to.target", "person, dog, hot_dog, car"),
    ("detect:things/crop:50p,50p,gravity=faces", "crop.gravity", "person, dog, hot_dog, car"),
    ("segment/mask:person", "mask.classes", "background, road, curb, mark"),
    ("segment/detect:things/redact:road", "redact.classes", "person, dog, hot_dog, car"),
    ("detect:things/cutout:road", "cutout.classes", "person, dog, hot_dog, car"),
    ("classify/draw:classes=dog", "draw.classes", "tabby_cat, hot_dog, macaw"),
    ("detect:things/count:road", "count.classes", "person, dog, hot_dog, car"),
    ("detect:things/redact:person/detect/redact:face", "redact.classes", "person, dog, hot_dog, car, circle"),
]


@pytest.mark.parametrize(("text", "parameter", "known"), UNKNOWN, ids=[text for text, _, _ in UNKNOWN])
def test_unknown_class_names_the_classes_there_are(text: str, parameter: str, known: str) -> None:
    with pytest.raises(DarkroomError) as refused:
        check_classes(Pipeline.parse(text), FakeModels())
    assert (refused.value.status, refused.value.code) == (400, "unknown_class")
    assert refused.value.fields["parameter"] == parameter
    assert str(refused.value.fields["expected"]).startswith(known)
    assert known in refused.value.detail


@pytest.mark.parametrize("text", ["detect:yolo", "faces:things", "detect:shapes/detect:nobody", "segment:thing/draw"])
def test_unknown_model(text: str) -> None:
    output = Output(pipeline=Pipeline.parse(text), format="png")
    with pytest.raises(DarkroomError) as refused:
        estimate([output], ORIGIN, Context(Limits(), Deadline(5), models=FakeModels()))
    assert (refused.value.status, refused.value.code) == (400, "unknown_model")


def test_a_door_without_models_refuses_vision_and_nothing_else() -> None:
    plan(Pipeline.parse("blur/crop:50p,gravity=smart"), ORIGIN, Limits())
    with pytest.raises(DarkroomError, match="This server has no model for it") as refused:
        plan(Pipeline.parse("detect"), ORIGIN, Limits(), models=NO_MODELS)
    assert refused.value.code == "unknown_model"


def test_a_model_s_cost_counts_for_every_frame() -> None:
    models = FakeModels()
    models.cost = 30.0  # 0.3 s
    pipeline = Pipeline.parse("detect")
    one = plan(pipeline, ORIGIN, Limits(), models=models).work
    assert one == pytest.approx(0.3, abs=0.01)
    assert plan(pipeline, ORIGIN, Limits(), frames=20, models=models).work == pytest.approx(20 * one)
    with pytest.raises(DarkroomError) as refused:
        plan(pipeline, ORIGIN, Limits(), frames=40, models=models)
    assert refused.value.code == "too_much_work"


def test_a_geometry_that_findings_follow_costs_more() -> None:
    models = FakeModels()
    before, after = (
        plan(Pipeline.parse(text), ORIGIN, Limits(), models=models) for text in ("flip/segment", "segment/flip")
    )
    assert after.work > before.work
    assert after.memory > plan(Pipeline.parse("flip"), ORIGIN, Limits()).memory


def test_what_a_pipeline_asks() -> None:
    pipeline, models = Pipeline.parse("detect/blur/faces/detect:things"), FakeModels()
    assert [model.name for model in required_models(pipeline, models)] == ["shapes", "retail", "things"]
    assert [told["name"] for told in model_identities(pipeline, models)] == ["shapes", "retail", "things"]
    assert class_names(pipeline, models)["things"] == ("person", "dog", "hot_dog", "car")

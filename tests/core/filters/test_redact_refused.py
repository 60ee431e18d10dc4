"""What `redact` cannot do is an error, and never a picture."""

import cv2
import pytest

from core import codecs
from core.errors import BadParameterError, DarkroomError, ModelError, NeedsFindingsError
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.core.fakes import FakeModels
from tests.core.filters.support import apply
from tests.core.filters.test_redact import HEIGHT, ONE, WIDTH, picture


@pytest.mark.parametrize(
    ("text", "code", "parameter"),
    [
        ("redact", "needs_findings", None),
        ("segment/redact", "needs_findings", None),
        ("classify/redact:area=mask", "needs_findings", None),
        ("segment/redact:person,area=mask", "unknown_class", "redact.classes"),
        ("detect:things/redact:plate", "unknown_class", "redact.classes"),
        ("detect:nobody/redact", "unknown_model", None),
        ("detect:things/redact:area=mask", "needs_findings", "redact.area"),
        ("detect:things/redact:color=00000080", "bad_parameter", "redact.color"),
        ("detect:things/redact:how=smear", "bad_parameter", "redact.how"),
    ],
)
def test_what_cannot_be_done_gives_no_picture(text: str, code: str, parameter: str | None) -> None:
    data = cv2.imencode(".png", picture())[1].tobytes()
    context = Context(Limits(), Deadline(60), models=ONE)

    def work() -> None:
        output = Output(pipeline=Pipeline.parse(text), format="png")
        list(process(data, codecs.probe(data, context.limits), [output], context))

    with pytest.raises(DarkroomError) as refused:
        work()
    assert (refused.value.status, refused.value.code) == (400, code)
    assert refused.value.fields.get("parameter") == parameter


def test_a_model_that_fails_gives_no_picture() -> None:
    class Away(FakeModels):
        def see(self, *_: object) -> None:  # type: ignore[override]
            raise ModelError("It is away.")

    with pytest.raises(ModelError):
        apply("detect:things/redact", picture(), models=Away())


def test_a_picture_without_findings_is_no_picture_without_objects() -> None:
    step = Pipeline.parse("detect/redact").steps[-1]
    bare = Picture(pixels=picture(), origin=Origin(format="png", size=Size(WIDTH, HEIGHT)))
    with pytest.raises(NeedsFindingsError):
        step.filter.function(bare, **step.arguments)


def test_an_opaque_colour_is_asked_for() -> None:
    with pytest.raises(BadParameterError, match="opaque"):
        apply("detect:things/redact:color=ff000000", picture(), models=ONE)

"""Nothing that changes a result's bytes may be missing from its digest."""

from collections.abc import Callable
from importlib import metadata

import msgspec
import pytest

from core import codecs, registry
from core.codecs import EncodeOptions
from core.identity import LIBRARIES, digest, etag, library_versions
from core.language.values import BLACK
from core.pipeline import Pipeline
from core.requirements import model_identities
from tests.core.fakes import FakeModels

PRESETS = {"soft": "blur:5/sepia"}
OTHERS = {"logo": b"one logo"}


def of(
    text: str = "blur:5/watermark:logo",
    written: str = "jpeg",
    options: EncodeOptions | None = None,
    others: dict[str, bytes] | None = None,
    models: FakeModels | None = None,
) -> str:
    """The digest of a request, whose ingredients are changed one at a time."""
    pipeline = Pipeline.parse(text, presets=PRESETS)
    asked = model_identities(pipeline, models or FakeModels())
    return digest(pipeline, written, options or EncodeOptions(), others or OTHERS, asked)


@pytest.mark.parametrize(
    "changed",
    [
        lambda: of("blur:7/watermark:logo"),
        lambda: of("watermark:logo/blur:5"),
        lambda: of("blur:5/watermark:logo/flip"),
        lambda: of("blur:5/watermark:logo,opacity=0.25"),
        lambda: of(written="png"),
        lambda: of(written="json"),
        lambda: of(others={"logo": b"another logo"}),
        lambda: of(options=EncodeOptions(quality=84)),
        lambda: of(options=EncodeOptions(progressive=True)),
        lambda: of(options=EncodeOptions(lossless=True)),
        lambda: of(options=EncodeOptions(effort=3)),
        lambda: of(options=EncodeOptions(chroma="444")),
        lambda: of(options=EncodeOptions(background=BLACK)),
        lambda: of(options=EncodeOptions(keep=frozenset({"exif"}))),
        lambda: of(options=EncodeOptions(keep=frozenset({"exif", "icc"}))),
        lambda: of(options=EncodeOptions(keep=frozenset({"exif", "gps"}))),
        lambda: of(options=EncodeOptions(keep=frozenset({"copyright"}))),
        lambda: of(options=EncodeOptions(profile="srgb")),
        lambda: of(options=EncodeOptions(profile="p3")),
        lambda: of(options=EncodeOptions(depth="16")),
        lambda: of(options=EncodeOptions(keep=frozenset({"hdr"}))),
        lambda: of(options=EncodeOptions(max_bytes=1000)),
        lambda: of(options=EncodeOptions(colors=16)),
        lambda: of(options=EncodeOptions(dither=True)),
        lambda: of(options=EncodeOptions(sharp=True)),
        lambda: of(options=EncodeOptions(near_lossless=60)),
    ],
    ids=lambda changed: "-".join(map(str, changed.__code__.co_consts[1:])),
)
def test_each_ingredient_moves_the_digest(changed: Callable[[], str]) -> None:
    assert changed() != of()


def test_two_spellings_have_one_digest() -> None:
    assert of(options=EncodeOptions(profile="keep")) == of(options=EncodeOptions(keep=frozenset({"icc"})))


SEES = "detect/blur:5/watermark:logo"


def changed_models() -> FakeModels:
    """The same models in another revision."""
    models = FakeModels()
    models.revision = "2"
    return models


@pytest.mark.parametrize(
    "changed",
    [
        lambda: of(SEES, models=changed_models()),
        lambda: of("detect:things/blur:5/watermark:logo"),
        lambda: of("detect:score=0.31/blur:5/watermark:logo"),
        lambda: of("detect:classes=star/blur:5/watermark:logo"),
        lambda: of("detect:max=99/blur:5/watermark:logo"),
        lambda: of("detect/detect/blur:5/watermark:logo"),
        lambda: of(SEES, written="coco"),
        lambda: of(SEES, written="json"),
    ],
    ids=["revision", "model", "score", "classes", "max", "twice", "coco", "json"],
)
def test_each_ingredient_of_vision_moves_the_digest(changed: Callable[[], str]) -> None:
    assert changed() != of(SEES)


def test_the_default_model_is_an_ingredient_by_what_it_is() -> None:
    """The pipeline says `model=null`: what the operator set as default must move the digest nevertheless."""
    other = {"name": "others", "revision": "1"}
    pipeline = Pipeline.parse("detect")
    told = [
        digest(pipeline, "json", EncodeOptions(), {}, [one]) for one in ({"name": "shapes", "revision": "1"}, other)
    ]
    assert told[0] != told[1]


def test_a_digest_without_its_models_is_a_defect() -> None:
    with pytest.raises(ValueError, match="every model"):
        digest(Pipeline.parse("detect"), "json", EncodeOptions(), {})


def test_every_option_is_an_ingredient() -> None:
    """An option that is added later must be in the table above."""
    assert set(EncodeOptions.__struct_fields__) == {
        "quality", "progressive", "lossless", "effort", "chroma", "background", "keep", "profile", "depth", "max_bytes",
        "colors", "dither", "sharp", "near_lossless",
    }  # fmt: skip


def test_a_filters_revision_moves_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of()
    changed = msgspec.structs.replace(registry.find_filter("blur"), revision=registry.find_filter("blur").revision + 1)
    monkeypatch.setitem(registry._filters, "blur", changed)
    assert of() != before


def test_a_filters_default_moves_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of("blur")
    known = registry.find_filter("blur")
    kernel = msgspec.structs.replace(known.parameter("kernel"), default=17)
    changed = msgspec.structs.replace(known, parameters=(kernel, *known.parameters[1:]))
    monkeypatch.setitem(registry._filters, "blur", changed)
    assert of("blur") != before


def test_an_encoders_revision_moves_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of()
    jpeg = codecs.FORMATS["jpeg"]
    monkeypatch.setitem(codecs.FORMATS, "jpeg", msgspec.structs.replace(jpeg, revision=jpeg.revision + 1))
    assert of() != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("blur", "blur:15"),
        ("blur:,0.0", "blur"),
        ("preset:soft", "blur:kernel=5/sepia"),
        ("rotate:90.0", "rotate:9%30"),
    ],
)
def test_what_means_the_same_has_the_same_digest(one: str, other: str) -> None:
    assert of(one, others={}) == of(other, others={})


def test_etag_separates_its_parts() -> None:
    tags = {etag("a", "b", "c"), etag("ab", "", "c"), etag("a", "bc", ""), etag("a", "b", "d"), etag("x", "b", "c")}
    assert len(tags) == 5
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


@pytest.mark.parametrize("name", LIBRARIES)
def test_versions_are_those_that_are_installed(name: str) -> None:
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        installed = "none"
    assert library_versions()[name] == installed

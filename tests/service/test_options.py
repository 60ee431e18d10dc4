"""Options: derived from EncodeOptions, read alike from text and JSON."""

from typing import Any

import pytest

from core.codecs import FORMATS, EncodeOptions
from core.errors import DarkroomError
from core.language.values import Color
from core.limits import Limits
from core.pipeline import Pipeline
from service.options import OptionsParser, OutputOptions, ProcessingOptions, formats, options

READER = OptionsParser(Limits(), {"soft": "blur:15/sepia"})


def test_every_encode_option_is_one() -> None:
    others = {"format", "findings", "include", "source", "explain", "to"}
    assert set(EncodeOptions.__struct_fields__) == set(options()) - others
    assert all(parameter.description for parameter in options().values())


def test_formats_are_those_that_are_written() -> None:
    assert formats() == [known.name for known in FORMATS.values() if known.writes] + ["json"]


@pytest.mark.parametrize(
    ("name", "text", "json", "value"),
    [
        ("quality", "85", 85, 85),
        ("quality", "85.0", 85.0, 85),
        ("lossless", "true", True, True),
        ("background", "f80", "ff8800", Color(255, 136, 0)),
        ("keep", "exif+icc", ["icc", "exif"], frozenset({"exif", "icc"})),
        ("keep", "exif exif", ["exif"], frozenset({"exif"})),
        ("keep", "copyright+gps", ["gps", "copyright"], frozenset({"copyright", "gps"})),
        ("profile", "p3", "p3", "p3"),
        ("depth", "16", "16", "16"),
        ("chroma", "444", "444", "444"),
        ("max_bytes", "1000", 1000, 1000),
    ],
)
def test_text_and_json_are_equal(name: str, text: str, json: Any, value: Any) -> None:
    for raw in (text, json):
        (want,) = READER.parse([{name: raw}], {}).outputs
        assert getattr(want.encoding, name) == value
    assert READER.parse([{name: text}, {name: json}], {}) == READER.parse([{name: json}], {})


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("quality", 0), ("quality", "101"), ("quality", True), ("quality", "8 5"), ("quality", ""), ("quality", [1]),
        ("quality", 1.5),
        ("quality", "NaN"), ("quality", 10**400), ("lossless", "yes"), ("lossless", 1), ("chroma", "421"),
        ("chroma", 420),
        ("background", "#ff"), ("background", "reddish"), ("keep", "place"), ("keep", ""), ("keep", ["exif", ""]),
        ("keep", "exif,icc"), ("profile", "adobe"), ("depth", "14"),
        ("keep", {"exif": 1}),
        ("include", "mask"), ("findings", "voc"),
        ("format", "jpgg"), ("format", 3), ("format", ["png"]), ("max_bytes", 0), ("effort", "11"),
    ],
)  # fmt: skip
def test_wrong_values_name_their_option(name: str, raw: Any) -> None:
    with pytest.raises(DarkroomError) as caught:
        READER.parse([{name: raw}], {})
    assert caught.value.status == 400
    assert caught.value.fields["parameter"] == name


def test_null_is_what_is_not_given() -> None:
    assert READER.parse([{"quality": None, "format": None}], {}) == READER.parse([{}], {})


def test_the_routes_own_defaults_give_way() -> None:
    usual = {"pipeline": Pipeline.parse("blur"), "format": "jpeg"}
    assert READER.parse([{}], usual) == ProcessingOptions(outputs=[OutputOptions(**usual)])
    assert READER.parse([{"format": "png", "pipeline": ""}], usual) == ProcessingOptions(
        outputs=[OutputOptions(format="png")]
    )


def test_presets_are_expanded() -> None:
    (want,) = READER.parse([{"pipeline": "preset:soft/flip"}], {}).outputs
    assert want.pipeline.canonical == "blur/sepia/flip"
    assert READER.parse([{"pipeline": [{"filter": "preset", "name": "soft"}, {"filter": "flip"}]}], {}).outputs == [
        want
    ]


@pytest.mark.parametrize("name", sorted(set(options()) - {"pipeline", "outputs"}))
def test_no_value_is_longer_than_any_option_needs(name: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        READER.parse([{name: " " * 20_000}], {})
    assert (caught.value.status, caught.value.code) == (400, "bad_parameter")
    assert len(caught.value.detail) < 500


@pytest.mark.parametrize("profile", ["srgb", "p3"])
def test_the_own_profile_and_another_cannot_both_be_kept(profile: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        READER.parse([{"keep": "icc", "profile": profile}], {})
    assert (caught.value.code, caught.value.fields["parameter"]) == ("bad_parameter", "profile")

"""Other spellings are read as what they mean; canonical text, and so each digest, is that of the real step."""

from typing import Any

import pytest

from core.codecs import EncodeOptions
from core.errors import BadParameterError, DarkroomError, PipelineSyntaxError, UnknownFilterError
from core.identity import digest
from core.language.values import Color
from core.language.words import ALIASES, NEAR, aliases_of, parameter_named
from core.pipeline import Pipeline
from core.registry import filter_words, filters

PRESETS = {"thumbnail": "resize:320,320", "soft": "blur:15/300x200", "sepia": "blur"}


def canonical(text: str) -> str:
    return Pipeline.parse(text, presets=PRESETS).canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grey", "grayscale"),
        ("gray/bw/greyscale", "grayscale/grayscale/grayscale"),
        ("mirror", "flop"),
        ("thumbnail", "resize:320,320"),
        ("thumbnail:200", "resize:200"),
        ("soft", "blur/resize:300,200"),
        ("sepia", "sepia"),
        ("300x200", "resize:300,200"),
        ("300x", "resize:300"),
        ("x200/sepia", "resize:height=200/sepia"),
        ("resize:300x200", "resize:300,200"),
        ("resize:300x200,fit=cover", "resize:300,200,cover"),
        ("resize:w=300,h=200", "resize:300,200"),
        ("crop:50%,25%", "crop:50p,25p"),
        ("crop:50%x25%", "crop:50p,25p"),
        ("crop:300x200,gravity=top-left", "crop:300,200,gravity=northwest"),
        ("crop:10,10,gravity=centre", "crop:10,10"),
        ("crop:10,10,gravity=Bottom", "crop:10,10,gravity=south"),
        ("resize:10,10,fit=stretch", "resize:10,10,fill"),
        ("resize:10,10,kernel=bicubic", "resize:10,10,kernel=cubic"),
        ("pad:10,background=#ff8800", "pad:10,background=ff8800"),
        ("pad:10,background=%23f80", "pad:10,background=ff8800"),
        ("pad:10,background=orange", "pad:10,background=ffa500"),
        ("pad:10,background=RebeccaPurple", "pad:10,background=663399"),
        ("pad:10,background=transparent", "pad:10,background=00000000"),
        ("pad:10,background=rgb(255,136,0)", "pad:10,background=ff8800"),
        ("pad:10,background=rgb(255 136 0)/sepia", "pad:10,background=ff8800/sepia"),
        ("pad:10,background=rgba(255,136,0,0.5),left=3", "pad:10,left=3,background=ff880080"),
        ("pad:10,background=rgb(255 136 0 / 50%)/sepia", "pad:10,background=ff880080/sepia"),
        ("pad:10,background=rgb(100%,50%,0%)", "pad:10,background=ff8000"),
        ("duotone:rgb(1,2,3),white", "duotone:010203,ffffff"),
        ("text:100%", "text:100%25"),
        ("text:50%,color=Red", "text:50%25,color=ff0000"),
    ],
)
def test_what_people_write(text: str, expected: str) -> None:
    assert canonical(text) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"filter": "gray"}, "grayscale"),
        ({"filter": "scale", "w": 300}, "resize:300"),
        ({"filter": "soft"}, "blur/resize:300,200"),
        ({"filter": "preset", "name": "soft"}, "blur/resize:300,200"),
        ({"filter": "border", "width": "6%", "colour": "#f00"}, "border:6p,ff0000"),
    ],
)
def test_what_people_write_in_json(step: dict[str, Any], expected: str) -> None:
    assert Pipeline.from_json([step], presets=PRESETS).canonical == expected


def test_a_digest_is_that_of_the_real_step() -> None:
    def of(text: str) -> str:
        return digest(Pipeline.parse(text), "png", EncodeOptions(), {})

    assert of("grey/crop:50%x50%/pad:3,background=white") == of("grayscale/crop:50p,50p/pad:3,background=fff")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Sepia", "sepia"),
        ("Blur:5", "blur"),
        ("gaussian", "blur"),
        ("gaussian-blur", "blur"),
        ("gryscale", "grayscale"),
        ("edges", "canny"),
        ("anonymize", "redact"),
        ("whitebalanc", "white_balance"),
        ("resize:300,200,fit=covr", "cover"),
        ("sepia:50%", "50"),
        ("watermark:logo,opacity=50%", "50"),
        ("detect:score=50%", "0.5"),
        ("rotate:90deg", "90"),
        ("resize:300px", "300"),
        ("resize:300,200,enlarge=yes", "true"),
        ("blur:Kernle=3", "kernel"),
    ],
)
def test_did_you_mean(text: str, meant: str) -> None:
    with pytest.raises(DarkroomError, match=f'Did you mean "{meant}"'):
        Pipeline.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "pad:1,background=rgb(256,0,0)",
        "pad:1,background=rgb(1,2)",
        "pad:1,background=rgb(1,2,3,2)",
        "pad:1,background=rgb(-1,0,0)",
        "pad:1,background=reddish",
        "pad:1,background=##fff",
        "pad:1,background=url(1)",
        "crop:50%%",
        "crop:%",
        "0x0",
        "99999x1",
        "resize:x",
        "resize:300x200,400",
        "resize:300,w=200",
        "crop:12%zz",
        "soft:3",
    ],
)
def test_what_means_nothing(text: str) -> None:
    with pytest.raises((BadParameterError, PipelineSyntaxError, UnknownFilterError)):
        Pipeline.parse(text, presets=PRESETS)


def test_no_percentage_is_said() -> None:
    with pytest.raises(BadParameterError, match="takes no percentage"):
        Pipeline.parse("resize:50%")


@pytest.mark.parametrize("words", [ALIASES, NEAR], ids=["aliases", "near"])
def test_words_stand_for_steps_and_hide_none(words: dict[str, str]) -> None:
    assert set(words.values()) <= set(filters())
    assert not set(words) & set(filters())


def test_aliases_are_listed() -> None:
    assert aliases_of("grayscale") == ["gray", "grey", "greyscale", "bw", "black_and_white"]
    assert filter_words()["bw"] == "grayscale"


def test_a_parameters_own_name_comes_first() -> None:
    assert parameter_named("w", ["width"]) == "width"
    assert parameter_named("w", ["w", "width"]) == "w"
    assert parameter_named("w", ["side"]) == "w"


@pytest.mark.parametrize(
    "text", ["red", "RED", "#f00", "f00", "#FF0000", "rgb(255,0,0)", "rgb(100% 0% 0%)", "rgba(255,0,0,1)"]
)
def test_one_red(text: str) -> None:
    assert Color.parse(text) == Color(255, 0, 0)

"""A JPEG as JPEG XL and back: the same bytes, or a refusal that says why."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, decibels, first, pillow_file, rgba, written
from tests.core.codecs.test_exif import sample
from tests.core.codecs.test_icc import rgb_profile
from tests.core.transcode import EXACT, SLOW, Judge, Verdict, is_plain, jpegs, verdict


def carried(data: bytes, name: str, pipeline: str = "", **options: Any) -> bytes:
    wanted = EncodeOptions(**{"lossless": "transcode", **options})
    output = Output(pipeline=Pipeline.parse(pipeline), format=name, options=wanted)
    (made,) = process(data, codecs.probe(data, LIMITS), [output], Context(Limits(), Deadline(60)))
    assert made.size == codecs.probe(data, LIMITS).size
    return made.data


def jpeg(mode: str | None = None, **options: Any) -> bytes:
    return pillow_file("JPEG", made_picture(3, 101, 67), mode, **options)


WHOLE = {
    "420": jpeg,
    "444": lambda: jpeg(subsampling=0),
    "422": lambda: jpeg(subsampling=1),
    "grey": lambda: jpeg("L"),
    "progressive": lambda: jpeg(progressive=True),
    "restarts": lambda: jpeg(restart_marker_blocks=3),
    "optimized": lambda: jpeg(optimize=True, quality=30),
    "exif and a profile": lambda: jpeg(exif=sample(), icc_profile=rgb_profile()),
    "a comment": lambda: jpeg(comment=b"words " * 30),
    "a comment far longer than the picture": lambda: jpeg(comment=b"words " * 9000),
    "bytes behind the end": lambda: jpeg() + b"more than a picture",
    "one pixel": lambda: pillow_file("JPEG", made_picture(3, 1, 1)),
    "of ours": lambda: written(made_picture(3, 120, 80), "jpeg"),
    "RGB by Adobe": lambda: imagecodecs.jpeg8_encode(
        np.ascontiguousarray(made_picture(3)[:, :, ::-1]), colorspace="rgb", outcolorspace="rgb"
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_there_and_back(name: str) -> None:
    file = WHOLE[name]()
    made = carried(file, "jxl")
    assert carried(made, "jpeg") == file
    assert decibels(rgba(first(made)), rgba(first(file))) > 40


def test_a_photograph_is_smaller(data: Path) -> None:
    file = (data / "images/coral/parrot.jpg").read_bytes()
    assert len(carried(file, "jxl")) < 0.9 * len(file)


def test_a_turned_picture_is_upright() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    file = jpeg(exif=turned)
    made = carried(file, "jxl")
    assert codecs.probe(made, LIMITS).size == codecs.probe(file, LIMITS).size
    assert decibels(rgba(first(made)), rgba(first(file))) > 40


def _arithmetic() -> bytes:
    file = jpeg()
    place = file.index(b"\xff\xc0")
    return file[:place] + b"\xff\xc9" + file[place + 2 :]


KEPT = frozenset({"exif"})
REFUSED = {
    "a PNG": (lambda: pillow_file("PNG"), "jxl", {}, 415, "cannot_transcode"),
    "CMYK": (lambda: jpeg("CMYK"), "jxl", {}, 415, "cannot_transcode"),
    "arithmetic": (_arithmetic, "jxl", {}, 415, "cannot_transcode"),
    "cut short": (lambda: jpeg(quality=95)[:-400], "jxl", {}, 415, "cannot_transcode"),
    "JPEG XL of pixels": (lambda: written(made_picture(3), "jxl"), "jpeg", {}, 415, "cannot_transcode"),
    "JPEG to JPEG": (jpeg, "jpeg", {}, 415, "cannot_transcode"),
    "to WebP": (jpeg, "webp", {}, 400, "bad_parameter"),
    "with a step": (jpeg, "jxl", {"pipeline": "blur"}, 400, "bad_parameter"),
    "with a quality": (jpeg, "jxl", {"quality": 50}, 400, "bad_parameter"),
    "with a depth": (jpeg, "jxl", {"depth": "16"}, 400, "bad_parameter"),
    "with a profile": (jpeg, "jxl", {"profile": "p3"}, 400, "bad_parameter"),
    "with metadata chosen": (jpeg, "jxl", {"keep": KEPT}, 400, "bad_parameter"),
    "into few bytes": (jpeg, "jxl", {"max_bytes": 100}, 422, "cannot_fit"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    make, format_, more, status, code = REFUSED[name]
    with pytest.raises(DarkroomError) as caught:
        carried(make(), format_, **more)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_files_of_four_encoders() -> None:
    """The short form of `make prove-transcode`."""
    assert {name: said for name, data in jpegs(24) if (said := verdict(data).said) != EXACT} == {}


def test_what_may_be_refused() -> None:
    """By another reader than ours: of what is plain, all must come back."""
    plain = {"420", "444", "422", "grey", "progressive", "restarts", "optimized", "a comment", "RGB by Adobe"}
    assert {name for name in plain if not is_plain(WHOLE[name]())} == set()
    others = {
        "CMYK": jpeg("CMYK"),
        "arithmetic": _arithmetic(),
        "cut short": jpeg(quality=95)[:-400],
        "a PNG": b"\x89P",
    }
    assert {name for name, file in others.items() if is_plain(file)} == set()


def test_a_file_that_takes_too_long_is_told_and_the_next_one_is_judged() -> None:
    large = pillow_file("JPEG", made_picture(3, 900, 700))
    judge = Judge(seconds=1e-6)
    assert judge(large) == Verdict(SLOW)
    judge.seconds = 600
    assert judge(large).said == EXACT
    judge.end()


def test_a_jpeg_xl_that_becomes_far_more_than_its_bytes_is_refused() -> None:
    """It is written into one buffer, whose size nobody tells."""
    long = pillow_file("JPEG", made_picture(3, 5, 5))
    long = long[:2] + (b"\xff\xe5\xff\xff" + bytes(65533)) * 400 + long[2:]
    made = carried(long, "jxl")
    assert len(made) < len(long) / 100
    with pytest.raises(DarkroomError) as caught:
        carried(made, "jpeg")
    assert caught.value.status in {415, 422}


@pytest.mark.parametrize("effort", [0, 5, 10])
def test_effort(effort: int) -> None:
    assert carried(carried(jpeg(), "jxl", effort=effort), "jpeg") == jpeg()


def test_a_jpeg_xl_that_was_changed_is_refused() -> None:
    made = bytearray(carried(jpeg(), "jxl"))
    place = made.index(b"jbrd") + 12
    made[place : place + 8] = bytes(8)
    with pytest.raises(DarkroomError):
        carried(bytes(made), "jpeg")

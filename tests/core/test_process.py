"""One picture in, several results out, on real files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image, ImageCms

from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Size
from core.pipeline import Pipeline
from core.process import Result, process
from core.run import Context
from tests.conftest import made_picture
from tests.core.codecs.test_icc import grey_profile, rgb_profile


class Watch:
    """A probe that notes the names of the spans."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Note the name."""
        self.names.append(name)
        yield


def made(path: Path, *outputs: Output, limits: Limits | None = None, watch: Watch | None = None) -> list[Result]:
    """The results of a file."""
    limits = limits or Limits()
    context = Context(limits, Deadline(60), probe=watch or Watch())
    data = path.read_bytes()
    return list(process(data, codecs.probe(data, limits), outputs, context))


def output(text: str, written: str = "jpeg", *, image: bool = True, options: EncodeOptions | None = None) -> Output:
    """A wanted result."""
    return Output(pipeline=Pipeline.parse(text), format=written, image=image, options=options or EncodeOptions())


def test_one_output(data: Path) -> None:
    (result,) = made(data / "images/kodak/kodim01.png", output("resize:300", "webp"))
    again = codecs.probe(result.data, Limits())
    assert (again.format, again.size, result.size) == ("webp", Size(300, 200), Size(300, 200))


def test_display_p3_is_the_same_picture(data: Path) -> None:
    """Converted by its profile it is the usual result; grey steps see its colours, not the luma of the file."""
    path = data / "images/photos/IMG_20180725_163423_12MP.jpg"
    options = EncodeOptions(profile="p3", quality=95)
    for text in ("resize:200", "resize:200/grayscale", "grayscale/resize:200"):
        p3, plain = made(path, output(text, options=options), output(text, options=EncodeOptions(quality=95)))
        assert codecs.probe(plain.data, Limits()).icc is None
        image = Image.open(io.BytesIO(p3.data))
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        shown = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        assert shown is not None
        expected = np.asarray(Image.open(io.BytesIO(plain.data)).convert("RGB")).astype(int)
        assert np.abs(np.asarray(shown) - expected).mean() < 3


@pytest.mark.parametrize(("written", "is_kept"), [("jpeg", True), ("png", True), ("webp", False)])
def test_a_grey_profile_is_kept_where_a_file_may_be_grey(tmp_path: Path, written: str, is_kept: bool) -> None:
    """A WebP never is: its colours under a profile of one channel would be shown without any."""
    path = tmp_path / "grey.png"
    Image.new("L", (32, 32), 128).save(path, icc_profile=grey_profile())
    options = EncodeOptions(keep=frozenset({"icc"}), quality=100)
    (result,) = made(path, output("", written, options=options))
    image = Image.open(io.BytesIO(result.data))
    assert (image.info.get("icc_profile") is not None) == is_kept
    shade = image.convert("L").getpixel((9, 9))
    assert shade == (128 if is_kept else pytest.approx(188, abs=2))


def test_several_outputs_decode_once(data: Path) -> None:
    watch = Watch()
    outputs = [output("resize:300"), output("resize:100/sepia", "png"), output("", "webp")]
    results = made(data / "images/kodak/kodim01.png", *outputs, watch=watch)
    assert [codecs.probe(result.data, Limits()).format for result in results] == ["jpeg", "png", "webp"]
    assert watch.names.count("decode") <= 2, "one frame and the end"
    assert watch.names.count("encode") == 3


def test_no_picture_is_encoded_for_json(data: Path) -> None:
    watch = Watch()
    (result,) = made(data / "images/kodak/kodim01.png", output("sharpness", image=False), watch=watch)
    assert result.data == b""
    assert "encode" not in watch.names
    assert set(result.findings()["measures"]) == {"sharpness"}


@pytest.mark.parametrize(("text", "spans"), [("exif", 0), ("exif/sharpness", 1), ("", 1)])
def test_what_the_header_answers_is_not_decoded(data: Path, text: str, spans: int) -> None:
    watch = Watch()
    path = data / "exif/Landscape_6.jpg"
    (result,) = made(path, output(text, image=False), watch=watch)
    assert (watch.names.count("decode") > 0) == bool(spans)
    assert result.size == Size(1800, 1200)
    if "exif" in text:
        (whole,) = made(path, output("exif/sharpness", image=False))
        assert result.findings()["measures"]["exif"] == whole.findings()["measures"]["exif"] != {}


@pytest.mark.parametrize(("written", "frames"), [("gif", 12), ("webp", 12), ("jpeg", 1)])
def test_a_format_that_cannot_move_decodes_one_frame(data: Path, written: str, frames: int) -> None:
    path = data / "formats/image-rs/webp__extended_images__anim.webp"
    expected = codecs.probe(path.read_bytes(), Limits()).frames if frames > 1 else 1
    (result,) = made(path, output("square:32/sharpness", written))
    assert len(result.frames) == expected
    assert codecs.probe(result.data, Limits()).frames == expected
    if expected > 1:
        shown = result.findings()["frames"]
        assert [frame["index"] for frame in shown] == list(range(expected))
        assert "measures" in shown[0]
        assert "measures" not in shown[1]
        assert shown[1]["ms"] > 0


def test_still_and_moving_outputs_of_one_animation(data: Path) -> None:
    path = data / "formats/image-rs/webp__extended_images__anim.webp"
    still, moving = made(path, output("square:32", "jpeg"), output("square:32", "webp"))
    assert (len(still.frames), len(moving.frames)) == (1, codecs.probe(path.read_bytes(), Limits()).frames)


def test_the_profile_is_kept_for_those_who_ask_only(tmp_path: Path) -> None:
    path = tmp_path / "wide.jpg"
    Image.fromarray(made_picture(3)).save(path, icc_profile=rgb_profile())
    keep = EncodeOptions(keep=frozenset({"icc"}))
    kept, dropped = made(path, output("resize:64", options=keep), output("resize:64"))
    assert codecs.probe(kept.data, Limits()).icc == rgb_profile()
    assert codecs.probe(dropped.data, Limits()).icc is None


@pytest.mark.parametrize(
    ("text", "limits", "code"),
    [
        ("watermark:nobody", {}, "unknown_picture"),
        ("denoise", {"work": 0.01}, "too_much_work"),
        ("pad:9000,9000,9000,9000", {}, "bad_size"),
    ],
)
def test_refused_before_decoding(data: Path, text: str, limits: dict[str, float], code: str) -> None:
    watch = Watch()
    changed = msgspec.structs.replace(Limits(), **limits)
    with pytest.raises(DarkroomError) as refused:
        made(data / "images/kodak/kodim01.png", output(text), limits=changed, watch=watch)
    assert refused.value.code == code
    assert "decode" not in watch.names


def test_second_pictures_are_limited_together(data: Path) -> None:
    """Each may be as large as the picture, but not all of them at once."""
    kodim = (data / "images/kodak/kodim01.png").read_bytes()
    limits = Limits(pixels=1_000_000)
    context = Context(limits, Deadline(60), {"a": kodim, "b": kodim, "c": kodim}.__getitem__)
    origin = codecs.probe(kodim, limits)
    two = [output("watermark:a/watermark:b/watermark:a")]
    assert list(process(kodim, origin, two, context))
    with pytest.raises(DarkroomError) as refused:
        list(process(kodim, origin, [output("watermark:a/watermark:b/watermark:c")], context))
    assert refused.value.code == "too_many_pixels"


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("avif", EncodeOptions(effort=10, lossless=True)),
        ("webp", EncodeOptions(effort=10, lossless=True)),
        ("avif", EncodeOptions(max_bytes=1000)),
        ("png", EncodeOptions(effort=10)),
    ],
    ids=str,
)
def test_slow_encoding_counts_as_work(data: Path, written: str, options: EncodeOptions) -> None:
    """A 64-megapixel result in a slow format would outlast any deadline."""
    watch = Watch()
    enlarged = output("resize:9000,7000,fit=fill,enlarge=true", written, options=options)
    with pytest.raises(DarkroomError) as refused:
        made(data / "images/kodak/kodim01.png", enlarged, limits=Limits(work=3, memory=1 << 40), watch=watch)
    assert refused.value.code == "too_much_work"
    assert watch.names == []


@pytest.mark.parametrize(
    ("steps", "least"),
    [("grayscale", 45.0), ("blur:15", 50.0), ("box:9", 50.0), ("resize:400", 45.0)],
)
def test_what_the_first_step_lets_out_is_not_decoded(data: Path, steps: str, least: float) -> None:
    """A shortcut changes next to nothing: `flip/flip` before a step forbids it and gives the long way's result."""
    photo = data / "images" / "photos" / "ovms_people1.jpeg"
    short, long = (
        codecs.decode(result.data, codecs.probe(result.data, Limits()), limits=Limits())
        for text in (steps, f"flip/flip/{steps}")
        for result in made(photo, Output(pipeline=Pipeline.parse(text), format="png"))
    )
    one, other = next(short).pixels, next(long).pixels
    assert one.shape == other.shape
    assert cv2.PSNR(one, other) >= least


def test_grey_and_coloured_results_of_one_picture(data: Path) -> None:
    photo = data / "images" / "photos" / "ovms_people1.jpeg"
    outputs = [Output(name=text, pipeline=Pipeline.parse(text), format="png") for text in ("grayscale", "sepia")]
    assert [codecs.probe(result.data, Limits()).channels for result in made(photo, *outputs)] == [1, 3]

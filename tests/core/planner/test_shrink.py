"""Shrink-on-load: when it fires, and what the result is then."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import DecodeHints
from core.estimate import estimate
from core.imaging.geometry import Placement
from core.limits import Limits
from core.picture import Origin, Size
from core.run import Run
from tests.core.codecs.test_icc import rgb_profile
from tests.core.planner.support import context, fired, jpeg, likeness, made, photo, pixels, planned
from tests.core.test_process import output

CAMERA = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)
SMALL = Origin(format="jpeg", size=Size(640, 480), nbytes=90_000)
COARSE = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000, coarse=4)
WIDE = Origin(format="jpeg", size=Size(1024, 128), nbytes=90_000)
SMALLER = Origin(format="jpeg", size=Size(640, 320), nbytes=90_000)
ODD = Origin(format="jpeg", size=Size(4001, 2999), nbytes=3_000_000)
ODD_TURNED = Origin(format="jpeg", size=Size(2999, 4001), nbytes=3_000_000, orientation=6)


@pytest.mark.parametrize(
    ("text", "origin", "scale"),
    [
        ("resize:2001", CAMERA, 1), ("resize:1000", CAMERA, 2), ("resize:1333", CAMERA, 2), ("resize:1334", CAMERA, 1),
        ("resize:500", CAMERA, 4), ("resize:2000", CAMERA, 2), ("resize:2000,kernel=area", CAMERA, 2),
        ("resize:2000,kernel=cubic", CAMERA, 1), ("resize:2000,kernel=lanczos", CAMERA, 1),
        ("resize:2000,1400,fit=fill", CAMERA, 1), ("resize:2000,1600,fit=fill", CAMERA, 1),
        ("resize:2000/canny", CAMERA, 1), ("square:1500", CAMERA, 2), ("crop:50p,50p/resize:1000", CAMERA, 2),
        ("resize:1999", Origin(format="jpeg", size=Size(3997, 3000), nbytes=3_000_000), 1),
        ("rotate:90/resize:1500", CAMERA, 2),
        ("resize:250", CAMERA, 8), ("resize:20", CAMERA, 8), ("resize:1000,fit=fill,height=1000", CAMERA, 2),
        ("resize:500,500,fit=cover", CAMERA, 4), ("resize:400,400,fit=cover", CAMERA, 4),
        ("resize:500,500,fit=contain", CAMERA, 4), ("square:300", CAMERA, 4),
        ("resize:500,kernel=lanczos", CAMERA, 2), ("resize:500,kernel=area", CAMERA, 4),
        ("resize:500,kernel=nearest", CAMERA, 1),
        ("flip/rotate:90/resize:400", CAMERA, 4), ("rotate:5/resize:400", CAMERA, 1), ("pad:10/resize:400", CAMERA, 1),
        ("crop:2000,2000,x=8,y=16/resize:250", CAMERA, 4), ("crop:2000,2000,x=9,y=16/resize:190", CAMERA, 1),
        ("crop:2000,2000,x=9,y=16/resize:100", CAMERA, 8), ("crop:50p,50p,gravity=smart/resize:100", CAMERA, 1),
        ("blur:5/resize:400", CAMERA, 1), ("resize:500/blur:5/sepia/pad:3", CAMERA, 4),
        ("resize:500/canny", CAMERA, 1),
        ("resize:500/brightness:120", CAMERA, 4), ("resize:500/brightness:300", CAMERA, 1),
        ("resize:250/contrast:150/brightness:150", CAMERA, 1), ("resize:250/contrast:150/brightness:70", CAMERA, 8),
        ("resize:2000/crop:500,500", CAMERA, 1), ("resize:2000/sepia/square", CAMERA, 1),
        ("resize:2000/flip/pad:4", CAMERA, 2), ("resize:50", SMALL, 4), ("resize:134", SMALL, 2),
        ("resize:160", SMALL, 2), ("resize:320", SMALL, 2), ("resize:320", SMALLER, 1),
        ("resize:500", COARSE, 2), ("grayscale/resize:500", COARSE, 4), ("resize:2000", COARSE, 1),
        ("resize:8", WIDE, 4), ("resize:8", SMALL, 8),
        ("resize:500/crop:10,10", CAMERA, 4), ("resize:500/crop:10,10,gravity=smart", CAMERA, 1),
        ("resize:500/sharpness", CAMERA, 1), ("resize:500/detect", CAMERA, 1), ("", CAMERA, 1),
        ("grayscale/resize:500", CAMERA, 4), ("resize:300", ODD, 4), ("resize:500", ODD, 4),
        ("flop/resize:300", ODD, 1),        ("resize:,300", ODD_TURNED, 1),
        ("resize:500", Origin(format="png", size=CAMERA.size, nbytes=9_000_000), 1),
    ],
)  # fmt: skip
def test_when_the_source_is_decoded_smaller(text: str, origin: Origin, scale: int) -> None:
    assert planned(text, origin).scale == scale
    assert ("shrink" in fired(text, origin)) == (scale > 1)


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("size", [(800, 600), (799, 601), (803, 605)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_decoder_gives_the_size_that_is_expected(scale: int, size: tuple[int, int], channels: int) -> None:
    data = jpeg(photo(*size, channels))
    origin = codecs.probe(data, Limits())
    (frame,) = codecs.decode(data, origin, limits=Limits(), hints=DecodeHints(scale=scale))
    assert frame.size == (-(-size[0] // scale), -(-size[1] // scale))
    assert frame.pixels.shape[2] == channels


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_the_same_smaller(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = BytesIO()
    Image.fromarray(photo()).save(buffer, "JPEG", quality=92, exif=exif)
    assert "shrink" in fired("resize:150", codecs.probe(buffer.getvalue(), Limits()))
    whole, smaller = (pixels(made(buffer.getvalue(), "resize:150", rules=rules)[0]) for rules in ((), ("shrink",)))
    assert likeness(whole, smaller) > 38


_SMALL = (
    "resize:150", "resize:100/blur:5", "crop:300,300,x=40,y=24/resize:70", "flop/rotate:90/resize:90", "square:140",
    "resize:90,90,fit=contain,background=f00", "resize:120/grayscale", "grayscale/resize:120", "resize:40/sepia/pad:5",
)  # fmt: skip


@pytest.mark.parametrize("text", _SMALL)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_result_is_as_that_of_the_whole_picture(text: str, channels: int) -> None:
    data = jpeg(photo(channels=channels))
    whole, smaller = (made(data, text, rules=rules)[0] for rules in ((), ("luma", "shrink", "chroma")))
    assert whole.size == smaller.size
    assert likeness(pixels(whole), pixels(smaller)) > 36
    assert planned(text, codecs.probe(data, Limits())).scale > 1


def test_it_is_as_near_to_lanczos_as_the_whole_picture(data: Path) -> None:
    file = (data / "images/photos/IMG_20180725_163423_12MP.jpg").read_bytes()
    best = np.asarray(Image.open(BytesIO(file)).resize((800, 600), Image.Resampling.LANCZOS))[:, :, ::-1]
    whole, smaller = (pixels(made(file, "resize:800", rules=rules)[0]) for rules in ((), ("shrink",)))
    assert similar(smaller, best) >= similar(whole, best) - 0.0005


def similar(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM of the luma (Wang et al. 2004), with Gaussian windows of 1.5 pixels."""
    a, b = (cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_BGR2GRAY).astype(np.float64) for each in (one, other))

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    ma, mb = mean(a), mean(b)
    va, vb, vab = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    shown = (2 * ma * mb + 6.5025) * (2 * vab + 58.5225) / ((ma**2 + mb**2 + 6.5025) * (va + vb + 58.5225))
    return float(shown.mean())


def test_inks_and_profiles_are_converted_after_a_smaller_decoding(tmp_path: Path) -> None:
    image = Image.fromarray(photo()[:, :, ::-1].copy())
    image.save(tmp_path / "wide.jpg", quality=92, icc_profile=rgb_profile(gamma=1.0))
    image.convert("CMYK").save(tmp_path / "inks.jpg", quality=92)
    for name in ("wide.jpg", "inks.jpg"):
        file = (tmp_path / name).read_bytes()
        assert planned("resize:150", codecs.probe(file, Limits())).scale == 2
        whole, smaller = (pixels(made(file, "resize:150", rules=rules)[0]) for rules in ((), ("shrink",)))
        assert likeness(whole, smaller) > 34, name


def test_a_decoder_that_gives_the_whole_picture_is_welcome() -> None:
    data = jpeg(photo())
    origin = codecs.probe(data, Limits())
    steps = planned("flop/crop:400,400/resize:60", origin, ("shrink",)).pipeline
    (whole,) = Run(steps, context()).frames(codecs.decode(data, origin, limits=Limits()))
    (plain,) = made(data, "flop/crop:400,400/resize:60", rules=())
    assert (whole.pixels == pixels(plain)).all()


def test_a_window_off_the_grid_is_placed_within_a_tenth_of_a_pixel() -> None:
    steps = planned("crop:1001,1003,x=7,y=13/resize:50,50", CAMERA)
    assert steps.scale > 1
    box = steps.pipeline.steps[0].filter.function(steps.decoded(CAMERA.size))
    assert isinstance(box, Placement)
    assert abs(box.window.x * steps.scale - 7) <= 0.05 * 20.02
    assert abs((box.window.x + box.window.width) * steps.scale - 1008) <= 0.1 * 20.02


def test_the_estimate_follows() -> None:
    whole, smaller = (estimate([output("resize:500")], CAMERA, context(rules)) for rules in ((), ("shrink",)))
    assert smaller.work < 0.6 * whole.work
    assert smaller.memory < 0.4 * whole.memory


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_damaged_at_any_scale(cut: float) -> None:
    data = jpeg(photo())
    with pytest.raises(codecs.base.DamagedImageError):
        made(data[: int(len(data) * cut)], "resize:90")

"""Some real files before all judges; `make prove-pictures` takes them all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import made_picture
from tests.core.codecs.support import pillow_animation, pillow_file, shift
from tests.core.codecs.tiffs import GREY, HEIGHT, UNSIGNED, WIDTH, Way, tiff
from tests.judges import browser
from tests.judges.browser import Browser
from tests.judges.comparing import judged
from tests.judges.readers import by_opencv, by_pillow, by_tifffile
from tests.judges.verdicts import known

NAMES = [
    "formats/image-rs/gif__anim__any-disposal.gif",
    "formats/image-rs/gif__anim__mixed-disposal.gif",
    "formats/image-rs/gif__anim__border_touching_layers.gif",
    "formats/image-rs/png__apng__ball.png",
    "formats/image-rs/png__apng__wpt__fcTL-dispose-in-region-previous.png",
    "formats/image-rs/webp__extended_images__anim.webp",
    "formats/pngsuite/basn2c16.png",
    "formats/pngsuite/g25n0g16.png",
    "formats/pngsuite/tbwn0g16.png",
    "more/bmp-zune/test-images__bmp__rgb24prof2.bmp",
    "more/bmp-zune/test-images__bmp__rgb32-7187.bmp",
    "more/imagers2/tests__images__bmp__images__V3_A1_R5_G5_B5_Top_Down.bmp",
    "more/avif-libavif/tests__data__abc_color_irot_alpha_NOirot.avif",
    "more/pillow2/Tests__images__apng__blend_op_over.png",
    "more/pillow2/Tests__images__dispose_prev.gif",
]


@pytest.fixture(scope="module")
def seeing() -> Iterator[Browser]:
    with browser.opened() as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_the_browser_shows_what_we_read(name: str, seeing: Browser, data: Path) -> None:
    result = judged((data / name).read_bytes(), seeing)
    assert result.agreed, result.told()


def test_the_judges_can_disagree(seeing: Browser) -> None:
    file = pillow_file("PNG")
    (shown,) = seeing.look(file, "png", 8, 1) or []
    other = seeing.look(pillow_file("PNG", 255 - made_picture(3)), "png", 8, 1) or []
    assert np.abs(shown.grid.astype(int) - other[0].grid).max() > 100
    assert judged(file, seeing).others == {}


def test_every_frame_is_looked_at(seeing: Browser) -> None:
    file = pillow_animation("GIF", shift(made_picture(3), 4), duration=50)
    assert len(seeing.look(file, "gif", 8, 12) or []) == 4
    assert judged(file, seeing).agreed


def test_deep_samples_have_a_judge(seeing: Browser) -> None:
    """Pillow cuts them off; tifffile unpacks them, and the range of their type is theirs."""
    deep = np.linspace(0, 65535, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH, 1)
    result = judged(tiff(deep, GREY, UNSIGNED, Way()), seeing)
    assert result.agreed == "tifffile"
    assert "Pillow" in result.others
    other = judged(tiff(65535 - deep, GREY, UNSIGNED, Way()), seeing)
    assert other.agreed == "tifffile"
    seen = by_tifffile(tiff(deep, GREY, UNSIGNED, Way()))
    assert seen is not None
    assert np.abs(seen[:, :, 0] - deep[:, :, 0] / 257.0).max() <= 1


def test_what_nobody_reads() -> None:
    assert by_opencv(b"no picture") is None
    assert by_pillow(b"no picture") is None
    assert by_tifffile(b"no picture") is None


def test_verdicts_are_found_by_pattern() -> None:
    assert "BT.2390" in known("more/avif-libavif/tests__data__colors_hdr_p3.avif")
    assert not known("formats/pngsuite/basn2c08.png")

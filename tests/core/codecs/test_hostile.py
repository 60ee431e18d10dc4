"""Files that lie, break off or are no pictures: damage and mere untidiness on their right sides."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import DarkroomError
from tests.core.codecs.support import read
from tests.waiting import PATIENCE

READ = "read"

VERDICTS = {
    # A whole picture; what is odd lies beside it.
    "exifr/broken1.jpg": READ,  # odd EXIF
    "exifr/heic-empty.heic": READ,  # empty metadata
    "image-rs/bmp__Bad_clrsUsed.bmp": READ,  # more colours than pixels can name
    "image-rs/bmp__images__lenient__badpalettesize.bmp": READ,  # likewise
    "image-rs/bmp__images__lenient__pal8oversizepal.bmp": READ,  # likewise
    "image-rs/bmp__images__lenient__V5_A8_R8_G8_B8_Rgb_BadMask.bmp": READ,  # masks without need
    "image-rs/bmp__images__lenient__badplanes.bmp": READ,  # another number of planes
    "image-rs/bmp__images__lenient__rgb16-880.bmp": READ,  # masks of 8, 8 and 0 bits
    "image-rs/bmp__images__lenient__rle_overflow.bmp": READ,  # more indices than the row has
    "image-rs/bmp__images__lenient__badrle.bmp": READ,  # runs over the edge
    "image-rs/bmp__images__lenient__rletopdown.bmp": READ,  # RLE, which should be bottom up
    "image-rs/gif__anim__oob.gif": READ,  # a frame larger than the screen
    "image-rs/ico__Bad_smile-incorrect-image-length.ico": READ,  # wrong length in the directory
    "image-rs/png__bugfixes__debug_triangle_corners_widescreen.png": READ,
    "image-rs/png__bugfixes__issue#2026.png": READ,
    "image-rs/png__bugfixes__issue#403.png": READ,
    "image-rs/regression__image__resize-with-alpha-original-half-size.png": READ,
    "image-rs/regression__image__resize-with-alpha-original.png": READ,
    "image-rs/regression__webp__panic.webp": READ,
    "image-rs/regression__tiff__clusterfuzz-testcase-minimized-fuzzer_script_tiff-5026894169374720.tif": READ,
    "image-rs/tiff__testsuite__ycbcr_lzw_broken.tif": READ,
    "image-rs/tiff__TODO hpredict_cmyk.tiff": READ,  # four inks and alpha
    "sharp/Crash_test.gif": READ,
    "sharp/big-height.webp": READ,
    "sharp/pitm.avif": READ,  # the main picture is not the first
    # Broken or cut short.
    "golang/invalid-palette-ref.tiff": "damaged_image",
    "image-rs/bmp__Bad_badbitcount.bmp": "damaged_image",
    "image-rs/bmp__Bad_shortfile.bmp": "damaged_image",
    "image-rs/regression__gif__zero-loop-count.gif": "damaged_image",  # no frame
    "image-rs/regression__ico__oom-0d0085eb7f66ea55d9119206235cd29e089b9140.ico": "damaged_image",
    "image-rs/regression__ico__oom-ff076e7064c13ec1f8e2c5bbbfb7a77a08db2361.ico": "damaged_image",
    "pngsuite/xc1n0g08.png": "damaged_image",  # colour type 1
    "pngsuite/xc9n2c08.png": "damaged_image",  # colour type 9
    "pngsuite/xcsn0g01.png": "damaged_image",  # checksum of the data
    "pngsuite/xd0n2c08.png": "damaged_image",  # depth 0
    "pngsuite/xd3n2c08.png": "damaged_image",  # depth 3
    "pngsuite/xd9n2c08.png": "damaged_image",  # depth 99
    "pngsuite/xdtn0g01.png": "damaged_image",  # no data
    "pngsuite/xhdn0g08.png": "damaged_image",  # checksum of the header
    "sharp/corrupt-header.jpg": "damaged_image",
    "sharp/truncated.jpg": "damaged_image",
    "sharp/truncated.png": "damaged_image",
    # Too large, by what the header says.
    "image-rs/bmp__Bad_height.bmp": "too_many_pixels",
    "image-rs/bmp__Bad_width.bmp": "too_many_pixels",
    "image-rs/bmp__Bad_reallybig.bmp": "too_many_pixels",
    "image-rs/bmp__Bad_unusual_extend_buffer_usage.bmp": "too_many_pixels",
    "image-rs/regression__jpg__oss-fuzz-36829.jpeg": "too_many_pixels",
    "sharp/65536-uint32-limit.png": "too_many_pixels",
    # Nothing that we read.
    "image-rs/regression__ico__crash-981fee302fe0fc543ee48292cc3d6ace7e97e633.ico": "not_an_image",
    "image-rs/regression__tga__bad-color-map.tga": "not_an_image",
    "image-rs/regression__tga__flip-zero-height.tga": "not_an_image",
    "image-rs/regression__tga__flip-zero-height2.tga": "not_an_image",
    "image-rs/regression__tga__orientation-zero-width.tga": "not_an_image",
    "image-rs/regression__tga__overfull-image.tga": "not_an_image",
    "image-rs/regression__tga__sixteen-bit-gray-colormap.tga": "not_an_image",
    "image-rs/regression__tga__sixteen-bit-gray-colormap2.tga": "not_an_image",
    "image-rs/regression__tga__slice-copy-length.tga": "not_an_image",
    "models/coral_invalid_models__model_invoking_error.tflite": "not_an_image",
    "models/ir-v4-too-old/semantic-segmentation-adas-0001.xml": "not_an_image",
    "pngsuite/xcrn0g04.png": "not_an_image",  # line ends changed in transfer
    "pngsuite/xlfn0g04.png": "not_an_image",  # likewise
    "pngsuite/xs1n0g01.png": "not_an_image",  # broken signature
    "pngsuite/xs2n0g01.png": "not_an_image",
    "pngsuite/xs4n0g01.png": "not_an_image",
    "pngsuite/xs7n0g01.png": "not_an_image",
    "sharp/struct-image-04-t.svg": "not_an_image",
}


def verdict(file: bytes) -> str:
    try:
        return READ if read(file) else "no frame"
    except DarkroomError as error:
        assert 400 <= error.status < 500
        return error.code


def test_the_table_is_whole(data: Path) -> None:
    folder = data / "hostile"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == set(VERDICTS)


@pytest.mark.parametrize(("name", "expected"), VERDICTS.items(), ids=VERDICTS.keys())
def test_verdict(name: str, expected: str, data: Path) -> None:
    assert verdict((data / "hostile" / name).read_bytes()) == expected


_ALL_OF_THEM = """
import json, sys, time
from pathlib import Path
from tests.core.codecs.test_hostile import verdict
slowest = 0.0
for name in json.loads(sys.argv[2]):
    before = time.process_time()
    verdict((Path(sys.argv[1]) / name).read_bytes())
    slowest = max(slowest, time.process_time() - before)
peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
print(json.dumps([int(peak), slowest]))
"""
"""The peak is not taken from getrusage: there a child inherits its parent's."""


def test_none_takes_a_gibibyte_or_ten_seconds(data: Path, root: Path) -> None:
    command = [sys.executable, "-c", _ALL_OF_THEM, str(data / "hostile"), json.dumps(list(VERDICTS))]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=PATIENCE)
    peak, slowest = json.loads(run.stdout)
    assert peak < 1024 * 1024
    assert slowest < 10

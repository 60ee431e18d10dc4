#!/usr/bin/env bash
# Expected: TIFF 6.0, section 14 (Differencing Predictor): with Predictor = 2 the decompressed samples are differences
# and have to be summed along each row. purepix says that it reads LZW and Deflate TIFFs of 8 bits.
# Instead: purepix 0.3.1 never looks at the tag and hands out the differences as if they were the picture, without an
# error: a smooth ramp becomes nearly black.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0 purepix==0.3.1

venv/bin/python - <<'PYTHON'
import purepix
from PIL import Image

ramp = Image.new("L", (64, 4))
ramp.putdata([x * 4 for _ in range(4) for x in range(64)])
rows = {}
for predictor in (1, 2):
    path = f"predictor{predictor}.tif"
    ramp.save(path, compression="tiff_lzw", tiffinfo={317: predictor})
    with Image.open(path) as picture:
        assert list(picture.tobytes()) == list(ramp.tobytes())
    purepix.save(purepix.open(path), "out.png")
    with Image.open("out.png") as picture:
        rows[predictor] = [picture.convert("L").getpixel((x, 0)) for x in (0, 1, 2, 31, 63)]
print(f"purepix 0.3.1 at x = 0, 1, 2, 31, 63: predictor 1 {rows[1]}, predictor 2 {rows[2]}")
assert rows[1] == [0, 4, 8, 124, 252]
assert rows[2] == [0, 4, 4, 4, 4]
PYTHON

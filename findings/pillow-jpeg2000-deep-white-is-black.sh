#!/usr/bin/env bash
# Expected: a JPEG 2000 of three components of 10, 12 or 16 bits whose samples are the greatest number is white (ITU-T
# T.800, A.5.1: Ssiz is the depth), so 255 in the eight bits to which Pillow reduces colour.
# Instead: Pillow 13.0.0 rounds the sample before it keeps the low byte: the greatest number becomes 256, and so 0. White
# and everything within half a step of it comes out black; grey is right, and imagecodecs reads all of them right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6

venv/bin/python - <<'PYTHON'
import io

import imagecodecs
import numpy as np
from PIL import Image

wrong = []
for bits in (8, 10, 12, 16):
    most = (1 << bits) - 1
    samples = np.full((8, 8, 3), most, np.uint8 if bits == 8 else np.uint16)
    file = imagecodecs.jpeg2k_encode(samples, codecformat="j2k", bitspersample=bits, reversible=True)
    assert int(imagecodecs.jpeg2k_decode(file).min()) == most
    with Image.open(io.BytesIO(file)) as picture:
        seen = picture.convert("RGB").getpixel((4, 4))
    print(f"{bits} bits, white: Pillow 13.0.0 {seen}, rightly (255, 255, 255)")
    wrong += [bits] if seen == (0, 0, 0) else []
assert wrong == [10, 12, 16]
PYTHON

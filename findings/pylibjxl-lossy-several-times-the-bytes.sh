#!/usr/bin/env bash
# Expected: pylibjxl and imagecodecs both hand pixels to libjxl, and libjxl's distance and effort mean the same for
# everybody (jxl/encode.h, JxlEncoderSetFrameDistance: 1.0 is visually lossless), so files of one distance and effort
# are about as long.
# Instead: a lossy file of pylibjxl 0.5.0 has several times the bytes of one of imagecodecs 2026.3.6 at distance 1 and
# effort 7, though it is hardly nearer to the picture: it keeps the colour space of the pixels, where libjxl's way with
# losses is XYB (uses_original_profile is to be false for it: jxl/codestream_header.h).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pylibjxl==0.5.0 imagecodecs==2026.3.6 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import imagecodecs
import numpy as np
import pylibjxl

rows, columns = np.mgrid[:512, :512]
waves = np.dstack([np.sin(columns / 37 + rows / 91), np.cos(rows / 23), np.sin((columns + rows) / 53)])
noise = np.random.default_rng(1).normal(0, 6, waves.shape)
picture = np.clip(127 + 80 * waves + noise, 0, 255).astype(np.uint8)

one = bytes(pylibjxl.encode(picture, effort=7, distance=1.0))
other = bytes(imagecodecs.jpegxl_encode(picture, effort=7, distance=1.0))
for name, file in (("pylibjxl 0.5.0", one), ("imagecodecs 2026.3.6", other)):
    error = np.abs(imagecodecs.jpegxl_decode(file).astype(int) - picture).mean()
    print(f"{name}: {len(file)} bytes, mean error {error:.2f} levels")
print(f"ratio {len(one) / len(other):.2f}, rightly about 1")
assert len(one) > 2 * len(other)
PYTHON

#!/usr/bin/env bash
# Expected: a JPEG of which half is missing cannot be decoded whole, and a decoder that returns an array says so, as
# simplejpeg does with an error (ITU-T T.81, B.2.1: a compressed image ends with EOI).
# Instead: imagecodecs 2026.3.6 returns an array of the full size and no word: jpeg8_decode turns libjpeg's warning
# about the premature end into nothing, and the rows that are missing are one flat colour. The same for its lossless and
# 12-bit files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check imagecodecs==2026.3.6 simplejpeg==1.9.0 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import imagecodecs
import numpy as np
import simplejpeg

picture = np.random.default_rng(1).integers(0, 256, (64, 96, 3)).astype(np.uint8)
deep = picture.astype(np.uint16) * 16
files = {
    "8 bits": imagecodecs.jpeg8_encode(picture, level=90),
    "12 bits": imagecodecs.jpeg8_encode(deep, level=90, bitspersample=12),
    "lossless": imagecodecs.jpeg8_encode(picture, lossless=True),
}
for name, file in files.items():
    cut = imagecodecs.jpeg8_decode(bytes(file)[: len(file) // 2])
    rows = cut.reshape(64, -1)
    flat = int((rows == rows[-1]).all(axis=1).sum())
    print(f"{name}: {len(file) // 2} of {len(file)} bytes give {cut.shape} without an error; {flat} rows at the end are alike")
    assert cut.shape == picture.shape
    assert flat >= 16
try:
    simplejpeg.decode_jpeg(bytes(files["8 bits"])[: len(files["8 bits"]) // 2])
except ValueError as error:
    print(f"simplejpeg 1.9.0: {error}")
else:
    raise SystemExit("simplejpeg no longer refuses it")
PYTHON

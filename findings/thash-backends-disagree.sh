#!/usr/bin/env bash
# Expected: the description of thash 1.2.1 promises that its NumPy backend (the default where NumPy is installed)
# gives output byte-identical to the pure Python one, so a ThumbHash can serve as a key on every machine.
# Instead: for a plain grey ramp (an opaque gradient, most of whose coefficients are zero but for rounding) float32 and
# float64 quantise to different bytes. Installing NumPy changes the hash of an unchanged picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check thash==1.2.1 numpy==2.4.6 pillow==13.0.0

venv/bin/python - <<'PYTHON'
from PIL import Image
from thash import encode

differ, example = 0, None
widths = range(20, 100, 4)
for width in widths:
    ramp = Image.new("L", (width, 1))
    ramp.putdata([x * 255 // (width - 1) for x in range(width)])
    picture = ramp.resize((width, 44), Image.Resampling.NEAREST).convert("RGBA")
    hashes = [bytes(encode(picture, backend=backend)).hex() for backend in ("pure", "numpy")]
    if hashes[0] != hashes[1]:
        differ, example = differ + 1, hashes
print(f"thash 1.2.1: backends differ on {differ} of {len(widths)} ramps, for example {example}")
assert differ > 0
PYTHON

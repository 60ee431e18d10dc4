#!/usr/bin/env bash
# Expected: in ITU-T T.81 (B.2.1) every restart interval of a scan holds Ri MCUs but the last, which holds what is left.
# That goes for progressive JPEGs too, and jpeg-js reads them, and restart markers.
# Instead: jpeg-js 0.4.4 throws on a progressive 4:2:0 JPEG of 40 x 40 with an interval of 2, where 25 blocks of luma
# leave one for the last interval. At 64 x 48 (48 blocks) the same options are read, and so is 40 x 40 with either
# option alone. Pillow 13.0.0 (libjpeg-turbo) writes and reads all four.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jpeg-js@0.4.4

venv/bin/python - <<'PYTHON'
from PIL import Image

progressive, restarts = {"progressive": True}, {"restart_marker_blocks": 2}
for name, size, options in (
    ("restarts", (40, 40), restarts),
    ("progressive", (40, 40), progressive),
    ("even", (64, 48), progressive | restarts),
    ("odd", (40, 40), progressive | restarts),
):
    ramp = Image.linear_gradient("L").resize(size)
    picture = Image.merge("RGB", (ramp, ramp.rotate(180), ramp))
    picture.save(f"{name}.jpg", quality=90, subsampling=2, **options)
    with Image.open(f"{name}.jpg") as again:
        again.load()
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const jpeg = require('jpeg-js');
const read = (name) => {
  try { return `${jpeg.decode(fs.readFileSync(`${name}.jpg`)).width} wide`; } catch (error) { return error.message; }
};
const seen = ['restarts', 'progressive', 'even', 'odd'].map(read);
console.log(`jpeg-js 0.4.4: restarts: ${seen[0]}; progressive: ${seen[1]}; both at 64 x 48: ${seen[2]}; both at 40 x 40: ${seen[3]}`);
process.exit(seen.slice(0, 3).join() === '40 wide,40 wide,64 wide' && !seen[3].includes('wide') ? 0 : 1);
NODE
node probe.cjs

#!/usr/bin/env bash
# Expected: Floyd and Steinberg's algorithm, which floyd-steinberg names and follows, hands the whole error of a pixel to
# its neighbours, in sixteenths (7 + 3 + 5 + 1), so that black and white dots keep the mean of the grey they stand for.
# Instead: floyd-steinberg 1.0.6 divides the error by 23: three tenths of it are lost. A flat light grey (230) becomes
# pure white, a flat dark one (40) pure black, a quarter grey a twelfth. Pillow keeps all within two levels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund floyd-steinberg@1.0.6

venv/bin/python - <<'PYTHON'
from PIL import Image, ImageStat

for grey in (40, 64, 128, 192, 230):
    mean = ImageStat.Stat(Image.new("L", (128, 128), grey).convert("1").convert("L")).mean[0]
    print(f"Pillow 13.0.0: flat {grey}, mean of the dots {mean:.1f}")
    assert abs(mean - grey) < 2
PYTHON

cat > probe.cjs <<'NODE'
const dither = require('floyd-steinberg');
const mean = (grey) => {
  const data = new Uint8ClampedArray(128 * 128 * 4).fill(grey);
  dither({ width: 128, height: 128, data });
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i];
  return sum / (128 * 128);
};
const seen = [40, 64, 128, 192, 230].map(mean);
console.log(`floyd-steinberg 1.0.6: flat 40, 64, 128, 192, 230, means of the dots ${seen.map((m) => m.toFixed(1))}`);
process.exit(seen[0] === 0 && seen[1] < 32 && seen[4] === 255 ? 0 : 1);
NODE
node probe.cjs

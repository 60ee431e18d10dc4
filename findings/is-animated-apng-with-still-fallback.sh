#!/usr/bin/env bash
# Expected: is-animated says true for every APNG. The PNG specification, third edition (section 11.3.6, acTL and fcTL),
# lets the default image (IDAT) stay outside the animation: then no fcTL stands before IDAT.
# Instead: is-animated 3.0.0 demands an fcTL right before the first IDAT and says false for an APNG that carries a
# still fallback, as Pillow 13.0.0 writes with default_image=True. is-apng 1.2.0 says true for the same bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund is-animated@3.0.0 is-apng@1.2.0

venv/bin/python - <<'PYTHON'
from PIL import Image

frames = [Image.new("RGB", (30, 20), (60 * i, 40, 90)) for i in range(4)]
for name, fallback in (("plain.png", False), ("fallback.png", True)):
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=100, default_image=fallback)
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const load = (name) => { const loaded = require(name); return loaded.default || loaded; };
const isAnimated = load('is-animated');
const isApng = load('is-apng');
const plain = fs.readFileSync('plain.png');
const fallback = fs.readFileSync('fallback.png');
const seen = [isAnimated(plain), isAnimated(fallback), isApng(new Uint8Array(plain)), isApng(new Uint8Array(fallback))];
console.log(`plain and with a still fallback: is-animated 3.0.0 ${seen[0]}, ${seen[1]}; is-apng 1.2.0 ${seen[2]}, ${seen[3]}`);
process.exit(seen.join() === 'true,false,true,true' ? 0 : 1);
NODE
node probe.cjs

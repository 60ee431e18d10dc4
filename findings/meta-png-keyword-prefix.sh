#!/usr/bin/env bash
# Expected: in a PNG's tEXt chunk the keyword ends at the null byte (PNG specification, tEXt),
# so getMetadata(png, 'Author') finds the chunk whose keyword is Author and no other.
# Instead: meta-png 1.0.6 compares only as many letters as the keyword asked for has: the first chunk whose keyword begins so
# is taken, and the value handed out is a piece of that chunk, from the middle of its keyword on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund meta-png@1.0.6

venv/bin/python - <<'PYTHON'
from PIL import Image, PngImagePlugin

info = PngImagePlugin.PngInfo()
for keyword, text in (("Author page", "https://painter.test/"), ("Author", "A. Painter")):
    info.add_text(keyword, text)
Image.new("L", (4, 4)).save("signed.png", pnginfo=info)
with Image.open("signed.png") as picture:
    print(f"Pillow 13.0.0: {picture.text}")
    assert picture.text["Author"] == "A. Painter"
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const { getMetadata } = require('meta-png');
const seen = JSON.stringify(getMetadata(new Uint8Array(fs.readFileSync('signed.png')), 'Author'));
console.log(`meta-png 1.0.6, getMetadata(png, 'Author'): ${seen}`);
process.exit(seen === JSON.stringify('page\0https://painter.test/') ? 0 : 1);
NODE
node probe.cjs

#!/usr/bin/env bash
# Expected: JsBarcode's CODE128 writes ASCII and refuses what it cannot write, as it does with "Café".
# Instead: JsBarcode 3.12.3 uses the characters U+00C8 to U+00D3 for Code 128's own controls and takes them from the text, too:
# where "CAFÉ" was written, "CAF" stands below the bars and zxing-cpp 3.1.1 reads "CAF"; of "PIÈCE" it reads "PI", DEL, "CE".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jsbarcode@3.12.3
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check zxing-cpp==3.1.1 numpy==2.4.6

cat > write.cjs <<'NODE'
const { writeFileSync } = require('node:fs');
const JsBarcode = require('jsbarcode');
const written = ['CAFE', 'CAFÉ', 'PIÈCE', 'Café'].map((text) => {
  const drawn = {};
  try {
    JsBarcode(drawn, text, { format: 'CODE128' });
  } catch {
    return [text, null, null];
  }
  return [text, drawn.encodings[0].text, drawn.encodings.map(({ data }) => data).join('')];
});
writeFileSync('written.json', JSON.stringify(written));
NODE
node write.cjs

venv/bin/python - <<'PYTHON'
import json

import numpy
import zxingcpp

read = {}
with open("written.json", encoding="utf-8") as file:
    for text, below, bars in json.load(file):
        if bars is None:
            read[text] = "refused"
            continue
        row = numpy.array([0 if bar == "1" else 255 for bar in bars], "u1").repeat(3)
        picture = numpy.pad(numpy.tile(row, (60, 1)), 60, constant_values=255)
        read[text] = below, "".join(code.bytes.decode("latin-1") for code in zxingcpp.read_barcodes(picture))
print(f"JsBarcode 3.12.3, text below and what zxing-cpp 3.1.1 reads: {read}")
assert read == {"CAFE": ("CAFE", "CAFE"), "CAFÉ": ("CAF", "CAF"), "PIÈCE": ("PICE", "PI\x7fCE"), "Café": "refused"}
PYTHON

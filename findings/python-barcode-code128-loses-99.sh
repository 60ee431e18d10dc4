#!/usr/bin/env bash
# Expected: a Code 128 of a text reads back as that text.
# Instead: python-barcode 0.16.1 loses 99 at the beginning of a number: in the character set of pairs of digits, 99 is
# the value that elsewhere changes the character set, and an optimisation takes it for such a change without need.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check python-barcode==0.16.1 zxing-cpp==3.1.1 numpy==2.4.6

venv/bin/python - <<'PYTHON'
import barcode
import numpy as np
import zxingcpp


def read_back(text):
    (bars,) = barcode.get("code128", text).build()
    row = np.pad([0 if bar == "1" else 255 for bar in bars], 20, constant_values=255).astype(np.uint8)
    return [found.text for found in zxingcpp.read_barcodes(np.repeat(np.tile(row, (60, 1)), 3, axis=1))]


seen = {text: read_back(text) for text in ("981234", "991234", "9912-A", "129934")}
print(f"python-barcode 0.16.1, as zxing-cpp 3.1.1 reads it: {seen}")
assert seen == {"981234": ["981234"], "991234": ["1234"], "9912-A": ["12-A"], "129934": ["129934"]}
PYTHON

#!/usr/bin/env bash
# Expected: an ISBN-10 and an ISSN are drawn as EAN-13, behind 978 and 977, as python-barcode's documentation says.
# Instead: python-barcode 0.16.1 cuts the EAN at the length of the bare number: the ISBN's has ten digits, the ISSN's
# eight, which no reader takes. The same book as an ISBN-13 reads back.
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

seen = {}
for kind, number in (("isbn13", "9780306406157"), ("isbn10", "0306406152"), ("issn", "03785955")):
    code = barcode.get(kind, number)
    (bars,) = code.build()
    row = np.pad([0 if bar == "1" else 255 for bar in bars], 20, constant_values=255).astype(np.uint8)
    found = zxingcpp.read_barcodes(np.repeat(np.tile(row, (60, 1)), 3, axis=1))
    seen[kind] = code.get_fullcode(), len(bars), [each.text for each in found]
    print(f"python-barcode 0.16.1, {kind} {number}: digits {seen[kind][0]}, modules {seen[kind][1]}, read {seen[kind][2]}")
assert seen["isbn13"] == ("9780306406157", 95, ["9780306406157"])
assert seen["isbn10"] == ("9780306401", 74, []) and seen["issn"] == ("97703785", 60, [])
PYTHON

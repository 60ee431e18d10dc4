#!/usr/bin/env bash
# Expected: a Codabar begins and ends with one of A, B, C and D and reads back with the same letters.
# Instead: barcoders 2.0.0 (Rust) has the bars of B and C exchanged, and its plus sign has two bars too many: a Codabar
# with one cannot be read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check zxing-cpp==3.1.1 numpy==2.4.6
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
barcoders = "=2.0.0"
TOML
cat > src/main.rs <<'RUST'
use barcoders::sym::codabar::Codabar;

fn main() {
    for text in ["A1234D", "A1-2.3:4/5$6D", "B1234B", "C1234C", "A12+34D"] {
        let bars: String = Codabar::new(text).unwrap().encode().iter().map(u8::to_string).collect();
        println!("{text} {bars}");
    }
}
RUST
cargo run --quiet > bars.txt

venv/bin/python - <<'PYTHON'
from pathlib import Path

import numpy as np
import zxingcpp

seen = {}
for line in Path("bars.txt").read_text().splitlines():
    text, bars = line.split()
    row = np.pad([0 if bar == "1" else 255 for bar in bars], 20, constant_values=255).astype(np.uint8)
    found = zxingcpp.read_barcodes(np.repeat(np.tile(row, (60, 1)), 3, axis=1))
    seen[text] = [each.text for each in found]
print(f"barcoders 2.0.0, as zxing-cpp 3.1.1 reads it: {seen}")
assert seen == {
    "A1234D": ["A1234D"],
    "A1-2.3:4/5$6D": ["A1-2.3:4/5$6D"],
    "B1234B": ["C1234C"],
    "C1234C": ["B1234B"],
    "A12+34D": [],
}
PYTHON

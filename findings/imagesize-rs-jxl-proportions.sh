#!/usr/bin/env bash
# Expected: a JPEG XL header may give the height and a proportion; the width is the height times its numerator, divided
# by its denominator, rounded down (ISO/IEC 18181-1, SizeHeader): 100 x 4 / 3 = 133.
# Instead: imagesize 0.15.0 (Rust) divides first and loses the rest: 133 x 100 is told as 132 x 100, 177 x 100 as 176 x
# 100.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check imagecodecs==2026.3.6
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
imagesize = "=0.15.0"
TOML
cat > src/main.rs <<'RUST'
fn main() {
    for (width, height) in [(133, 100), (177, 100), (60, 50), (134, 100)] {
        let seen = imagesize::size(format!("{width}x{height}.jxl")).unwrap();
        println!("{width} {height} {} {}", seen.width, seen.height);
    }
}
RUST

venv/bin/python - <<'PYTHON'
from pathlib import Path

import imagecodecs
import numpy as np

for width, height in ((133, 100), (177, 100), (60, 50), (134, 100)):
    file = imagecodecs.jpegxl_encode(np.zeros((height, width, 3), np.uint8), lossless=True)
    assert imagecodecs.jpegxl_decode(file).shape == (height, width, 3)
    Path(f"{width}x{height}.jxl").write_bytes(file)
PYTHON
cargo run --quiet > seen.txt
sed -E 's/(.*) (.*) (.*) (.*)/\1 x \2: imagesize 0.15.0 \3 x \4/' seen.txt
diff seen.txt - <<'TEXT'
133 100 132 100
177 100 176 100
60 50 60 50
134 100 134 100
TEXT

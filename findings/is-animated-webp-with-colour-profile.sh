#!/usr/bin/env bash
# Expected: is-animated says true for every animated WebP. RFC 9649, section 2.7 (Extended File Format), places an
# optional ICCP chunk between VP8X and ANIM, so a reader has to walk the chunks to find ANIM.
# Instead: is-animated 3.0.0 looks for ANIM at byte 30 only. As soon as Pillow 13.0.0 writes the same animation with a
# colour profile, the answer turns to false, and a pipeline that trusts it flattens the animation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund is-animated@3.0.0

venv/bin/python - <<'PYTHON'
from PIL import Image, ImageCms

frames = [Image.new("RGB", (30, 20), (80 * i, 40, 90)) for i in range(3)]
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
for name, extra in (("plain.webp", {}), ("profile.webp", {"icc_profile": profile})):
    frames[0].save(name, save_all=True, append_images=frames[1:], duration=100, lossless=True, **extra)
    with Image.open(name) as picture:
        assert picture.n_frames == 3, picture.n_frames
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const loaded = require('is-animated');
const isAnimated = loaded.default || loaded;
const [plain, profile] = ['plain.webp', 'profile.webp'].map((name) => isAnimated(fs.readFileSync(name)));
console.log(`is-animated 3.0.0, three frames each: without profile ${plain}, with profile ${profile}`);
process.exit(plain === true && profile === false ? 0 : 1);
NODE
node probe.cjs

#!/usr/bin/env bash
# Expected: Cloudinary's guide to transformation flags: several flags are set by separating them with a dot, as in
# fl_lossy.progressive; a colon brings a flag's own argument, as in fl_progressive:steep.
# Instead: cloudinary-build-url 0.2.4 joins its list of flags with colons: fl_lossy:progressive is one flag, lossy, with an
# argument that it does not have. The service's own Python package, cloudinary 1.46.3, writes the dot for the same list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check cloudinary==1.46.3
npm init -y >/dev/null
npm install --silent --no-audit --no-fund cloudinary-build-url@0.2.4

venv/bin/python - <<'PYTHON'
from cloudinary import CloudinaryImage

url = CloudinaryImage("harbour").build_url(cloud_name="demo", flags=["lossy", "progressive"])
print(f"cloudinary 1.46.3             {url.split('/upload/')[1]}")
assert "fl_lossy.progressive" in url
PYTHON

cat > probe.cjs <<'NODE'
const { buildUrl } = require('cloudinary-build-url');
const url = buildUrl('harbour', { cloud: { cloudName: 'demo' }, transformations: { flags: ['lossy', 'progressive'] } });
console.log(`cloudinary-build-url 0.2.4    ${url.split('/upload/')[1]}`);
process.exit(url.includes('fl_lossy:progressive') ? 0 : 1);
NODE
node probe.cjs

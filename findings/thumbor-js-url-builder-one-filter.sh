#!/usr/bin/env bash
# Expected: thumbor's URLs take a chain, filters:quality(80):blur(2). The comment above filter() in
# thumbor-js-url-builder says that it appends a filter, and the call can be chained like the others.
# Instead: in 2.2.0 every call replaces the one before, so only the last filter is in the URL, signed and valid.
# libthumbor 2.0.2 and thumbor-url-builder 0.1.1, given the same options, agree with each other on both filters.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check libthumbor==2.0.2
npm init -y >/dev/null
npm install --silent --no-audit --no-fund thumbor-js-url-builder@2.2.0 thumbor-url-builder@0.1.1

venv/bin/python - > python.txt <<'PYTHON'
from libthumbor import CryptoURL

options = {"width": 300, "height": 200, "filters": ["quality(80)", "blur(2)"]}
print(CryptoURL(key="key").generate(image_url="a/b.jpg", **options), end="")
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const load = (name) => { const loaded = require(name); return loaded.default || loaded; };
const build = (Builder) => new Builder('key', 'http://t').setImagePath('a/b.jpg').resize(300, 200)
  .filter('quality(80)').filter('blur(2)').buildUrl().replace('http://t', '');
const python = fs.readFileSync('python.txt', 'utf8');
const [older, probed] = [build(load('thumbor-url-builder')), build(load('thumbor-js-url-builder'))];
console.log(`libthumbor 2.0.2             ${python}`);
console.log(`thumbor-url-builder 0.1.1    ${older}`);
console.log(`thumbor-js-url-builder 2.2.0 ${probed}`);
process.exit(older === python && probed.endsWith('/300x200/filters:blur(2)/a/b.jpg') ? 0 : 1);
NODE
node probe.cjs

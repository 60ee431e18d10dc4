#!/usr/bin/env bash
# Expected: RFC 2397: what stands between "data:" and the comma is the media type and its parameters, so the type of
# "data:image/svg+xml,…" is image/svg+xml; parse-data-uri hands it out as mimeType.
# Instead: parse-data-uri 0.2.0 looks for the type before a semicolon only: without one, as tools that inline SVG write it, mimeType
# is "data:". The content comes out right. data-urls 5.0.0 tells the type of both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund parse-data-uri@0.2.0 data-urls@5.0.0

cat > probe.cjs <<'NODE'
const parseDataURL = require('data-urls');
const parseDataUri = require('parse-data-uri');
const seen = ['data:image/svg+xml;charset=utf-8,%3Csvg/%3E', 'data:image/svg+xml,%3Csvg/%3E'].map((address) => {
  const { mimeType, data } = parseDataUri(address);
  const other = parseDataURL(address).mimeType.essence;
  console.log(`${address}: parse-data-uri 0.2.0 "${mimeType}" (${data}), data-urls 5.0.0 "${other}"`);
  return [mimeType, data, other].join();
});
process.exit(seen.join(' ') === 'image/svg+xml,<svg/>,image/svg+xml data:,<svg/>,image/svg+xml' ? 0 : 1);
NODE
node probe.cjs

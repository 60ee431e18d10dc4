#!/usr/bin/env bash
# Expected: RFC 2397: without ";base64" the data are bytes, those outside ASCII written as %XX; strong-data-uri hands them out as a
# Buffer. "%E2%82%AC" is three bytes, the euro sign in UTF-8, which the address names.
# Instead: strong-data-uri 1.0.6 decodes them as UTF-8 and keeps the low byte of each character: one byte, 0xac, that no charset
# turns back. Bytes that are no UTF-8 raise "URI malformed". With ";base64" all three come out; data-urls 5.0.0 hands out three
# for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund strong-data-uri@1.0.6 data-urls@5.0.0

cat > probe.cjs <<'NODE'
const parseDataURL = require('data-urls');
const { decode } = require('strong-data-uri');
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const seen = ['data:text/plain;charset=utf-8;base64,4oKs', 'data:text/plain;charset=utf-8,%E2%82%AC'].map((address) => {
  const [theirs, others] = [hex(decode(address)), hex(parseDataURL(address).body)];
  console.log(`${address}: strong-data-uri 1.0.6 ${theirs}, data-urls 5.0.0 ${others}`);
  return [theirs, others].join();
});
process.exit(seen.join(' ') === 'e282ac,e282ac ac,e282ac' ? 0 : 1);
NODE
node probe.cjs

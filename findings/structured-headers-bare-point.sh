#!/usr/bin/env bash
# Expected: RFC 9651, 4.1.5: a decimal is rounded to three digits behind the point, half to even, and written with at least one:
# 1.9995 is "2.0", 0.0025 is "0.002". A parser has to refuse a point without a digit behind it (4.2.4).
# Instead: structured-headers 2.1.0 writes "2." wherever rounding leaves nothing behind the point, and "0." for anything below
# 0.0005: fields that its own parser refuses. Half goes up. @svta/cml-structured-field-values 1.1.6 writes both right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund structured-headers@2.1.0 @svta/cml-structured-field-values@1.1.6

cat > probe.mjs <<'NODE'
import { encodeSfItem } from '@svta/cml-structured-field-values';
import { parseItem, serializeItem } from 'structured-headers';

const own = (text) => {
  try {
    return String(parseItem(text)[0]);
  } catch {
    return 'refused';
  }
};
const seen = [1.5, 0.0025, 1.9995, 0.0001].map((value) => {
  const [theirs, others] = [serializeItem(value), encodeSfItem(value)];
  console.log(`${value}: structured-headers 2.1.0 "${theirs}" (its parser: ${own(theirs)}), @svta 1.1.6 "${others}"`);
  return [theirs, own(theirs), others].join();
});
process.exit(seen.join(' ') === '1.5,1.5,1.5 0.003,0.003,0.002 2.,refused,2.0 0.,refused,0.0' ? 0 : 1);
NODE
node probe.mjs

#!/usr/bin/env bash
# Expected: RFC 9110, 12.4.2: white space may stand on both sides of the semicolon before a weight, so "en; q=0.3, fr" is
# "en;q=0.3,fr", and whoever sends it would rather read French.
# Instead: accept-language-parser 1.5.0 reads no weight behind a space: English counts 1, a language named "q" appears, and
# pick() takes English. negotiator 1.1.0 takes French in each spelling.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund accept-language-parser@1.5.0 negotiator@1.1.0

cat > probe.cjs <<'NODE'
const { parse, pick } = require('accept-language-parser');
const Negotiator = require('negotiator');
const languages = ['en', 'fr'];
const seen = ['en;q=0.3,fr', 'en; q=0.3, fr', 'en ;q=0.3, fr'].map((header) => {
  const read = parse(header).map(({ code, quality }) => `${code} ${quality}`);
  const theirs = pick(languages, header);
  const others = new Negotiator({ headers: { 'accept-language': header } }).language(languages);
  console.log(`"${header}": accept-language-parser 1.5.0 reads ${read} and picks ${theirs}, negotiator 1.1.0 ${others}`);
  return [theirs, others, read.length].join();
});
process.exit(seen.join(' ') === 'fr,fr,2 en,fr,3 en,fr,3' ? 0 : 1);
NODE
node probe.cjs

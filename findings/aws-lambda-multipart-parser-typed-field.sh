#!/usr/bin/env bash
# Expected: a part of multipart/form-data may say its own Content-Type (RFC 7578, section 4.4), a field that holds JSON
# for example; its value is what follows the empty line after the headers (RFC 2046, section 5.1).
# Instead: aws-lambda-multipart-parser 0.1.3 takes all that stands after the name: the value begins with the rest of
# the header, less its first two letters. The parser of Python's own email package reads the same body right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund aws-lambda-multipart-parser@0.1.3

python3 - <<'PYTHON'
from email import message_from_bytes, policy
from pathlib import Path

lines = [
    "--edge", 'Content-Disposition: form-data; name="options"', "Content-Type: application/json", "", '{"width": 300}',
    "--edge", 'Content-Disposition: form-data; name="title"', "", "Harbour", "--edge--", "",
]
body = "\r\n".join(lines).encode()
Path("body").write_bytes(body)
message = message_from_bytes(b"Content-Type: multipart/form-data; boundary=edge\r\n\r\n" + body, policy=policy.HTTP)
values = [part.get_payload(decode=True) for part in message.iter_parts()]
print(f"Python's email package: {values}")
assert values == [b'{"width": 300}', b"Harbour"]
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const parser = require('aws-lambda-multipart-parser');
const headers = { 'Content-Type': 'multipart/form-data; boundary=edge' };
const seen = parser.parse({ headers, body: fs.readFileSync('body', 'latin1') });
console.log(`aws-lambda-multipart-parser 0.1.3: ${JSON.stringify([seen.options, seen.title])}`);
process.exit(seen.title === 'Harbour' && seen.options === 'ntent-Type: application/json\r\n\r\n{"width": 300}' ? 0 : 1);
NODE
node probe.cjs

#!/usr/bin/env bash
# Expected: in binary mode the attributes of a CloudEvent are HTTP headers, in which a space and every character outside
# of printable ASCII is percent-coded by who sends and decoded by who receives (HTTP binding 1.0.2, 3.1.3.2): the
# subject "Grüße 1.jpg" is "Gr%C3%BC%C3%9Fe%201.jpg" on the wire.
# Instead: cloudevents 10.0.0 (npm) hands the codes out as the subject, and sends "Grüße 1.jpg" as it is; beyond Latin-1
# Node refuses to send it at all. cloudevents 2.2.0 (PyPI) does both as written.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check cloudevents==2.2.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund cloudevents@10.0.0

cat > probe.cjs <<'NODE'
const { validateHeaderValue } = require('http');
const { CloudEvent, HTTP } = require('cloudevents');

const required = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/bucket', 'ce-type': 'put' };
const coded = 'Gr%C3%BC%C3%9Fe%201.jpg';
const headers = { ...required, 'ce-subject': coded, 'content-type': 'text/plain' };
const received = HTTP.toEvent({ headers, body: '' }).subject;
const sent = (subject) => {
  const event = new CloudEvent({ source: '/bucket', type: 'put', subject, data: 'x' });
  return HTTP.binary(event).headers['ce-subject'];
};
let refused = '';
try {
  validateHeaderValue('ce-subject', sent('写真.jpg'));
} catch (error) {
  refused = error.code;
}
console.log(`cloudevents 10.0.0: received ${received}; sent ${sent('Grüße 1.jpg')}; 写真.jpg: ${refused}`);
const same = received === coded && sent('Grüße 1.jpg') === 'Grüße 1.jpg' && refused === 'ERR_INVALID_CHAR';
process.exit(same ? 0 : 1);
NODE
node probe.cjs

venv/bin/python - <<'PYTHON'
from cloudevents.core.bindings.http import HTTPMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

required = {"id": "1", "source": "/bucket", "type": "put", "specversion": "1.0"}
event = CloudEvent({**required, "subject": "Grüße 1.jpg"}, {})
message = to_binary(event, JSONFormat())
back = from_binary(HTTPMessage(message.headers, message.body), JSONFormat()).get_subject()
print(f"cloudevents 2.2.0 of Python: sent {message.headers['ce-subject']}, received {back}")
assert message.headers["ce-subject"] == "Gr%C3%BC%C3%9Fe%201.jpg" and back == "Grüße 1.jpg"
PYTHON

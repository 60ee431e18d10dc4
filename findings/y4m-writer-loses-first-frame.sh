#!/usr/bin/env bash
# Expected: y4m.Writer.encode(frame), called three times, writes the stream's header and three FRAMEs, since in
# YUV4MPEG2 every frame follows the one header; its own Reader gives three frames back.
# Instead: y4m 1.1.1 writes only the header at the first call and never the frame it was handed, without an error.
# A clip is one frame short, and a one-frame stream is empty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check y4m==1.1.1

venv/bin/python - <<'PYTHON'
import io

import y4m

stream = io.BytesIO()
writer = y4m.Writer(stream)
sent = [bytes([value]) * (4 * 4 * 3 // 2) for value in (10, 20, 30)]
for count, planes in enumerate(sent):
    writer.encode(y4m.Frame(planes, {"W": 4, "H": 4, "F": [25, 1]}, count))

read = []
y4m.Reader(lambda frame: read.append(frame.buffer)).decode(stream.getvalue())
print(f"y4m 1.1.1: frames written {[planes[0] for planes in sent]}, read back {[planes[0] for planes in read]}")
assert stream.getvalue().count(b"FRAME ") == 2
assert read == sent[1:]
PYTHON

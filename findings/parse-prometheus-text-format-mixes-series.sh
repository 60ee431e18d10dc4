#!/usr/bin/env bash
# Expected: in Prometheus' text format every combination of the other labels is a histogram of its own, with its buckets,
# _sum and _count: two of them below, for GET and for PUT.
# Instead: parse-prometheus-text-format 1.1.1 gives one set of buckets for the whole family, without a label, a sum or a
# count; of each bucket the last series read wins. prometheus_client 0.26.0 reads the same text with all of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check prometheus_client==0.26.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund parse-prometheus-text-format@1.1.1

venv/bin/python - <<'PYTHON'
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

registry = CollectorRegistry()
histogram = Histogram("latency", "Seconds.", ["method"], buckets=(1, 2), registry=registry)
for method, seconds in (("GET", (0.5, 1.5, 3)), ("PUT", (0.5,))):
    for value in seconds:
        histogram.labels(method).observe(value)
text = generate_latest(registry).decode()
Path("metrics.txt").write_text(text)
family = next(family for family in text_string_to_metric_families(text) if family.name == "latency")
counts = {s.labels["method"]: s.value for s in family.samples if s.name == "latency_count"}
print(f"prometheus_client 0.26.0: counts {counts}")
assert counts == {"GET": 3, "PUT": 1}
PYTHON

cat > probe.cjs <<'NODE'
const fs = require('fs');
const parse = require('parse-prometheus-text-format');
const family = parse(fs.readFileSync('metrics.txt', 'utf8')).find(({ name }) => name === 'latency');
const seen = JSON.stringify(family.metrics);
console.log(`parse-prometheus-text-format 1.1.1: ${seen}`);
process.exit(seen === '[{"buckets":{"1.0":"1.0","2.0":"1.0","+Inf":"1.0"}}]' ? 0 : 1);
NODE
node probe.cjs

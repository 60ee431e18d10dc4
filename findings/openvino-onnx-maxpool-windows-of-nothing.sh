#!/usr/bin/env bash
# Expected: with ceil_mode=1 ONNX' MaxPool ignores windows that would begin behind the picture (ONNX operators, MaxPool,
# as PyTorch has it): 4 x 4 in windows of 1 by steps of 2 is 2 x 2, 6 x 6 in windows of 2 by steps of 3 too.
# Instead: openvino 2026.4.1 makes 3 x 3 of them, whose last row and column hold the lowest float, -3.4e38. With windows
# as large as the step, or larger, and no padding both agree.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0

venv/bin/python - <<'PYTHON'
import sys

sys.modules["openvino_telemetry"] = None  # nothing is sent
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper

core = openvino.Core()
onnxruntime.set_default_logger_severity(3)


def pooled(side, window, step):
    x = np.arange(side * side, dtype=np.float32).reshape(1, 1, side, side)
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[window] * 2, strides=[step] * 2, ceil_mode=1)
    graph = helper.make_graph(
        [node],
        "pool",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10).SerializeToString()
    compiled = core.compile_model(core.read_model(model, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return compiled([x])[0][0, 0], session.run(None, {"x": x})[0][0, 0]


for side, window, step in ((4, 1, 2), (6, 2, 3)):
    seen, other = pooled(side, window, step)
    print(f"{side} x {side}, windows of {window} by steps of {step}: openvino 2026.4.1 {seen.tolist()}")
    print(f"  onnxruntime 1.32.0 {other.tolist()}")
    assert other.shape == (2, 2) and seen.shape == (3, 3) and np.array_equal(seen[:2, :2], other)
    assert (seen[2] < -3e38).all() and (seen[:, 2] < -3e38).all()
seen, other = pooled(5, 2, 2)
assert np.array_equal(seen, other)
PYTHON

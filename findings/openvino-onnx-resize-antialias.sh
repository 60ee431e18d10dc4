#!/usr/bin/env bash
# Expected: ONNX' Resize with antialias=1 widens the filter when it makes smaller, so that every pixel counts (ONNX
# operators, Resize, since version 18); what a reader cannot do, it refuses.
# Instead: openvino 2026.4.1 reads such a model without a word and computes it without: linear and cubic give what
# antialias=0 gives, and of stripes of which one in four is light only the dark ones are left. onnxruntime 1.32.0 gives
# their mean, 64, in the middle.
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
from onnx import TensorProto, helper, numpy_helper

stripes = np.tile(np.float32([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]), (1, 1, 12, 1))
core = openvino.Core()


def quarter(mode, antialias):
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode=mode, antialias=antialias)
    graph = helper.make_graph(
        [node],
        "quarter",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, stripes.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.float32([1, 1, 0.25, 0.25]), "scales")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    compiled = core.compile_model(core.read_model(model, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return compiled([stripes])[0][0, 0, 1], session.run(None, {"x": stripes})[0][0, 0, 1]


for mode in ("linear", "cubic"):
    plain, plain_other = quarter(mode, 0)
    smooth, smooth_other = quarter(mode, 1)
    print(f"{mode}, a quarter of dark stripes with a light one in four, antialias=1: openvino 2026.4.1 {smooth.round(1)},")
    print(f"  its antialias=0 {plain.round(1)}; onnxruntime 1.32.0 {smooth_other.round(1)}")
    assert np.allclose(plain, plain_other, atol=0.1)
    assert np.allclose(smooth, plain, atol=0.1) and abs(smooth - smooth_other).min() > 20
PYTHON

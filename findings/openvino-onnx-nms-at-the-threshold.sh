#!/usr/bin/env bash
# Expected: NonMaxSuppression drops a box whose overlap with a chosen one is strictly greater than iou_threshold; at the
# threshold itself it stays (ONNX operators, NonMaxSuppression).
# Instead: openvino 2026.4.1 drops it: of a unit square and its half, whose overlap is 0.5 exactly, one is left at 0.5.
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

boxes, scores = np.float32([[[0, 0, 1, 1], [0, 0, 1, 0.5]]]), np.float32([[[0.9, 0.8]]])
core = openvino.Core()


def kept(threshold):
    graph = helper.make_graph(
        [helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "threshold"], ["kept"])],
        "nms",
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, boxes.shape),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, scores.shape),
        ],
        [helper.make_tensor_value_info("kept", TensorProto.INT64, None)],
        [
            numpy_helper.from_array(np.int64([10]), "most"),
            numpy_helper.from_array(np.float32([threshold]), "threshold"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=9).SerializeToString()
    compiled = core.compile_model(core.read_model(model, b""), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    seen, other = compiled([boxes, scores])[0], session.run(None, {"boxes": boxes, "scores": scores})[0]
    return seen[:, 2].tolist(), other[:, 2].tolist()


for threshold, right in ((0.51, [0, 1]), (0.5, [0, 1]), (0.49, [0])):
    seen, other = kept(threshold)
    print(f"overlap 0.5, threshold {threshold}, boxes kept: openvino 2026.4.1 {seen}, onnxruntime 1.32.0 {other}")
    assert other == right and seen == ([0] if threshold == 0.5 else right)
PYTHON

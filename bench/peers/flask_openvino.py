"""Flask and OpenVINO, as one would write it: YOLOX-Nano after its authors' own demonstration, boxes as JSON."""

import os
import sys
from functools import cache
from typing import Any

import cv2
import numpy as np
from flask import Flask, Response, jsonify, request

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # it would write into the home folder

cv2.setNumThreads(1)
app = Flask(__name__)
_SIDE, _STRIDES = 416, (8, 16, 32)
_SCORE, _OVERLAP = 0.3, 0.45


@cache
def _network() -> Any:
    import openvino

    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return openvino.Core().compile_model(os.environ["NETWORK"], "CPU", options).create_infer_request()


@cache
def _grid() -> tuple[Any, Any]:
    """The place and the stride of each of the network's answers."""
    places, strides = [], []
    for stride in _STRIDES:
        count = _SIDE // stride
        across, down = np.meshgrid(np.arange(count), np.arange(count))
        places.append(np.stack([across, down], 2).reshape(-1, 2))
        strides.append(np.full((count * count, 1), stride))
    return np.concatenate(places), np.concatenate(strides)


@app.post("/detect.json")
def detect() -> Response:
    """What is in the picture in the body."""
    pixels: Any = cv2.imdecode(np.frombuffer(request.get_data(), np.uint8), cv2.IMREAD_COLOR)
    scale = min(_SIDE / pixels.shape[0], _SIDE / pixels.shape[1])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    padded = np.full((_SIDE, _SIDE, 3), 114, np.uint8)
    padded[: small.shape[0], : small.shape[1]] = small
    network = _network()
    network.infer([padded.transpose(2, 0, 1)[None].astype(np.float32)])
    found = network.get_output_tensor().data[0]
    places, strides = _grid()
    middles, sides = (found[:, :2] + places) * strides, np.exp(found[:, 2:4]) * strides
    scores = found[:, 4:5] * found[:, 5:]
    kinds, best = scores.argmax(1), scores.max(1)
    boxes = np.hstack([middles - sides / 2, sides]) / scale
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), best.tolist(), kinds.tolist(), _SCORE, _OVERLAP)
    return jsonify([
        {"box": boxes[one].round(1).tolist(), "score": round(float(best[one]), 3), "class": int(kinds[one])}
        for one in kept
    ])  # fmt: skip

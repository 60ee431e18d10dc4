"""Settings about models: what is wrong with them is said at start, all of it."""

import importlib.util
from pathlib import Path

import pytest

from service.checks import load_settings
from service.machine import cores
from service.models import setup
from service.settings import Settings, SettingsError
from tests.functions.test_main import python

TWO_WRONG = """
[one]
title = "One"
[two]
task = "detekt"
"""


def problems(**variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"DARKROOM_{name.upper()}": value for name, value in variables.items()})
    return caught.value.problems


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"warm": "detect,facs"}, 'DARKROOM_WARM: "facs" is neither a task nor a model. Did you mean "faces"?'),
        ({"warm": "yolox_nan"}, 'Did you mean "yolox_nano"?'),
        ({"detect_model": "yolo"}, 'DARKROOM_DETECT_MODEL: there is no model "yolo" for detect.'),
        ({"faces_model": "yolox_nano"}, 'DARKROOM_FACES_MODEL: there is no model "yolox_nano" for faces.'),
        ({"segment_model": "deeplab"}, 'Did you mean "deeplabv3"?'),
        ({"models": "nix.toml"}, "DARKROOM_MODELS is not a file."),
        ({"models_from": "nix:/:nix2"}, 'DARKROOM_MODELS_FROM: "nix2" is not a folder.'),
        ({"model_device": "cpu"}, 'DARKROOM_MODEL_DEVICE: "cpu" is not a device'),
        ({"model_precision": "int8"}, 'DARKROOM_MODEL_PRECISION should be one of f32, f16, bf16, not "int8".'),
        ({"model_hint": "fast"}, "DARKROOM_MODEL_HINT should be one of latency, throughput"),
        ({"model_memory": "1"}, "DARKROOM_MODEL_MEMORY should be a whole number"),
        ({"model_fetch": "perhaps"}, "DARKROOM_MODEL_FETCH should be true or false"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(variables: dict[str, str], says: str) -> None:
    assert any(says in problem for problem in problems(**variables))


def test_all_of_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO_WRONG)
    told = problems(models=str(tmp_path / "two.toml"), queue="x", model_device="?")
    assert sum("[one]" in problem for problem in told) > 1
    assert sum("[two]" in problem for problem in told) > 1
    assert {"DARKROOM_QUEUE", "DARKROOM_MODEL_DEVICE:"} <= {problem.split()[0] for problem in told}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[a", b"a = 1"], ids=["no-utf8", "no-toml", "no-tables"])
def test_a_manifest_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    assert any(problem.startswith("DARKROOM_MODELS") for problem in problems(models=str(tmp_path / "a.toml")))


def test_what_is_warm_needs_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else found(name))
    assert any("OpenVINO is not installed" in problem for problem in problems(warm="faces"))
    assert load_settings({}).warm == ()


@pytest.mark.parametrize("device", ["CPU", "GPU", "GPU.1", "NPU", "AUTO", "AUTO:GPU,CPU", "MULTI:GPU.0,CPU"])
def test_devices(device: str) -> None:
    assert load_settings({"DARKROOM_MODEL_DEVICE": device}).model_device == device


@pytest.mark.parametrize("text", ["detect,faces", "detect faces", "detect, faces", "detect+faces"])
def test_a_list_is_written_with_commas_or_spaces(text: str) -> None:
    assert load_settings({"DARKROOM_WARM": text}).warm == ("detect", "faces")


def test_every_default_is_there() -> None:
    known = setup.open_manifest(Settings())
    assert [task for task, name in Settings().default_models().items() if name not in known.names(task)] == []


def test_ones_own_manifest_goes_first(tmp_path: Path) -> None:
    shipped = setup.open_manifest(Settings())["yunet"]
    text = '[yunet]\ntitle = "Mine"\ntask = "faces"\ndecoder = "yunet"\nlicence = "MIT"\nsource = "-"\nrevision = "9"\n'
    file = f'{{ url = "https://models.example/a.onnx", bytes = 1, sha256 = "{"0" * 64}" }}'
    text += f'memory = 1\ncost = 1\ninput = {{ name = "x", size = [32, 32] }}\nfiles = [{file}]\n'
    (tmp_path / "mine.toml").write_text(text)
    known = setup.open_manifest(Settings(models=str(tmp_path / "mine.toml")))
    assert (shipped.title, known["yunet"].title) != (known["yunet"].title, shipped.title)
    assert known["yunet"].revision == "9"
    assert "yolox_nano" in known


def test_the_runtime_is_told_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        model_device="AUTO", model_hint="throughput", model_precision="bf16", model_memory=5, data=str(tmp_path),
        queue_seconds=3, faces_model="face-detection-retail-0005", model_batch=4, model_batch_delay=0.5,
    )  # fmt: skip
    options = setup.open_runtime(settings, setup.open_manifest(settings)).options
    assert (options.device, options.hint, options.precision, options.memory) == ("AUTO", "throughput", "bf16", 5)
    assert (options.compiled, options.wait, options.threads) == (tmp_path / "compiled", 3, cores())
    assert (options.batch, options.batch_delay) == (4, 0.5)
    assert options.defaults["faces"] == "face-detection-retail-0005"


def test_nothing_of_openvino_is_imported_until_a_model_looks(root: Path) -> None:
    code = (
        "import sys; from main import app; client = app.test_client();"
        "paths = ['/v1/models', '/v1/models/yunet', '/v2', '/v2/health/ready', '/ready', '/openapi.json', '/'];"
        "assert all(client.get(path, base_url='http://localhost').status_code == 200 for path in paths);"
        "client.post('/v2/repository/index', base_url='http://localhost');"
        "print([name for name in sys.modules if 'openvino' in name])"
    )
    told = python(code, root, DARKROOM_LOG_LEVEL="error")
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "[]"


def test_a_server_without_openvino_says_so(root: Path, data: Path) -> None:
    code = (
        "import sys; sys.modules['openvino'] = None; from main import app; client = app.test_client();"
        "body = open('docs/img/street.png', 'rb').read();"
        "answers = [client.post(path, data=body, base_url='http://localhost', headers=headers) for path, headers in ("
        "('/v1/process?pipeline=faces:yunet', {}), ('/v1/models/yunet/load', {}), ('/v1/process?pipeline=blur', {}),"
        "('/v2/models/yunet/infer', {'Inference-Header-Content-Length': '0'}))];"
        "print([(answer.status_code, (answer.get_json(silent=True) or {}).get('code')) for answer in answers])"
    )
    told = python(code, root, DARKROOM_LOG_LEVEL="error", DARKROOM_MODELS_FROM=str(data / "models"))
    missing = "(503, 'runtime_missing')"
    assert told.stdout.splitlines()[-1] == f"[{missing}, {missing}, (200, None), {missing}]", told.stderr

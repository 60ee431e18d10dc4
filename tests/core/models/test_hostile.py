"""Files that must not load: each has its own code, the process lives, and other models go on."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.errors import ModelBrokenError, ModelChecksumError, ModelError
from core.models.model import Input, Model, WeightsFile
from core.models.runtime import Runtime
from tests.conftest import DATA, ROOT
from tests.core.models.making import ALL, a_runtime, a_table, coloured, planes, saved, soon, sums
from tests.forked import SERVER
from tests.waiting import PATIENCE

HOSTILE = sorted(path for path in (DATA / "hostile" / "models").rglob("*") if path.is_file())


def fails(model: Model, beside: Model) -> ModelError:
    """The error of a model in a runtime whose other model must go on."""
    runtime = a_runtime(model, beside)
    with pytest.raises(ModelError) as told:
        runtime.see(model, coloured(0), ALL, soon())
    works(runtime, beside)
    state = runtime.state(model.name)
    assert state.state == "failed"
    assert state.reason
    assert "/" not in state.reason
    return told.value


def works(runtime: Runtime, model: Model) -> None:
    seen, _ = runtime.see(model, coloured(1), ALL, soon())
    assert seen.classes[0] == 1


def of_a_file(path: Path, **fields: Any) -> Model:
    about = {"name": "hostile", "title": "", "task": "segment", "decoder": "argmax", "licence": "", "source": ""}
    image = Input(name="data", size=(2048, 1024))
    given = about | {"revision": "", "memory": 1, "cost": 1.0, "input": image, "files": (sums(path),)}
    return Model(**{**given, **fields})


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_every_hostile_file(data: Path, colours: Model, path: Path) -> None:
    error = fails(of_a_file(path), colours)
    assert (error.status, error.code) == (503, "model_broken")


def test_a_network_that_fails_when_it_runs(data: Path, colours: Model) -> None:
    """It is read, and its table is right; whatever goes wrong then is an error of ours and no crash."""
    (path,) = (data / "hostile" / "models").glob("*.tflite")
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.models import graph\n"
        "network = graph.core().read_model(sys.argv[1])\n"
        "print([(sorted(p.get_names()), str(p.get_partial_shape()), p.get_element_type().get_type_name()) "
        "for p in network.inputs])\n"
    )
    tried = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert tried.returncode in {0, 1}, tried  # an exception at most, never a signal
    fails(of_a_file(path, task="classify", decoder="softmax"), colours)


GARBAGE = {
    "x": b"x",
    "empty net": b"<?xml version='1.0'?><net/>",
    "no layers": b"<net version='11'><layers/><edges/></net>",
    "zeros": bytes(1000),
    "varints": b"\x08\x07" * 99,
    "TFL3": b"TFL3" * 50,
    "flatbuffer": b"\x1c\0\0\0TFL3" + bytes(64),
    "noise": np.random.default_rng(1).bytes(20_000),
}
REAL = (
    "yolox/yolox_nano.onnx",
    "yunet/face_detection_yunet_2026may.onnx",
    "coral/deeplabv3_mnv2_dm05_pascal_quant.tflite",
    "road-segmentation-adas-0001/FP32/road-segmentation-adas-0001.xml",
)


@pytest.mark.parametrize("suffix", [".xml", ".onnx", ".tflite"])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(networks: Path, colours: Model, suffix: str, name: str) -> None:
    path = networks / f"garbage-{len(GARBAGE[name])}{suffix}"
    path.write_bytes(GARBAGE[name])
    is_read = name == "no layers" and suffix != ".xml"  # by its content, and then it is not what its table says
    assert fails(of_a_file(path), colours).code == ("model_mismatch" if is_read else "model_broken")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", REAL, ids=lambda name: Path(name).name[:12])
def test_a_real_network_that_is_cut(data: Path, tmp_path: Path, name: str, share: float) -> None:
    """In a process of its own: its end is by our error, never by a signal."""
    path = tmp_path / Path(name).name
    whole = (data / "models" / name).read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    from tests.core.models import cut

    process = SERVER.Process(target=cut.child, args=(path,))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == cut.ENDS["model_broken"]


# --- checksums -----------------------------------------------------------------------------------------------------


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return saved(tmp_path, "whole", planes)


def spoilt_weights(path: Path, change: Any) -> Model:
    """The table of the file as it was, and then the file spoilt."""
    model = a_table(path, task="segment", decoder="argmax")
    weights = path.with_suffix(".bin")
    weights.write_bytes(change(weights.read_bytes()))
    return model


@pytest.mark.parametrize(
    "change",
    [lambda data: data[:-1], lambda data: data[:0], lambda data: data + b"x", lambda data: data[::-1]],
    ids=["cut", "empty", "longer", "other bytes"],
)
def test_weights_that_are_other_ones(whole: Path, colours: Model, change: Any) -> None:
    error = fails(spoilt_weights(whole, change), colours)
    assert isinstance(error, ModelChecksumError)
    assert (error.status, error.code) == (503, "model_checksum")


def test_a_wrong_checksum_in_the_table(whole: Path, colours: Model) -> None:
    model = a_table(whole, task="segment", decoder="argmax")
    wrong = msgspec.structs.replace(model.files[0], sha256=hashlib.sha256(b"other").hexdigest())
    assert fails(msgspec.structs.replace(model, files=(wrong, model.files[1])), colours).code == "model_checksum"


def test_sha384(whole: Path) -> None:
    model = a_table(whole, task="segment", decoder="argmax")
    files = tuple(
        WeightsFile(
            file=file.file, bytes=file.bytes, sha384=hashlib.sha384(Path(str(file.file)).read_bytes()).hexdigest()
        )
        for file in model.files
    )
    same = msgspec.structs.replace(model, files=files)
    a_runtime(same).load("whole", soon(), fetch=False)
    wrong = msgspec.structs.replace(files[1], sha384="0" * 96)
    other = msgspec.structs.replace(model, files=(files[0], wrong))
    with pytest.raises(ModelChecksumError):
        a_runtime(other).load("whole", soon(), fetch=False)


def test_without_its_weights(whole: Path, colours: Model) -> None:
    model = a_table(whole, task="segment", decoder="argmax")
    error = fails(msgspec.structs.replace(model, files=model.files[:1]), colours)
    assert isinstance(error, ModelBrokenError)


def test_weights_that_are_cut_while_the_model_runs(tmp_path: Path) -> None:
    """The operator replaces a file of a loaded model, badly: the process lives, and the model too."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.core.models.making import ALL, a_runtime, a_table, coloured, heavy, saved, soon\n"
        "path = saved(Path(sys.argv[1]), 'heavy', heavy)\nmodel = a_table(path)\nruntime = a_runtime(model)\n"
        "runtime.see(model, coloured(0), ALL, soon())\n"
        "path.with_suffix('.bin').write_bytes(b'')\n"
        "for _ in range(3): runtime.see(model, coloured(0), ALL, soon())\n"
        "print('alive')\n"
    )
    told = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout.strip()) == (0, "alive"), told.stderr

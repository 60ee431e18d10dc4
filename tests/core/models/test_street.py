"""semantic-segmentation-adas-0001 with made weights: shapes, memory, and that nothing but its files is needed.

Its official weights are not at hand. Random ones do; only the whole numbers among the constants are set, because
sizes and axes of its resizes are there.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Model, WeightsFile
from core.models.prediction import ClassMap
from core.models.runtime import Runtime
from tests.conftest import DATA, ROOT
from tests.core.models.making import ALL, soon

NAME = "semantic-segmentation-adas-0001"
NETWORK = DATA / "models" / NAME / "FP32" / f"{NAME}.xml"
WHOLE = {
    23633560: ("<i8", [32, 64]), 23633584: ("<i8", [2, 3]), 24683200: ("<i8", [2]), 24683208: ("<i8", [4]),
    24683216: ("<i8", [1]), 26743544: ("<i4", [1]),
}  # fmt: skip
"""Offset in the file, type and value of the constants that are whole numbers."""


def made_weights(length: int) -> bytes:
    """Random numbers of about the size that a trained network has."""
    data = bytearray(np.random.default_rng(4).normal(0, 0.02, length // 4).astype(np.float32).tobytes())
    for offset, (kind, values) in WHOLE.items():
        part = np.array(values, kind).tobytes()
        data[offset : offset + len(part)] = part
    return bytes(data)


def with_made_weights(official: Model, folder: Path) -> Model:
    """The shipped table; only the checksum of the weights is that of the made ones."""
    network, weights = official.files
    data = made_weights(weights.bytes)
    (folder / weights.name).write_bytes(data)
    made = msgspec.structs.replace(weights, sha384=hashlib.sha384(data).hexdigest())
    return msgspec.structs.replace(official, files=(network, made))


def runtime_of(model: Model, folder: Path, **options: object) -> Runtime:
    places = {file.checksum: path for file, path in zip(model.files, (NETWORK, folder / f"{NAME}.bin"), strict=True)}

    def files(file: WeightsFile, fetch: bool = False) -> Path:
        return places[file.checksum]

    settings = RuntimeOptions(**{"threads": 2, "memory": 10**9, **options})  # type: ignore[arg-type]
    return Runtime(Manifest([model]), files, settings)


@pytest.fixture(scope="module")
def street(data: Path, manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Runtime]:
    folder = tmp_path_factory.mktemp("street")
    model = with_made_weights(manifest[NAME], folder)
    return model, runtime_of(model, folder, compiled=folder / "compiled")


def test_the_network_is_the_official_one(data: Path, manifest: Manifest) -> None:
    (network, weights) = manifest[NAME].files
    assert hashlib.sha384(NETWORK.read_bytes()).hexdigest() == network.checksum
    assert weights.bytes == 26_743_548


def test_shapes(street: tuple[Model, Runtime], photo: object) -> None:
    model, runtime = street
    (output,) = runtime.tensors(model, np.full((1, 1024, 2048, 3), 80, np.uint8), soon()).values()
    assert (output.dtype, output.shape) == (np.uint8, (1, 1, 1024, 2048))
    assert output.max() < 20


def test_a_picture(street: tuple[Model, Runtime], data: Path) -> None:
    model, runtime = street
    pixels = cv2.imread(str(data / "images/photos/ovms_road1.jpg"))
    seen, fit = runtime.see(model, pixels, ALL, soon())
    assert isinstance(seen, ClassMap)
    assert seen.map.shape == (1024, 2048)
    assert len(runtime.labels(model)) == 20
    assert seen.map.max() < 20
    assert fit.matrix[0, 0] == pytest.approx(pixels.shape[1] / 2048)


def test_it_is_what_openvino_gives_without_us(street: tuple[Model, Runtime], data: Path) -> None:
    """The same map from the network as it is: f32 planes in, i64 out."""
    from core.models import graph

    model, runtime = street
    pixels = cv2.resize(cv2.imread(str(data / "images/photos/ovms_road1.jpg")), (2048, 1024))
    weights = runtime._files(model.files[1], False)
    plain = graph.core().compile_model(
        graph.core().read_model(str(NETWORK), str(weights)), "CPU", graph.config("CPU", "latency", "f32", 2)
    )
    (theirs,) = plain(pixels.transpose(2, 0, 1)[np.newaxis].astype(np.float32)).values()
    (ours,) = runtime.tensors(model, pixels[np.newaxis], soon()).values()
    assert theirs.dtype == np.int64
    assert (ours == theirs).mean() > 0.9999


def test_memory_is_what_the_table_says(data: Path, manifest: Manifest, tmp_path: Path) -> None:
    """Of a process that loads it and looks once; within the declared bytes, and not far below them."""
    code = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from core.models import graph\nfrom core.models.manifest import Manifest\n"
        "from tests.core.models.making import soon\n"
        "from tests.core.models.test_street import NAME, ROOT, runtime_of, with_made_weights\n"
        "source = ROOT / 'core/models/models.toml'\n"
        "model = with_made_weights(Manifest.read((source.read_text(), source.parent))[NAME], Path(sys.argv[1]))\n"
        "graph.core().available_devices\nimage = np.zeros((1, 1024, 2048, 3), np.uint8)\n"
        "def memory(): return int(Path('/proc/self/statm').read_text().split()[1]) * 4096\n"
        "before, runtime = memory(), runtime_of(model, Path(sys.argv[1]))\n"
        "runtime.tensors(model, image, soon())\n"
        "Path(sys.argv[1], 'memory').write_text(str(memory() - before))\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, check=True)
    taken = int((tmp_path / "memory").read_text())
    assert 0.4 * manifest[NAME].memory < taken < 1.1 * manifest[NAME].memory

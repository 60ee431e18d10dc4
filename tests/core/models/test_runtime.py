"""The runtime: from a name to what a model sees; each model loaded once; room, time and failures."""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.errors import (
    BadParameterError,
    DeadlineExceededError,
    ModelAbsentError,
    ModelBrokenError,
    ModelChecksumError,
    ModelMemoryError,
    UnknownModelError,
)
from core.limits import Deadline
from core.models import cache as shelves
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Model, WeightsFile
from core.models.runtime import Runtime
from tests.conftest import ROOT
from tests.core.models.making import LABELS, a_runtime, at_hand, best, coloured, copied, soon
from tests.waiting import PATIENCE

Made = Callable[..., Model]


class Slow:
    """A resolver that waits until it may go on, and counts."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = 0

    def __call__(self, file: WeightsFile, _fetch: bool) -> Path:
        self.asked += 1
        assert self.go.wait(PATIENCE)
        return at_hand(file)


# --- one model -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "label"), list(enumerate(LABELS)))
def test_a_made_network_sees(colours: Model, channel: int, label: str) -> None:
    assert best(a_runtime(colours), colours, channel) == label


def test_states_from_cached_to_ready_and_back(colours: Model) -> None:
    runtime = a_runtime(colours)
    assert runtime.state("colours").state == "cached"
    best(runtime, colours, 0)
    state = runtime.state("colours")
    assert (state.state, state.runs, state.loads, state.bytes) == ("ready", 1, 1, colours.memory)
    assert state.latency_ms is not None
    assert state.latency_ms > 0
    runtime.unload("colours")
    assert runtime.state("colours").state == "cached"
    runtime.load("colours", soon(), fetch=False)
    assert (runtime.state("colours").state, runtime.state("colours").loads) == ("ready", 2)


def test_absent(colours: Model) -> None:
    away = msgspec.structs.replace(
        colours, files=tuple(msgspec.structs.replace(f, file=f"{f.file}.away") for f in colours.files)
    )
    runtime = a_runtime(away)
    assert runtime.state("colours").state == "absent"
    with pytest.raises(ModelAbsentError) as told:
        best(runtime, away, 0)
    assert (told.value.status, told.value.code) == (503, "model_absent")
    assert runtime.state("colours").state == "absent"


def test_it_is_there_as_soon_as_its_files_are(colours: Model, tmp_path: Path) -> None:
    files = tuple(msgspec.structs.replace(f, file=str(tmp_path / f.name)) for f in colours.files)
    later = msgspec.structs.replace(colours, files=files)
    runtime = a_runtime(later)
    with pytest.raises(ModelAbsentError):
        best(runtime, later, 0)
    for file in colours.files:
        (tmp_path / file.name).write_bytes(Path(str(file.file)).read_bytes())
    assert best(runtime, later, 2) == "red"


def test_a_copy_is_taken_where_the_preferred_files_are_away(colours: Model) -> None:
    away = tuple(
        WeightsFile(url=f"https://example.org/{f.name}", sha256="0" * 64, bytes=f.bytes) for f in colours.files
    )
    other = msgspec.structs.replace(colours, files=away, copies=(colours.files,))

    def files(file: WeightsFile, fetch: bool = False) -> Path:
        if file.file is None:
            raise ModelAbsentError("away")
        return at_hand(file)

    runtime = a_runtime(other, files=files)
    assert best(runtime, other, 1) == "green"
    assert runtime.identity(other)["checksums"] == [f"sha256:{file.sha256}" for file in colours.files]


def test_only_load_fetches(colours: Model) -> None:
    told: list[bool] = []

    def files(file: WeightsFile, fetch: bool = False) -> Path:
        told.append(fetch)
        if not fetch:
            raise ModelAbsentError("away")
        return at_hand(file)

    runtime = a_runtime(colours, files=files)
    with pytest.raises(ModelAbsentError):
        best(runtime, colours, 0)
    assert not any(told)
    runtime.load("colours", soon(), fetch=True)
    assert any(told)
    assert best(runtime, colours, 0) == "blue"


def test_tensors_are_the_networks_own(colours: Model) -> None:
    tensors = a_runtime(colours).tensors(colours, coloured(2)[np.newaxis], soon())
    assert list(tensors) == ["out0"]
    assert tensors["out0"].tolist() == [[0, 0, 200]]
    assert tensors["out0"].flags.owndata


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 8, 9, 3), np.uint8),
        np.zeros((1, 8, 8, 4), np.uint8),
        np.zeros((2, 8, 8, 3), np.uint8),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((1, 8, 8, 3), np.float32),
    ],
    ids=lambda image: f"{image.dtype}{list(image.shape)}",
)
def test_other_tensors_are_refused(colours: Model, image: Any) -> None:
    with pytest.raises(BadParameterError):
        a_runtime(colours).tensors(colours, image, soon())


def test_tensors_that_are_views_are_taken(colours: Model) -> None:
    wide = np.repeat(coloured(1), 2, axis=1)[:, ::2][np.newaxis]
    assert not wide.flags.c_contiguous
    assert a_runtime(colours).tensors(colours, wide, soon())["out0"].tolist() == [[0, 200, 0]]


# --- names ---------------------------------------------------------------------------------------------------------


def test_finding(colours: Model) -> None:
    runtime = a_runtime(colours, copied(colours, "other"), defaults={"classify": "other"})
    assert runtime.find("classify", None).name == "other"
    assert runtime.find("classify", "colours").name == "colours"
    assert runtime.find(None, "colours").name == "colours"


@pytest.mark.parametrize(
    ("task", "name", "words"),
    [
        ("classify", "colour", ['"colour"', 'Did you mean "colours"?', "The models are colours."]),
        ("detect", "colours", ["This server has no model for it."]),
        ("detect", None, ["This server has no model for it."]),
        (None, "nothing", ["The models are colours."]),
    ],
)
def test_no_such_model(colours: Model, task: Any, name: str | None, words: list[str]) -> None:
    with pytest.raises(UnknownModelError) as told:
        a_runtime(colours).find(task, name)
    assert (told.value.status, told.value.code) == (400, "unknown_model")
    assert all(word in told.value.detail for word in words)


def test_labels_of_a_list_among_the_files(colours: Model, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("one\ntwo, or both\nthree\n\n")
    data = (tmp_path / "names.txt").read_bytes()
    listed = WeightsFile(file=str(tmp_path / "names.txt"), sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
    model = msgspec.structs.replace(colours, labels="names.txt", files=(*colours.files, listed))
    runtime = a_runtime(model)
    assert runtime.labels(model) == ("one", "two, or both", "three")
    assert runtime.state("colours").loads == 0
    assert best(runtime, model, 1) == "two, or both"


@pytest.mark.parametrize(
    ("changed", "moves"),
    [
        ({"revision": "2"}, True),
        ({"precision": "bf16"}, True),
        ({"labels": ("a", "b", "c")}, True),
        ({"score": 0.9}, True),
        ({"decoder": "argmax"}, True),
        ({"label_offset": 1}, True),
        ({"title": "Other", "licence": "Other", "source": "Other", "memory": 5, "cost": 5.0}, False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_identity_holds_what_changes_what_is_seen(colours: Model, changed: dict[str, Any], moves: bool) -> None:
    other = msgspec.structs.replace(colours, **changed)
    assert (a_runtime(other).identity(other) != a_runtime(colours).identity(colours)) is moves


def test_identity_holds_the_files_and_the_options(colours: Model, made: Made) -> None:
    other = made("twice", lambda ops, picture: ops.reduce_mean(ops.add(picture, picture), ops.constant([2, 3])))
    same_name = msgspec.structs.replace(other, name="colours")
    assert a_runtime(same_name).identity(same_name) != a_runtime(colours).identity(colours)
    assert a_runtime(colours, precision="f16").identity(colours) != a_runtime(colours).identity(colours)
    assert msgspec.json.encode(a_runtime(colours).identity(colours))


def test_a_loaded_model_is_asked_for_no_files(colours: Model) -> None:
    """Each request asks for identity and labels: once the model is loaded, no disk is."""
    slow = Slow()
    slow.go.set()
    runtime = a_runtime(msgspec.structs.replace(colours, labels=()), files=slow)
    model, before = runtime.find(None, "colours"), None
    for _ in range(3):
        runtime.tensors(model, coloured(0)[np.newaxis], soon())
        assert runtime.identity(model)["checksums"] == [f"sha256:{file.sha256}" for file in colours.files]
        assert runtime.labels(model) == ()
        before = before or slow.asked
    assert slow.asked == before


# --- many at once --------------------------------------------------------------------------------------------------


def test_fifty_threads_ask_for_a_cold_model_and_one_runs_out_of_time(colours: Model) -> None:
    """Loaded once; the one whose deadline passes gets a 504 before the load is over, the rest succeed."""
    slow = Slow()
    runtime = a_runtime(colours, files=slow, wait=60.0)
    start = threading.Barrier(50)

    def ask(number: int) -> str:
        start.wait()
        return best(runtime, colours, number % 3, Deadline(0.2) if number == 17 else soon())

    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(ask, number) for number in range(50)]
        late = asked[17].exception()
        assert isinstance(late, DeadlineExceededError)
        assert late.status == 504
        assert runtime.state("colours").state == "loading"
        slow.go.set()
        answers = [future.result() for number, future in enumerate(asked) if number != 17]
    assert answers == [LABELS[number % 3] for number in range(50) if number != 17]
    state = runtime.state("colours")
    assert (state.loads, state.runs, slow.asked) == (1, 49, len(colours.files))


def test_a_failed_load_reaches_all_and_is_tried_again(
    colours: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "FIRST_PAUSE", 0.3)
    broken = tmp_path / "broken.xml"
    broken.write_text("<net")
    files = {"now": broken}
    (entry,) = [file for file in colours.files if file.name.endswith(".xml")]
    twin = msgspec.structs.replace(entry, bytes=broken.stat().st_size, sha256=_sum(broken))
    model = msgspec.structs.replace(colours, files=(twin, colours.files[1]))

    def resolver(file: WeightsFile, fetch: bool = False) -> Path:
        return files["now"] if file.name.endswith(".xml") else at_hand(file)

    runtime, start = a_runtime(model, files=resolver), threading.Barrier(10)

    def ask() -> None:
        start.wait()
        best(runtime, model, 0)

    with ThreadPoolExecutor(10) as pool:
        errors = [future.exception() for future in [pool.submit(ask) for _ in range(10)]]
    assert {type(error) for error in errors} == {ModelBrokenError}
    state = runtime.state("colours")
    assert (state.state, state.loads) == ("failed", 0)
    assert state.reason is not None
    assert str(tmp_path) not in state.reason


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_load_does_not_wait_for_the_pause(colours: Model, tmp_path: Path) -> None:
    entry = colours.files[0]
    place = tmp_path / "colours.xml"
    place.write_bytes(b"x" * entry.bytes)  # the right length, other bytes
    model = msgspec.structs.replace(colours, files=(msgspec.structs.replace(entry, file=str(place)), colours.files[1]))
    runtime = a_runtime(model)
    for _ in range(2):
        with pytest.raises(ModelChecksumError, match="does not match its checksum in the manifest"):
            best(runtime, model, 0)
    assert runtime.state("colours").state == "failed"
    place.write_bytes(Path(str(entry.file)).read_bytes())
    runtime.load("colours", soon(), fetch=False)
    assert best(runtime, model, 0) == "blue"
    assert runtime.state("colours").reason is None


def test_what_is_larger_than_the_budget(colours: Model) -> None:
    runtime = a_runtime(colours, copied(colours, "other"), memory=colours.memory - 1)
    with pytest.raises(ModelMemoryError) as told:
        best(runtime, colours, 0)
    assert (told.value.status, told.value.code) == (503, "model_memory")
    assert runtime.state("colours").state == "failed"


def test_a_deadline_that_is_over_runs_nothing(colours: Model) -> None:
    runtime = a_runtime(colours)
    runtime.load("colours", soon(), fetch=False)
    over = Deadline(0)
    time.sleep(0.01)
    with pytest.raises(DeadlineExceededError):
        best(runtime, colours, 0, over)
    assert runtime.state("colours").runs == 0


def test_openvino_is_not_needed_for_what_does_not_run(tmp_path: Path) -> None:
    """Manifest, labels, state and identity leave it alone: looked at in a process of its own."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.models.manifest import Manifest\n"
        "from core.models.loading import RuntimeOptions\n"
        "from core.models.runtime import Runtime\nfrom core.errors import ModelAbsentError\n"
        "def away(file, fetch=False): raise ModelAbsentError('away')\n"
        "p = Path('core/models/models.toml')\nm = Manifest.read((p.read_text(), p.parent))\n"
        "r = Runtime(m, away, RuntimeOptions())\n"
        "for n in m: r.state(n), r.identity(m[n])\n"
        "r.labels(m['yolox_nano'])\nassert 'openvino' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_manifest_and_options_are_told(colours: Model) -> None:
    runtime = Runtime(Manifest([colours]), at_hand, RuntimeOptions())
    assert list(runtime.manifest) == ["colours"]
    assert runtime.options.precision == "f32"

"""Compiled networks that are kept: whole or not at all, however the last process ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.models import compile_cache as keeping
from core.models import graph
from core.models.compile_cache import CompileCache
from core.models.model import Model
from tests.conftest import ROOT
from tests.core.models.making import a_runtime, a_table, coloured, planes, saved, soon

BLOB = bytes(range(256)) * 4000
Spoil = Callable[[bytes], bytes]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    cache = CompileCache(tmp_path / "made" / "deep")
    assert cache.load("a") is None
    cache.save("a", BLOB)
    assert (cache.load("a"), cache.load("b")) == (BLOB, None)
    cache.delete("a")
    assert cache.load("a") is None


SPOILT: dict[str, Spoil] = {
    "empty": lambda data: data[:0],
    "header only": lambda data: data[:20],
    "half": lambda data: data[: len(data) // 2],
    "a byte short": lambda data: data[:-1],
    "a byte more": lambda data: data + b"\0",
    "a bit turned": lambda data: (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    ),
    "never flushed": lambda data: bytes(len(data)),
    "another file": lambda data: data[::-1],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_what_is_spoilt_is_not_loaded_and_goes(tmp_path: Path, spoil: Spoil) -> None:
    cache = CompileCache(tmp_path)
    cache.save("a", BLOB)
    (path,) = tmp_path.iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    assert cache.load("a") is None
    assert not path.exists()


def test_nowhere_and_no_permission(tmp_path: Path) -> None:
    CompileCache(None).save("a", BLOB)
    assert CompileCache(None).load("a") is None
    (tmp_path / "file").write_text("in the way")
    for cache in (CompileCache(tmp_path / "file"), CompileCache(Path("/proc/nowhere"))):
        cache.save("a", BLOB)
        assert cache.load("a") is None


def test_only_so_many_are_kept_and_leftovers_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_MOST", 3)
    (tmp_path / "old.77.part").write_bytes(b"half")
    os.utime(tmp_path / "old.77.part", (1, 1))
    (tmp_path / "new.78.part").write_bytes(b"somebody writes it now")
    cache = CompileCache(tmp_path)
    for number in range(6):
        cache.save(str(number), BLOB)
        os.utime(tmp_path / f"{number}.blob", (1000 + number, 1000 + number))
    cache.save("last", BLOB)
    assert {path.name for path in tmp_path.iterdir()} == {"4.blob", "5.blob", "last.blob", "new.78.part"}


def test_a_kill_in_the_middle_of_a_write(tmp_path: Path) -> None:
    """A process that saves over and over is killed at many moments; each time the next one finds all or nothing."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.models.compile_cache import CompileCache\n"
        "print(flush=True)\nwhile True:\n    CompileCache(Path(sys.argv[1])).save('a', bytes(range(256)) * 40000)\n"
    )
    whole = bytes(range(256)) * 40000
    for number in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", code, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.003 * number)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert CompileCache(tmp_path).load("a") in {None, whole}
    CompileCache(tmp_path).save("a", whole)
    assert CompileCache(tmp_path).load("a") == whole


# --- in the runtime ------------------------------------------------------------------------------------------------


def seen(model: Model, folder: Path | None) -> float:
    """What a fresh runtime gives."""
    return float(a_runtime(model, compiled=folder).tensors(model, coloured(1)[np.newaxis], soon())["out0"].sum())


class Compiles:
    """Counts what the compiler does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        compiled = graph.compiled

        def counted(*arguments: object) -> object:
            self.count += 1
            return compiled(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(graph, "compiled", counted)


def test_the_second_start_compiles_nothing(colours: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiles = Compiles(monkeypatch)
    assert seen(colours, tmp_path) == seen(colours, tmp_path) == 200
    assert compiles.count == 1
    assert seen(colours, None) == 200
    assert compiles.count == 2


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_one_is_compiled_anew(
    colours: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    compiles = Compiles(monkeypatch)
    seen(colours, tmp_path)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    path.write_bytes(spoil(good))
    assert seen(colours, tmp_path) == 200
    assert compiles.count == 2
    assert path.read_bytes()[:20] == good[:20]
    assert seen(colours, tmp_path) == 200
    assert compiles.count == 2


def test_one_that_openvino_does_not_take_is_compiled_anew(
    colours: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiles = Compiles(monkeypatch)
    seen(colours, tmp_path)
    (path,) = tmp_path.iterdir()
    CompileCache(tmp_path).save(path.stem, b"whole, but no network")
    assert seen(colours, tmp_path) == 200
    assert compiles.count == 2


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"threads": 2}, {}),
        ({"precision": "f16"}, {}),
        ({"hint": "throughput"}, {}),
        ({}, {"precision": "bf16"}),
        ({}, {"labels": ("a", "b", "c")}),
    ],
    ids=str,
)
def test_another_setting_is_another_network(
    colours: Model, tmp_path: Path, options: dict[str, object], fields: dict[str, object]
) -> None:
    seen(colours, tmp_path)
    other = msgspec.structs.replace(colours, **fields)
    a_runtime(other, compiled=tmp_path, **options).load("colours", soon(), fetch=False)
    assert len(list(tmp_path.glob("*.blob"))) == 2


def test_other_weights_or_another_table_are_another_network(networks: Path, tmp_path: Path) -> None:
    path = saved(networks, "kept", planes)
    segment = {"task": "segment", "decoder": "argmax"}
    for about in ({}, {"mean": (10.0,)}, {"color": "RGB"}):
        model = a_table(path, input=about, **segment)
        a_runtime(model, compiled=tmp_path).load("kept", soon(), fetch=False)
    path.with_suffix(".bin").write_bytes(np.full(3, 2, np.float32).tobytes())
    a_runtime(a_table(path, **segment), compiled=tmp_path).load("kept", soon(), fetch=False)
    assert len(list(tmp_path.glob("*.blob"))) == 4

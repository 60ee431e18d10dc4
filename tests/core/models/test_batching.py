"""Batches: requests that wait together become one run, and nobody notices but by its speed."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DeadlineExceededError, ModelBusyError, ModelOutputError
from core.limits import Deadline
from core.models.batching import TOLERANCE, BatchedNetwork
from core.models.model import Model
from core.models.network import Network
from core.models.runtime import Runtime
from tests.core.models.making import SIDE, a_runtime, a_table, means, saved, soon
from tests.waiting import PATIENCE, until


def inverse(ops: Any, picture: Any) -> Any:
    """One divided by the mean of each channel: infinite for black."""
    return ops.divide(ops.constant(np.float32(1)), means(ops, picture))


def classes(ops: Any, picture: Any) -> Any:
    """Scores of three classes for each pixel; those of black are not finite."""
    return ops.divide(picture, ops.reduce_max(picture, ops.constant(np.array([1, 2, 3])), True))


def mixed(ops: Any, picture: Any) -> Any:
    """The mean over all pictures of a batch, beside each one's own."""
    own = means(ops, picture)
    return ops.add(own, ops.reduce_mean(own, ops.constant(np.array([0])), True))


def one_row(ops: Any, picture: Any) -> Any:
    """A shape that was written down for one picture."""
    return ops.reshape(picture, ops.constant(np.array([1, 3 * SIDE * SIDE])), False)


def merged(ops: Any, picture: Any) -> Any:
    """All pictures as one long row."""
    return ops.reshape(picture, ops.constant(np.array([1, -1])), False)


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Model]:
    return lambda build, **fields: a_table(saved(tmp_path, build.__name__, build), **{"decoder": "raw", **fields})


def picture(number: int) -> NDArray[np.uint8]:
    return np.random.default_rng(number).integers(1, 256, (1, SIDE, SIDE, 3), np.uint8)


class Gate:
    """Holds the first run of the network of a runtime, so that whoever comes meanwhile waits; notes sizes of runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.running = threading.Event(), threading.Event()
        self.sizes: list[int] = []
        run = Network._infer

        def held(network: Network, request: Any, images: NDArray[np.uint8]) -> float:
            self.sizes.append(len(images))
            if len(self.sizes) == 1:
                self.running.set()
                assert self.go.wait(PATIENCE)
            return run(network, request, images)

        monkeypatch.setattr(Network, "_infer", held)


@contextmanager
def waiting(runtime: Runtime, model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Gate, BatchedNetwork]]:
    """A runtime whose network runs for one request that is held, until `go`."""
    runtime.load(model.name, soon(), fetch=False)
    gate = Gate(monkeypatch)
    with runtime._network(model, soon()) as network, ThreadPoolExecutor(1) as pool:
        assert isinstance(network, BatchedNetwork)
        first = pool.submit(runtime.tensors, model, picture(99), Deadline(PATIENCE))
        assert gate.running.wait(PATIENCE)
        try:
            yield gate, network
        finally:
            gate.go.set()
        first.result(PATIENCE)


def test_who_waits_becomes_one_run(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(means)
    plain, runtime = a_runtime(model), a_runtime(model, batch=4)
    expected = [plain.tensors(model, picture(n), soon())["out0"] for n in range(6)]
    with ThreadPoolExecutor(6) as pool, waiting(runtime, model, monkeypatch) as (gate, network):
        asked = [pool.submit(runtime.tensors, model, picture(n), Deadline(PATIENCE)) for n in range(6)]
        until(lambda: len(network._waiting) == 6)
        gate.go.set()
        for wanted, got in zip(expected, asked, strict=True):
            tensor = got.result(PATIENCE)["out0"]
            assert (tensor.shape, tensor.dtype) == (wanted.shape, wanted.dtype)
            assert np.abs(tensor - wanted).max() <= TOLERANCE["f32"] * wanted.max()
        assert gate.sizes == [1, 4, 2]
    assert runtime.state(model.name).runs == 7


def test_without_company_a_request_waits_its_delay_and_runs_alone(
    made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(means)
    runtime = a_runtime(model, batch=8, batch_delay=0.01)
    runtime.load(model.name, soon(), fetch=False)
    gate = Gate(monkeypatch)
    gate.go.set()
    runtime.tensors(model, picture(0), soon())
    assert gate.sizes == [1]


def test_a_full_batch_waits_for_nobody(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """The delay is longer than the test's patience: only a full batch may begin."""
    model = made(means)
    runtime = a_runtime(model, batch=2, batch_delay=100 * PATIENCE)
    runtime.load(model.name, soon(), fetch=False)
    gate = Gate(monkeypatch)
    gate.go.set()
    with ThreadPoolExecutor(2) as pool:
        for asked in [pool.submit(runtime.tensors, model, picture(n), Deadline(PATIENCE)) for n in range(2)]:
            asked.result(PATIENCE)
    assert gate.sizes == [2]


@pytest.mark.parametrize(("build", "decoder", "task"), [(inverse, "raw", "classify"), (classes, "argmax", "segment")])
def test_what_is_not_finite_hurts_its_own_request_only(
    made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch, build: Any, decoder: str, task: str
) -> None:
    model = made(build, decoder=decoder, task=task)
    runtime = a_runtime(model, batch=4)
    black = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    with ThreadPoolExecutor(3) as pool, waiting(runtime, model, monkeypatch) as (gate, network):
        asked = [
            pool.submit(runtime.tensors, model, image, Deadline(PATIENCE)) for image in (picture(1), black, picture(2))
        ]
        until(lambda: len(network._waiting) == 3)
        gate.go.set()
        assert asked[0].result(PATIENCE)
        assert asked[2].result(PATIENCE)
        with pytest.raises(ModelOutputError):
            asked[1].result(PATIENCE)
        assert gate.sizes == [1, 3]


def test_a_batch_that_fails_runs_one_by_one(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(means)
    runtime = a_runtime(model, batch=4)
    with ThreadPoolExecutor(3) as pool, waiting(runtime, model, monkeypatch) as (gate, network):
        monkeypatch.setattr(network._several, "_free", _Nothing())
        asked = [pool.submit(runtime.tensors, model, picture(n), Deadline(PATIENCE)) for n in range(3)]
        until(lambda: len(network._waiting) == 3)
        gate.go.set()
        assert all(one.result(PATIENCE)["out0"].shape == (1, 3) for one in asked)
        assert gate.sizes == [1, 3, 1, 1, 1]


class _Nothing:
    """A pool whose infer requests fail."""

    def get_nowait(self) -> "_Nothing":
        return self

    def put(self, request: Any) -> None:
        assert request is self

    def set_input_tensor(self, _: Any) -> None:
        raise RuntimeError("a broken device")


def test_a_deadline_ends_the_waiting_of_one_only(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(means)
    runtime = a_runtime(model, batch=4)
    with ThreadPoolExecutor(3) as pool, waiting(runtime, model, monkeypatch) as (gate, network):
        hasty = pool.submit(runtime.tensors, model, picture(1), Deadline(0.05))
        with pytest.raises(DeadlineExceededError):
            hasty.result(PATIENCE)
        assert not network._waiting
        others = [pool.submit(runtime.tensors, model, picture(n), Deadline(PATIENCE)) for n in range(2)]
        until(lambda: len(network._waiting) == 2)
        gate.go.set()
        assert all(one.result(PATIENCE) for one in others)
        assert gate.sizes == [1, 2]


class Gone(Deadline):
    """The deadline of a caller that has gone once it is told so."""

    gone = False

    def check(self, before: str) -> None:
        if self.gone:
            raise DeadlineExceededError(before, 0)
        super().check(before)


def test_a_caller_that_has_gone_leaves_the_batch(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    model, caller = made(means), Gone(PATIENCE)
    runtime = a_runtime(model, batch=4)
    with ThreadPoolExecutor(2) as pool, waiting(runtime, model, monkeypatch) as (gate, network):
        first = pool.submit(runtime.tensors, model, picture(1), caller)
        until(lambda: len(network._waiting) == 1)
        second = pool.submit(runtime.tensors, model, picture(2), Deadline(PATIENCE))
        until(lambda: len(network._waiting) == 2)
        caller.gone = True
        with pytest.raises(DeadlineExceededError):
            first.result(PATIENCE)
        gate.go.set()
        assert second.result(PATIENCE)
        assert gate.sizes == [1, 1]


def test_a_network_that_stays_busy(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(means)
    runtime = a_runtime(model, batch=4, wait=0.05)
    with waiting(runtime, model, monkeypatch), pytest.raises(ModelBusyError):
        runtime.tensors(model, picture(1), Deadline(PATIENCE))


def test_the_core_is_lent_while_a_request_waits(made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    lent: list[str] = []

    @contextmanager
    def lend() -> Iterator[None]:
        lent.append("lent")
        yield
        lent.append("back")

    model = made(means)
    runtime = a_runtime(model, batch=2, batch_delay=0.0, lend=lend)
    with ThreadPoolExecutor(1) as pool, waiting(runtime, model, monkeypatch) as (gate, _):
        assert lent == []
        asked = pool.submit(runtime.tensors, model, picture(1), Deadline(PATIENCE))
        until(lambda: lent == ["lent"])
        gate.go.set()
        asked.result(PATIENCE)
        assert lent == ["lent", "back"]


@pytest.mark.parametrize("build", [mixed, one_row, merged])
def test_a_network_that_takes_no_batches_runs_as_before(made: Callable[..., Model], build: Any) -> None:
    model = made(build)
    plain, runtime = a_runtime(model), a_runtime(model, batch=4)
    with runtime._network(model, soon()) as network:
        assert isinstance(network, Network)
    got, wanted = (one.tensors(model, picture(1), soon())["out0"] for one in (runtime, plain))
    assert np.array_equal(got, wanted)


def test_batches_come_from_the_compile_cache(
    made: Callable[..., Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(means)
    a_runtime(model, batch=4, compiled=tmp_path / "kept").load(model.name, soon(), fetch=False)
    assert len(list((tmp_path / "kept").iterdir())) == 2
    monkeypatch.setattr("core.models.graph.compiled", None)
    again = a_runtime(model, batch=4, compiled=tmp_path / "kept")
    with again._network(model, soon()) as network:
        assert isinstance(network, BatchedNetwork)


def test_what_batches_change_is_told(made: Callable[..., Model]) -> None:
    """Rounding differs, so the digest does; the network is in memory twice."""
    model = made(means)
    plain, runtime = a_runtime(model), a_runtime(model, batch=4)
    assert "batch" not in plain.identity(model)
    assert runtime.identity(model) == plain.identity(model) | {"batch": 4}
    assert runtime.state(model.name).bytes == 2 * plain.state(model.name).bytes


def test_under_load_each_request_gets_its_own_answer(made: Callable[..., Model]) -> None:
    """Every fifth picture is black, which this network cannot do: its request fails, those of its batch do not."""
    model = made(inverse)
    runtime = a_runtime(model, batch=8, batch_delay=0.001)
    together = threading.Barrier(12)

    def client(number: int) -> list[str]:
        together.wait(PATIENCE)
        wrong = []
        for turn in range(25):
            index = 25 * number + turn
            shown = picture(index) if index % 5 else np.zeros_like(picture(0))
            wanted = 1 / shown.mean(axis=(0, 1, 2), dtype=np.float64)[None] if index % 5 else None
            try:
                got = runtime.tensors(model, shown, Deadline(PATIENCE))["out0"].reshape(1, 3)
            except ModelOutputError:
                wrong += [] if wanted is None else [f"{index} failed"]
            else:
                alike = wanted is not None and np.allclose(got, wanted, rtol=1e-3)
                wrong += [] if alike else [f"{index}: {got} for {wanted}"]
        return wrong

    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(client, number) for number in range(12)]
        assert [one for each in asked for one in each.result(10 * PATIENCE)] == []


def test_a_model_that_is_unloaded_meanwhile_answers_who_waits(
    made: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(means)
    runtime = a_runtime(model, batch=4, wait=PATIENCE)
    with ThreadPoolExecutor(5) as pool:
        with waiting(runtime, model, monkeypatch) as (gate, network):
            asked = [pool.submit(runtime.tensors, model, picture(n), Deadline(PATIENCE)) for n in range(3)]
            until(lambda: len(network._waiting) == 3)
            gone = pool.submit(runtime.unload, model.name)
            gate.go.set()
            assert [one.result(PATIENCE)["out0"].shape for one in asked] == [(1, 3)] * 3
        gone.result(PATIENCE)
    assert runtime.state(model.name).state == "cached"

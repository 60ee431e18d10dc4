"""Room and requests are bounded: models take turns, and whoever finds a model busy hears when to come again."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import DeadlineExceededError, ModelBusyError
from core.limits import Deadline
from core.models.model import Model
from tests.core.models.making import LABELS, a_runtime, best, copied, heavy, soon

Made = Callable[..., Model]


def test_two_of_four_models_fit_and_two_hundred_turns_go_well(colours: Model, tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    models = [copied(colours, name) for name in names]
    runtime = a_runtime(*models, memory=2 * colours.memory, compiled=tmp_path)
    for turn in range(200):
        model = models[turn % 4]
        assert best(runtime, model, turn % 3) == LABELS[turn % 3]
        ready = [name for name in names if runtime.state(name).state == "ready"]
        assert model.name in ready
        assert len(ready) <= 2
    assert [runtime.state(name).runs for name in names] == [50] * 4
    assert sum(runtime.state(name).loads for name in names) == 200  # the oldest of two is never the next of four


def test_four_models_in_eight_threads(colours: Model) -> None:
    models = [copied(colours, name) for name in "abcd"]
    runtime = a_runtime(*models, memory=2 * colours.memory, wait=60.0)

    def work(number: int) -> list[bool]:
        turns = itertools.islice(itertools.cycle(range(4)), number, number + 25)
        return [best(runtime, models[turn], turn % 3) == LABELS[turn % 3] for turn in turns]

    with ThreadPoolExecutor(8) as pool:
        assert all(itertools.chain(*pool.map(work, range(8))))


def test_a_busy_model(networks: Path, made: Made) -> None:
    """One infer request, one that holds it: the other waits for as long as it may, then hears when to come again."""
    model = made("heavy", heavy)
    runtime = a_runtime(model, wait=0.05)
    runtime.load("heavy", soon(), fetch=False)
    with runtime._network(model, soon()) as network, network._request(soon()):
        with pytest.raises(ModelBusyError) as told:
            best(runtime, model, 0)
        assert (told.value.status, told.value.code) == (429, "model_busy")
        assert told.value.seconds >= 1
        with pytest.raises(DeadlineExceededError):
            best(runtime, model, 0, Deadline(0.01))
        with pytest.raises(ModelBusyError):
            runtime.unload("heavy")
    assert runtime.state("heavy").state == "ready"
    assert best(runtime, model, 0) in LABELS


def test_as_many_requests_as_the_device_likes(colours: Model) -> None:
    runtime = a_runtime(colours, hint="throughput", threads=2)
    with runtime._network(colours, soon()) as network:
        many = network.requests
    assert many >= 1
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: best(runtime, colours, number % 3), range(64)))
    assert answers == [LABELS[number % 3] for number in range(64)]

"""Surveys, trials and forecasts: sums over strata, and nothing written."""

from pathlib import Path

import pytest

from core.limits import Deadline
from service.batch.batch import BatchOptions, open_batch
from service.batch.forecast import forecast
from service.batch.pool import Process
from service.batch.prices import Compute, Prices, prices
from service.batch.row import BatchRow, Item, Totals
from service.batch.survey import Survey
from service.batch.trial import TrialStores
from service.batch.work import Spent
from storage.address import Address
from storage.errors import NoObjectError
from storage.facts import Entry, ObjectMetadata
from storage.options import Options

COMPUTE = Compute(1.0, 0.0, 0.0, 0.5)
FREE = Prices(prices().date, COMPUTE, {"gs": {"write": 0.5}}, {"gs": 0.25}, prices().aws_lambda)


def entries(*sizes: int, suffix: str = "jpg") -> list[Entry]:
    return [Entry(Address("gs", "in", f"{number}.{suffix}"), size, 0.0) for number, size in enumerate(sizes)]


class Linear:
    """Work that takes a second and a write an object, and a second for each thousand bytes."""

    def process(self, item: Item) -> BatchRow:
        return BatchRow(
            source=item.key, size=item.size, outcome="done", wrote=1, seconds=1 + item.size / 1000,
            operations={"gs write": 1, "gs stat": 3},
        )  # fmt: skip


def found(survey: Survey, given: Prices = FREE, processes: int = 1) -> Totals:
    return forecast(survey, lambda: Linear().process, given, "gs", processes).totals


def test_it_is_the_sum_over_sizes_however_uneven() -> None:
    sizes = [1000] * 5000 + [64_000] * 50 + [9_000_000]
    expected = len(sizes) * 1.25 + sum(sizes) / 1000
    totals = found(Survey(entries(*sizes)))
    assert (totals.objects, totals.bytes) == (len(sizes), sum(sizes))
    assert totals.seconds == pytest.approx(expected, rel=0.01)
    assert totals.wrote == len(sizes)
    assert totals.operations == {"gs write": 5051, "gs stat": 3 * 5051, "gs list": 2 * 6}


def test_nothing_to_do_takes_nothing() -> None:
    totals = found(Survey())
    assert (totals.objects, totals.wrote) == (0, 0)
    assert totals.seconds == pytest.approx(0, abs=0.1)


def test_what_a_process_takes_once_is_counted_once_for_each() -> None:
    def start() -> Process:
        first = iter([True])

        def process(item: Item) -> BatchRow:
            return BatchRow(source=item.key, size=1, outcome="done", seconds=1 + 500 * next(first, False))

        return process

    totals = forecast(Survey(entries(*[1000] * 2000)), start, FREE, "gs", 2).totals
    assert totals.seconds == pytest.approx(2000 + 2 * 500, rel=0.05)


def test_a_trial_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """One object is tried all the same, and there is no time to try it twice."""
    monkeypatch.setattr("service.batch.forecast._SECONDS", -1.0)
    told = forecast(Survey(entries(*[1000] * 2000)), lambda: Linear().process, FREE, "gs", 1)
    assert told.tried == 1
    assert told.totals.seconds == pytest.approx(2000 * 2.25, rel=0.05)


def test_dollars() -> None:
    dollars = FREE.dollars(Totals(seconds=3.0, operations={"gs write": 4, "gs stat": 9, "file write": 100}))
    assert dollars == (6.0, 2.0)
    assert dollars.total == 8


def test_a_survey_keeps_few_of_many() -> None:
    survey = Survey(entries(*range(1, 20_000)))
    assert sum(len(one.sample) for one in survey.strata.values()) <= 64 * 15
    assert sum(one.objects for one in survey.strata.values()) == survey.objects == 19_999


def test_what_weighs_most_is_tried_first() -> None:
    survey = Survey([*entries(*[100] * 10), *entries(*[100_000] * 10, suffix="png")])
    first = [pick.entry.size for pick, _ in zip(survey.picks(), range(6), strict=False)]
    assert first.count(100_000) > first.count(100) > 0


def test_a_trial_writes_nothing(tmp_path: Path) -> None:
    spent, place, scratch, root = Spent(), Address("file", "in", "a"), tmp_path / "scratch", tmp_path / "root"
    scratch.mkdir()
    root.mkdir()
    store = TrialStores(Options(root=root), spent.watch, scratch).of(place)
    with pytest.raises(NoObjectError):
        store.read(place, Deadline(9))
    store.write(place, b"x", ObjectMetadata(), Deadline(9))
    store.delete(place, "1", Deadline(9))
    assert list(root.iterdir()) == []
    assert spent.take()[1] == {"file stat": 1, "file write": 1, "file delete": 1}
    assert spent.take()[1] == {}


def test_a_trial_does_what_the_batch_does(tmp_path: Path) -> None:
    from tests.batch.support import make_objects

    make_objects(tmp_path / "in", 3, damaged=1)
    batch = open_batch(BatchOptions(source=str(tmp_path / "in"), target=str(tmp_path / "out"), pipeline="blur"), {})
    item = Item(0, "000/000000.png", 1)
    (tmp_path / "scratch").mkdir()
    trial = batch.trial(tmp_path / "scratch").process(item)
    assert not (tmp_path / "out").exists()
    batch.places.make()
    real = batch.work().process(item)
    assert (trial.outcome, trial.wrote, trial.operations) == (real.outcome, real.wrote, real.operations) == (
        "done", 1, {"file stat": 4, "file read": 2, "file write": 1},
    )  # fmt: skip
    assert real.outputs[0].url == "file://out/000/000000.png"
    assert batch.work().process(item).operations == {"file stat": 2}, "what is there costs two looks"

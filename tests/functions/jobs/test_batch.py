"""The command of batches: kills, stops, tasks, tables, forecasts."""

import csv
import json
import os
import signal
import time
from pathlib import Path

import pytest

from functions.jobs import batch
from tests.batch.support import (
    OBJECTS,
    SECONDS,
    WRITES,
    checksums,
    command,
    finish,
    killed,
    make_objects,
    marks,
    results,
    run,
    start,
    told,
)  # fmt: skip

COUNT, DAMAGED = 200, 3


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_objects(tmp_path_factory.mktemp("batch") / "in", COUNT, damaged=DAMAGED)


@pytest.fixture(scope="module")
def made(source: Path) -> Path:
    """The results of a run that nothing disturbed."""
    target = source.parent / "undisturbed"
    forecast = run(source, target, "--dry-run")
    assert not target.exists()
    printed = run(source, target, codes=[batch.FAILED])
    assert told(forecast, OBJECTS) == COUNT
    assert told(forecast, WRITES) == pytest.approx(told(printed, WRITES), rel=0.2)
    assert 0.3 < told(forecast, SECONDS) / told(printed, SECONDS) < 3  # `make prove-batch` judges it
    assert "not_an_image" in printed
    return target


def manifest(source: Path, target: Path) -> list[dict[str, object]]:
    file = target.with_suffix(".jsonl")
    run(source, target, "--manifest", str(file))
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_killed_and_started_again_each_result_is_made_once(source: Path, made: Path, tmp_path: Path) -> None:
    target, seen = tmp_path / "out", dict[str, tuple[int, int]]()
    for _ in range(3):
        now = killed(source, target, len(seen) + 10, "--processes", "1")
        assert seen.items() <= now.items()
        seen = now
    assert 30 < len(seen) < COUNT - DAMAGED, "it was killed while it worked"
    run(source, target, codes=[batch.FAILED])
    assert seen.items() <= marks(target).items()
    assert checksums(target) == checksums(made)
    rows = manifest(source, target)
    assert len({row["source"] for row in rows}) == len(rows) == COUNT
    assert [row["source"] for row in rows] == sorted(str(row["source"]) for row in rows)


def test_a_stop_finishes_what_is_in_flight_and_says_how_to_go_on(source: Path, made: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    process = start(command(source, target, "--processes", "1"))
    while len(results(target)) < 10:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    printed = finish(process, batch.STOPPED)
    assert "The same command goes on from here" in printed
    done = marks(target)
    rows = manifest(source, target)
    assert len(done) == sum(row["outcome"] == "done" for row in rows) < COUNT, "all that was made is noted"
    run(source, target, codes=[batch.FAILED])
    assert done.items() <= marks(target).items()
    assert checksums(target) == checksums(made)


def test_a_dry_run_that_is_ended_leaves_nothing(source: Path, tmp_path: Path) -> None:
    words = [word if word != "resize:48" else "denoise" for word in command(source, tmp_path / "out", "--dry-run")]
    process = start(words, {"TMPDIR": str(tmp_path)})
    while not list(tmp_path.glob("darkroom-trial-*/*")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    finish(process, batch.STOPPED)
    assert list(tmp_path.iterdir()) == []


def test_tasks_of_a_job_share_the_work(source: Path, made: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    jobs = [
        start(command(source, target, "--processes", "1"),
              {"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_COUNT": "3"})
        for index in range(3)
    ]  # fmt: skip
    for job in jobs:
        finish(job, 0, batch.FAILED)
    assert checksums(target) == checksums(made)
    file = tmp_path / "all.jsonl"
    run(source, target, "--manifest", str(file), "--tasks", "3")
    sources = [json.loads(line)["source"] for line in file.read_text().splitlines()]
    assert len(set(sources)) == len(sources) == COUNT
    _, errors = start(command(source, target, "--tasks", "2")).communicate()
    assert "shared by 3 tasks; 2 cannot" in errors


def test_failures_are_told_and_tried_again(source: Path, tmp_path: Path) -> None:
    few, target, table = tmp_path / "in", tmp_path / "out", tmp_path / "failed.csv"
    make_objects(few, 6, damaged=2)
    run(few, target, codes=[batch.FAILED])
    run(few, target, "--failures", str(table))
    with table.open(newline="") as file:
        failed = list(csv.DictReader(file))
    assert [row["code"] for row in failed] == ["not_an_image"] * 2
    assert all("supported format" in row["detail"] for row in failed)
    before = marks(target)
    (few / "000" / "000004.jpg").write_bytes((few / "000" / "000001.jpg").read_bytes())
    printed = run(few, target, "--retry-failed", codes=[batch.FAILED])
    assert "2 objects, 1 results written, 1 failed" in printed
    assert before.items() < marks(target).items()
    assert "--again looks at everything again" in run(few, target, codes=[batch.FAILED])


def test_bounds(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert "after --max-objects 7" in run(source, target, "--max-objects", "7", codes=[batch.STOPPED])
    assert len(results(target)) == 7
    process = start(command(source, target, "--max-cost", "0.0000001"))
    _, errors = process.communicate()
    assert process.returncode == batch.USAGE
    assert "more than --max-cost" in errors
    assert len(results(target)) == 7


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(["--from", "nowhere", "--to", "out", "--pipeline", "blur"], "no folder", id="no-folder"),
        pytest.param(["--from", "in", "--to", "out", "--pipeline", "blurr"], 'Did you mean "blur"', id="no-filter"),
        pytest.param(["--from", "in", "--to", "in/deep", "--pipeline", "blur"], "inside the other", id="inside"),
        pytest.param(["--from", "in"], "--to and --pipeline", id="nothing-to-do"),
        pytest.param(["--from", "ftp://in/", "--to", "gs://out/", "--pipeline", "blur"], "scheme", id="scheme"),
        pytest.param(["--from", "gs://in/", "--to", "gs://in/", "--pipeline", "blur"], "in a loop", id="loop"),
        pytest.param(["--from", "in", "--rules", "none.toml"], "cannot be read: No such file", id="no-rules"),
        pytest.param(
            ["--from", "in", "--to", "out", "--pipeline", "blur", "--task", "2"],
            "(2) must be below --tasks (1)",
            id="task",
        ),
        pytest.param(["--from", "in", "--to", "in", "--pipeline", "blur"], "in a loop", id="the-same"),
        pytest.param(
            ["--from", "in", "--to", "out", "--pipeline", "blur", "--manifest", "m.csv"],
            "Nothing has been processed",
            id="early",
        ),
    ],
)
def test_mistakes_are_told(
    arguments: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    assert batch.main([*arguments, "--dry-run"]) == batch.USAGE
    assert text in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


BEYOND = {
    "an empty place": (["--from", ""], {}, "argument --from: it is empty"),
    "less than none": (["--max-objects", "-5"], {}, '"-5" should be a whole number from 1'),
    "no processes": (["--processes", "-1"], {}, '"-1" should be a whole number from 1'),
    "no amount": (["--max-cost", "nan"], {}, '"nan" should be an amount such as 2.50'),
    "no task": ([], {"CLOUD_RUN_TASK_INDEX": "x"}, 'argument --task: "x" should be a whole number from 0 to 9,999'),
    "a task below": ([], {"CLOUD_RUN_TASK_INDEX": "-1"}, 'argument --task: "-1" should be'),
    "no tasks": ([], {"CLOUD_RUN_TASK_COUNT": ""}, 'argument --tasks: "" should be a whole number from 1 to 10,000'),
    "many tasks": ([], {"CLOUD_RUN_TASK_COUNT": "9" * 20}, "argument --tasks"),
    "many processes": (["--processes", "257"], {}, '"257" should be a whole number from 1 to 256'),
}


@pytest.mark.parametrize(("words", "variables", "text"), BEYOND.values(), ids=BEYOND)
def test_what_no_option_takes(
    words: list[str], variables: dict[str, str], text: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        batch.main(["--from", ".", "--to", "out", "--pipeline", "blur", *words])
    assert ended.value.code == batch.USAGE
    assert text in capsys.readouterr().err


def test_a_name_that_no_address_has_is_one_failure(tmp_path: Path) -> None:
    source, target = make_objects(tmp_path / "in", 3), tmp_path / "out"
    for name in ("0\n.jpg", "zz\n.jpg"):  # the first and the last of the listing
        (source / name).write_bytes((source / "000/000001.jpg").read_bytes())
    for words in ((), ("--retry-failed",), ("--again",)):
        assert " 2 failed." in run(source, target, "--processes", "1", *words, codes=[batch.FAILED])
    rows = manifest(source, target)
    assert [row["code"] for row in rows] == ["bad_address", "", "", "", "bad_address"]
    assert len(results(target)) == 3


def test_names_that_no_result_or_no_address_can_have(tmp_path: Path) -> None:
    source, target = make_objects(tmp_path / "in", 1), tmp_path / "out"
    data = (source / "000/000000.png").read_bytes()
    (source / f"{'x' * 251}.jpg").write_bytes(data)  # of .webp it would have 256 bytes
    for name in (b"caf\xe9.jpg", b"\xff/b.jpg"):
        path = Path(os.fsdecode(os.fsencode(source) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    forecast = run(source, target, "--dry-run")
    assert "about 3 objects cannot be processed" in forecast
    assert told(forecast, OBJECTS) == 4
    for words in ((), ("--retry-failed",), ("--again",)):
        printed = run(source, target, "--processes", "1", *words, codes=[batch.FAILED])
        assert "2  bad_name" in printed
        assert "1  bad_address" in printed
    rows = {str(row["source"]).split("/", 3)[3]: row for row in manifest(source, target)}
    assert list(rows) == ["000/000000.png", r"\xff/b.jpg", r"caf\xe9.jpg", f"{'x' * 251}.jpg"]
    assert [row["attempts"] for row in rows.values()] == [1] * 4, "what cannot pass is not tried again"
    assert "is not UTF-8" in str(rows[r"caf\xe9.jpg"]["detail"])


def test_as_many_objects_as_there_are_are_all(tmp_path: Path) -> None:
    source, target = make_objects(tmp_path / "in", 3), tmp_path / "out"
    assert "Stopped" not in run(source, target, "--max-objects", "3", "--processes", "150")


def test_a_store_that_takes_nothing_stops_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_objects(tmp_path / "in", 12)
    monkeypatch.setenv("DARKROOM_FILES", str(tmp_path))
    monkeypatch.setattr("functions.jobs.batch_run._TROUBLE", 5)
    command = ["--from", "file://in/", "--to", "file://out/", "--pipeline", "resize:16", "--format", "png",
               "--state", str(tmp_path / "state"), "--attempts", "1", "--processes", "1"]  # fmt: skip
    (tmp_path / "state").mkdir()
    assert batch.main(command) == batch.STOPPED
    assert "because 5 objects in a row failed, the last as no_bucket" in capsys.readouterr().out
    (tmp_path / "out").mkdir()
    assert batch.main(command) == batch.FAILED
    assert batch.main([*command, "--retry-failed"]) == 0
    assert len(results(tmp_path / "out")) == 12


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "out"
    assert batch.main(["--from", str(tmp_path / "in"), "--to", str(target), "--pipeline", "blur"]) == batch.USAGE
    assert f'The folder "{target}" cannot be made: Not a directory.' in capsys.readouterr().err

"""The batch on Apache Beam: `make beam-test`. The same results as by processes, one row for each object."""

import json
import sys
from pathlib import Path

import pytest

from functions.jobs import beam, beam_steps
from service.batch.batch import BatchOptions
from tests.batch.support import BEAM, PIPELINE, checksums, finish, make_objects, marks, run, start
from tests.batch.support import beam as on_beam
from tools.ports import free_port

COUNT, DAMAGED = 60, 2


@pytest.mark.beam
def test_the_same_results_and_a_row_for_each(tmp_path: Path) -> None:
    source = make_objects(tmp_path / "in", COUNT, damaged=DAMAGED)
    run(source, tmp_path / "local", codes=[1])
    target, rows = tmp_path / "beam", tmp_path / "rows"
    more = ["--rows-failed", str(rows / "failed"), "--runner=FnApiRunner"]
    assert f"{COUNT} objects, {DAMAGED} failed." in on_beam(source, target, rows / "all", *more)
    assert checksums(target) == checksums(tmp_path / "local")
    lines = {
        name: [json.loads(line) for file in rows.glob(f"{name}-*") for line in file.read_text().splitlines()]
        for name in ("all", "failed")
    }
    assert len({row["source"] for row in lines["all"]}) == len(lines["all"]) == COUNT
    assert [row["code"] for row in lines["failed"]] == ["not_an_image"] * DAMAGED
    before = marks(target)
    on_beam(source, target, rows / "again", "--runner=FnApiRunner")
    assert marks(target) == before, "a second start makes nothing twice"


@pytest.mark.beam
def test_a_manifest_as_parquet(tmp_path: Path) -> None:
    """Of the local runner: pyarrow is in this environment only."""
    source, target = make_objects(tmp_path / "in", 3), tmp_path / "out"
    run(source, target)
    command = [str(BEAM), "-m", "functions.jobs.batch", "--from", str(source), "--to", str(target)]
    more = ["--pipeline", "resize:48", "--format", "webp", "--manifest", str(tmp_path / "all.parquet")]
    assert "3 objects" in finish(start([*command, *more]))
    told = "import sys; from pyarrow import parquet; print(parquet.read_table(sys.argv[1])[9][2][0]['url'])"
    assert finish(start([str(BEAM), "-c", told, str(tmp_path / "all.parquet")])) == "file://out/000/000002.webp\n"


@pytest.mark.beam
@pytest.mark.parametrize(
    ("arguments", "seconds"), [([], 30 * 24 * 3600), (["--job_server_timeout=9"], 9), (["--job-server-timeout=9"], 9)]
)
def test_a_job_may_take_days(arguments: list[str], seconds: int) -> None:
    """Beam's own limit ended every job on a portable runner that took five minutes."""
    told = (
        "import sys; from functions.jobs.beam import beam_options; "
        "from apache_beam.options.pipeline_options import PortableOptions; "
        "print(beam_options(sys.argv[1:]).view_as(PortableOptions).job_server_timeout)"
    )
    assert finish(start([str(BEAM), "-c", told, *arguments])) == f"{seconds}\n"


@pytest.mark.beam
def test_a_job_that_breaks_off_says_so(tmp_path: Path) -> None:
    source = make_objects(tmp_path / "in", 1)
    job = start([
        str(BEAM), "-m", "functions.jobs.beam", "--from", str(source), "--to", str(tmp_path / "out"), *PIPELINE,
        "--runner=PortableRunner", f"--job_endpoint=localhost:{free_port()}", "--job_server_timeout=1",
    ])  # fmt: skip
    printed, errors = job.communicate(timeout=3600)
    assert (job.returncode, printed) == (beam.STOPPED, "")
    assert "Beam's job broke off" in errors
    assert "Traceback" not in errors


def test_mistakes_are_told_before_a_worker_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert beam.main(["--from", "none", "--to", "out", "--pipeline", "blur", "--runner=X"]) == beam.USAGE
    assert "no folder" in capsys.readouterr().err


def test_workers_are_told_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DARKROOM_SIGNING_KEY", "DARKROOM_MONGO", "DARKROOM_MAX_PIXELS", "OTHER"):
        monkeypatch.setenv(name, "1")
    names = [name for name, _ in beam._told(BatchOptions(source="x"))[1]]
    assert "DARKROOM_MAX_PIXELS" in names
    assert not {"DARKROOM_SIGNING_KEY", "DARKROOM_MONGO", "OTHER"} & set(names)


def test_a_process_opens_a_batch_once(tmp_path: Path) -> None:
    make_objects(tmp_path / "in", 3)
    told = (BatchOptions(source=str(tmp_path / "in"), target=str(tmp_path / "out"), pipeline="blur"), ())
    assert beam_steps.Opened.of(told) is beam_steps.Opened.of(told)
    assert [key for key, *_ in beam_steps.listed(None, told)] == [
        f"000/00000{n}.{e}" for n, e in enumerate(("png", "jpg", "jpg"))
    ]


def test_without_its_packages_it_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "apache_beam", None)  # as where it is not installed
    (tmp_path / "in").mkdir()
    told = ["--from", str(tmp_path / "in"), "--to", str(tmp_path / "out"), "--pipeline", "blur"]
    assert beam.main(told) == beam.USAGE
    assert "requirements-beam.txt" in capsys.readouterr().err

"""The short form of `make prove-hostile`: one body of each family, and the large ones that once held a core."""

from collections.abc import Callable, Iterator

import pytest

from tests.hostile.bodies import DOORS, PROCESS, SMALL, Sent, by_form, raw
from tests.hostile.containers import PICTURES
from tests.hostile.measuring import Server, measured
from tests.hostile.messages import BODIES
from tests.hostile.table import Asked, Case, declared, measure

SIZE = 160 * 1024
ONCE = 31 * 1024**2
"""The length of the bodies that took seconds."""
_WITHOUT_LOADING = [door for door in DOORS if door != "network"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with measured(tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.mark.parametrize("name", BODIES)
def test_a_body_costs_what_its_bytes_deserve(name: str, server: Server) -> None:
    assert measure(server, Case(name, lambda: Asked(BODIES[name](SIZE)))).broken == []


@pytest.mark.parametrize(("number", "name"), [*enumerate(PICTURES)], ids=PICTURES)
def test_a_picture_costs_what_its_bytes_deserve(number: int, name: str, server: Server) -> None:
    door = _WITHOUT_LOADING[number % len(_WITHOUT_LOADING)]
    data = PICTURES[name](SIZE)
    row = measure(server, Case(name, lambda: Asked(DOORS[door](data), declared(data, door))))
    assert row.broken == [], row


HOLES: dict[str, tuple[Callable[[], Sent], int, str]] = {
    "progressive-scans": (lambda: raw(PICTURES["jpeg-scans"](1_000_000)), 413, "too_much_work"),
    "scans-of-255-components": (
        lambda: raw(PICTURES["jpeg-scans-of-255-components"](40_000)), 413, "too_much_work",
    ),
    "form-of-boundaries": (lambda: BODIES["form-boundaries"](ONCE), 400, "bad_body"),
    "gif-with-a-tail-of-zeros": (lambda: by_form(PICTURES["gif-zeros-behind"](ONCE)), 200, ""),
    "gif-of-tiny-sub-blocks": (lambda: by_form(PICTURES["gif-small-sub-blocks"](ONCE)), 413, "too_much_work"),
    "900,000-pictures": (lambda: BODIES["json-pictures"](14 * 900_000), 400, "bad_body"),
    "20,000-records": (lambda: BODIES["events-records"](180 * 20_000), 400, "bad_event"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "status", "code"), HOLES.values(), ids=HOLES)
def test_what_took_seconds(make: Callable[[], Sent], status: int, code: str, server: Server) -> None:
    row = measure(server, Case(code, lambda: Asked(make())))
    assert row.broken == [], row
    assert (row.cost.status, row.cost.code) == (status, code)


MEBIBYTES = 30
REFUSALS = {
    "404": (Sent("/nowhere", b""), 404, 1e-3),
    "401": (Sent(PROCESS, b"", headers=(("Host", "example.com"),)), 401, 1e-3),
    "413": (Sent(PROCESS, b""), 413, 0.1e-3),
}
"""A request, its status, and the seconds of CPU that a MiB of its body may cost."""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that refuses strangers, and bodies above 30 MiB."""
    variables = {"DARKROOM_AUTH": "", "DARKROOM_MAX_BODY_BYTES": str(MEBIBYTES * 1024**2)}
    with measured(tmp_path_factory.mktemp("strict"), variables) as running:
        yield running


@pytest.mark.parametrize(("sent", "status", "most"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_costs_hardly_more_with_a_body(sent: Sent, status: int, most: float, strict: Server) -> None:
    body = bytes((MEBIBYTES + (status == 413)) * 1024**2)
    without = min(strict.ask(sent._replace(body=SMALL)).seconds for _ in range(5))
    costs = [strict.ask(sent._replace(body=body)) for _ in range(5)]
    assert {cost.status for cost in costs} == {status}
    assert min(cost.seconds for cost in costs) - without <= most * MEBIBYTES

"""Rates and budgets of keys, as their holders meet them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.functions.access.support import Keys
from tests.functions.support import app_with, client_of, picture


def served(folder: Path, **limits: Any) -> tuple[httpx.Client, Keys]:
    keys = Keys(folder / "keys.json")
    keys.add("limited", ["process", "read"], **limits)
    return client_of(app_with(auth="keys", keys=str(keys.path), data=str(folder / "data"))), keys


def test_a_rate(tmp_path: Path) -> None:
    client, keys = served(tmp_path, rate=0.01)
    first, second = (client.get("/v1/version", headers=keys.header("limited")) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["code"] == "rate_limited"
    assert 90 <= int(second.headers["retry-after"]) <= 100
    assert client.get("/v1/version", headers=keys.header("all")).status_code == 200
    assert client.get("/health", headers=keys.header("limited")).status_code == 200


def test_a_budget_is_charged_with_the_work_of_requests(tmp_path: Path) -> None:
    client, keys = served(tmp_path, budget=0.05)
    codes = []
    for _ in range(60):
        response = client.post(
            "/v1/process?pipeline=resize:3000,enlarge=true/blur:31", content=picture(), headers=keys.header("limited")
        )
        codes.append(response.status_code)
        if response.status_code != 200:
            break
    assert set(codes[:-1]) == {200}
    assert codes[-1] == 429, "the work of a request counts"
    assert response.json()["code"] == "budget_spent"
    assert 0 < int(response.headers["retry-after"]) <= 86_400
    assert client.get("/v1/version", headers=keys.header("limited")).status_code == 429
    assert client.get("/v1/version", headers=keys.header("all")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/version", "/v1/nothing", "/v1/models/none"])
def test_every_request_counts(tmp_path: Path, path: str) -> None:
    client, keys = served(tmp_path, rate=0.01)
    assert client.get(path, headers=keys.header("limited")).status_code != 429
    assert client.get(path, headers=keys.header("limited")).status_code == 429


def test_two_servers_of_one_machine_count_together(tmp_path: Path) -> None:
    first, keys = served(tmp_path, rate=0.01)
    second = client_of(app_with(auth="keys", keys=str(keys.path), data=str(tmp_path / "data")))
    assert [one.get("/v1/version", headers=keys.header("limited")).status_code for one in (first, second)] == [200, 429]

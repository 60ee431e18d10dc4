"""A new filter is one function: the HTTP door shows it everywhere without another edit."""

from collections.abc import Iterator
from typing import Annotated

import httpx
import pytest

from core import registry
from core.language.values import ranged
from core.picture import Pixels
from core.registry import image_filter
from tests.functions.support import picture


@pytest.fixture
def darkened() -> Iterator[None]:
    @image_filter(cost=1, memory=3, example="darkened:3")
    def darkened(pixels: Pixels, by: Annotated[int, ranged(1, 9, "Divisor, a number")] = 2) -> Pixels:
        """Divide every pixel."""
        return pixels // by  # type: ignore[no-any-return]

    yield
    del registry._filters["darkened"]


@pytest.mark.usefixtures("darkened")
def test_it_is_everywhere(client: httpx.Client) -> None:
    assert client.post("/v1/process?pipeline=darkened:3", content=picture()).status_code == 200
    refused = client.post("/v1/process?pipeline=darkened:10", content=picture()).json()
    assert (refused["parameter"], refused["expected"]) == ("darkened.by", "a whole number from 1 to 9")
    assert "darkened" in [entry["name"] for entry in client.get("/v1/filters").json()["filters"]]
    assert '"const":"darkened"' in client.get("/openapi.json").text
    assert 'value="darkened:3"' in client.get("/").text


def test_it_is_gone_again(client: httpx.Client) -> None:
    assert "darkened" not in client.get("/v1/filters").text

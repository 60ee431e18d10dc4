"""What the server tells of itself: one filter, the presets, and versions that are compared."""

import httpx
import pytest

from core.registry import filters


@pytest.mark.parametrize(("name", "real"), [("blur", "blur"), ("grey", "grayscale"), ("thumbnail", "resize")])
def test_one_filter(client: httpx.Client, name: str, real: str) -> None:
    told = client.get(f"/v1/filters/{name}").json()
    listed = {entry["name"]: entry for entry in client.get("/v1/filters").json()["filters"]}
    assert told == listed[real]


def test_every_filter_has_its_page(client: httpx.Client) -> None:
    assert [client.get(f"/v1/filters/{name}").json()["name"] for name in filters()] == list(filters())


@pytest.mark.parametrize(
    ("name", "meant"), [("blurr", "blur"), ("Sepia", "sepia"), ("gaussian", "blur"), ("qqqqq", None)]
)
def test_no_such_filter(client: httpx.Client, name: str, meant: str | None) -> None:
    response = client.get(f"/v1/filters/{name}")
    told = response.json()
    assert (response.status_code, told["code"], told.get("expected")) == (404, "no_such_filter", meant)


def test_presets_are_pipelines(client: httpx.Client) -> None:
    found = {entry["name"]: entry["pipeline"] for entry in client.get("/v1/presets").json()["presets"]}
    assert found["thumbnail"] == "resize:320,320"
    assert found["noir"] == "grayscale/contrast/vignette"


@pytest.mark.parametrize("path", ["/v1/filters", "/v1/filters/blur", "/v1/presets", "/v1/formats", "/openapi.json"])
def test_if_match(client: httpx.Client, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}  # what is compressed has a weak ETag, which If-Match never names
    etag = client.get(path, headers=plain).headers["etag"]
    for value, status in [(etag, 200), ("*", 200), (f'"x", {etag}', 200), ('"x"', 412), (f"W/{etag}", 412)]:
        response = client.get(path, headers={**plain, "If-Match": value})
        assert response.status_code == status, value
        if status == 412:
            assert response.json()["code"] == "precondition_failed"

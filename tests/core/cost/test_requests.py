"""A short form of `make prove-cost`: small pictures, wide bounds, and beside the machine's own speed."""

import statistics

from tests.core.cost.requests import SLACK, measured

_COUNT, _MEGAPIXELS = 30, 1.0
_FACTOR, _SHARE = 3.0, 0.8


def test_random_requests_take_about_what_they_declare() -> None:
    found = list(measured(_COUNT, 7, _MEGAPIXELS))
    assert len(found) == _COUNT
    usual = statistics.median(one.ratio for one in found)
    near = [one for one in found if usual / _FACTOR < one.ratio < usual * _FACTOR]
    assert len(near) >= _SHARE * _COUNT, [one for one in found if one not in near]
    assert not [one for one in found if one.peak > one.memory + SLACK]

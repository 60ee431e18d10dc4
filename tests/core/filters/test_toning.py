"""Toning: two colours, one hue, and lookup tables."""

import colorsys

import numpy as np
import pytest

from core.errors import BadParameterError
from tests.conftest import ROOT, made_picture
from tests.core.filters.support import apply

BGR = made_picture(3)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
SQRT = "LUT_1D_SIZE 1024\n" + "\n".join(f"{v:.6f} {v * v:.6f} {v**0.5:.6f}" for v in np.linspace(0, 1, 1024))


def cube(size: int, swap: bool = False) -> bytes:
    """An identity lattice, red and blue exchanged where `swap` says so."""
    line = np.linspace(0, 1, size)
    rows = [(b, g, r) if swap else (r, g, b) for b in line for g in line for r in line]
    return "\n".join([f"LUT_3D_SIZE {size}", *(f"{r:.7f} {g:.7f} {b:.7f}" for r, g, b in rows)]).encode()


def test_duotone_goes_straight_from_dark_to_light() -> None:
    result = apply("duotone:102030,f0e0d0", RAMP).reshape(256, 3).astype(float)
    assert result[0].tolist() == [0x30, 0x20, 0x10]
    assert result[255].tolist() == [0xD0, 0xE0, 0xF0]
    share = np.arange(256)[:, None] / 255
    assert np.abs(result - ((1 - share) * (0x30, 0x20, 0x10) + share * (0xD0, 0xE0, 0xF0))).max() <= 0.5


@pytest.mark.parametrize("color", ["c04020", "2040c0", "30a060"])
def test_colorize_takes_the_hue_and_keeps_the_light(color: str) -> None:
    result = apply(f"colorize:{color}", RAMP).reshape(256, 3)
    wanted = colorsys.rgb_to_hls(*(value / 255 for value in bytes.fromhex(color)))
    for light in (60, 128, 200):
        hue, lightness, saturation = colorsys.rgb_to_hls(*(result[light, ::-1] / 255))
        assert (hue, saturation) == pytest.approx((wanted[0], wanted[2]), abs=0.02)
        assert lightness == pytest.approx(light / 255, abs=0.005)
    assert result[0].tolist() == [0, 0, 0]
    assert result[255].tolist() == [255, 255, 255]


@pytest.mark.parametrize("text", ["duotone:amount=0", "colorize:amount=0", "lut:t.cube,0"])
def test_amount_0_changes_nothing(text: str) -> None:
    assert np.array_equal(apply(text, BGR, **{"t.cube": cube(3, swap=True)}), BGR)


def test_half_an_amount_is_half_way() -> None:
    full, half = apply("duotone", BGR).astype(int), apply("duotone:amount=50", BGR)
    assert np.abs(half - (full + BGR) / 2).max() <= 1


@pytest.mark.parametrize("size", [2, 3, 5, 17, 33, 65])
def test_identity_lattice_is_exact(size: int) -> None:
    assert np.array_equal(apply("lut:t.cube", BGR, **{"t.cube": cube(size)}), BGR)


def test_lattice_knows_red_from_blue() -> None:
    assert np.array_equal(apply("lut:t.cube", BGR, **{"t.cube": cube(5, swap=True)}), BGR[:, :, ::-1])


def test_lattice_interpolates_between_its_points() -> None:
    """Trilinear in each of eight corners: a product of the channels is met exactly by a lattice of 2."""
    rows = [f"{r * g * b} {r * g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    result = apply("lut:t.cube", BGR, **{"t.cube": ("LUT_3D_SIZE 2\n" + "\n".join(rows)).encode()})
    blue, green, red = (BGR / 255).transpose(2, 0, 1)
    assert np.abs(result - 255 * np.stack([blue, red * green, red * green * blue], axis=2)).max() <= 1


def test_curves_for_each_channel() -> None:
    result = apply("lut:t.cube", BGR, **{"t.cube": SQRT.encode()})
    expected = 255 * np.stack([(BGR[:, :, 0] / 255) ** 0.5, (BGR[:, :, 1] / 255) ** 2, BGR[:, :, 2] / 255], axis=2)
    assert np.abs(result - expected).max() <= 1


def test_shipped_table_is_warm() -> None:
    result = apply("lut:warm.cube", BGR, **{"warm.cube": (ROOT / "service/assets/warm.cube").read_bytes()})
    change = result.astype(int).mean(axis=(0, 1)) - BGR.mean(axis=(0, 1))
    assert change[2] > 2 > -2 > change[0]


def test_wrong_table_is_a_bad_parameter() -> None:
    with pytest.raises(BadParameterError) as caught:
        apply("lut:t.cube", BGR, **{"t.cube": b"\x89PNG\r\n\x1a\n not a table"})
    assert caught.value.fields["parameter"] == "lut.table"

"""Reading .cube tables: what the specification allows, and what is refused."""

import numpy as np
import pytest

from core.imaging.cube import MOST_BYTES, CubeError, read_cube

CORNERS = "\n".join(f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1))


@pytest.mark.parametrize(
    "text",
    [
        f"LUT_3D_SIZE 2\n{CORNERS}",
        f'# made by hand\nTITLE "a LUT_1D_SIZE 3"\n\nLUT_3D_SIZE 2\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1\n{CORNERS}\n\n',
        f"LUT_3D_SIZE\t2\r\n{CORNERS}".replace("\n", "\r\n"),
        f"\ufeffLUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0.0 1.0\n{CORNERS.replace('1', '1.0e0')}",
    ],
    ids=["bare", "comments and words", "tabs and CRLF", "BOM, range, exponents"],
)
def test_lattice(text: str) -> None:
    table = read_cube(text.encode())
    assert table.shape == (2, 2, 2, 3)
    assert table[1, 0, 0].tolist() == [0, 0, 1], "the first axis is blue"
    assert table[0, 0, 1].tolist() == [1, 0, 0], "red runs fastest in the file"


def test_domain_is_resampled_to_0_to_1() -> None:
    table = read_cube(f"LUT_3D_SIZE 2\nDOMAIN_MIN -1 0 0\nDOMAIN_MAX 3 2 1\n{CORNERS}".encode())
    red, green, blue = table[0, 0, 0], table[0, 64, 0], table[64, 0, 64]
    assert np.allclose(red, [0.25, 0, 0])
    assert np.allclose(green, [0.25, 0.5, 0])
    assert np.allclose(blue, [0.5, 0, 1])


def test_curves_interpolate_and_keep_their_domain() -> None:
    table = read_cube(b"LUT_1D_SIZE 2\nDOMAIN_MAX 2 1 0.5\n0 0 0\n1 1 1\n")
    assert table.shape == (256, 3)
    assert np.allclose(table[255], [0.5, 1, 1])
    assert np.allclose(table[51], [0.1, 0.2, 0.4])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no table"),
        ("TITLE x", "no table"),
        (CORNERS, "needs either"),
        (f"LUT_3D_SIZE 2\nLUT_1D_SIZE 8\n{CORNERS}", "needs either"),
        (f"LUT_3D_SIZE 2\nLUT_3D_SIZE 2\n{CORNERS}", "twice"),
        (f"LUT_3D_SIZE 2\nGAMMA 2\n{CORNERS}", "GAMMA"),
        (f"LUT_3D_SIZE 1\n{CORNERS}", "from 2 to 65"),
        (f"LUT_3D_SIZE 66\n{CORNERS}", "from 2 to 65"),
        (f"LUT_3D_SIZE 99999999999999\n{CORNERS}", "from 2 to 65"),
        (f"LUT_3D_SIZE -2\n{CORNERS}", "from 2 to 65"),
        (f"LUT_3D_SIZE 2 2\n{CORNERS}", "from 2 to 65"),
        (f"LUT_3D_SIZE \u0662\n{CORNERS}", "from 2 to 65"),
        (f"LUT_3D_SIZE 3\n{CORNERS}", "27 rows"),
        (f"LUT_3D_SIZE 2\n{CORNERS}\n1 1 1", "8 rows"),
        (f"LUT_3D_SIZE 2\n{CORNERS[:-2]}", "list of numbers"),
        (f"LUT_3D_SIZE 2\n{CORNERS.replace('1', 'nan')}", "finite"),
        (f"LUT_3D_SIZE 2\n{CORNERS.replace('1', '1e999')}", "finite"),
        ("LUT_1D_SIZE 2\n0 0\n1 1\n", "3 finite"),
        ("LUT_1D_SIZE 2\n0 0 x\n1 1 1\n", "list of numbers"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 1 1 1\nDOMAIN_MAX 0 0 0\n0 0 0\n1 1 1\n", "domain"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN\n0 0 0\n1 1 1\n", "list of numbers"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 0 0\n0 0 0\n1 1 1\n", "3 finite"),
        ("#" * (MOST_BYTES + 1), "MiB"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(CubeError, match=says):
        read_cube(text.encode())

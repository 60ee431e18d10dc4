"""Codes of every kind to read, written by zxing-cpp and, for character sets, by segno."""

import cv2
import numpy as np
import segno
import zxingcpp
from numpy.typing import NDArray

from core.imaging.codes import Kind

WRITTEN: dict[Kind, str] = {
    "ean13": "EAN13", "ean8": "EAN8", "upc_a": "UPCA", "upc_e": "UPCE", "code39": "Code39Ext", "code93": "Code93",
    "code128": "Code128", "itf": "ITF", "codabar": "Codabar", "databar": "DataBarOmni", "telepen": "Telepen",
    "dx_film_edge": "DXFilmEdge", "qr": "QRCode", "micro_qr": "MicroQRCode", "rmqr": "RMQRCode",
    "data_matrix": "DataMatrix", "aztec": "Aztec", "pdf417": "PDF417", "micro_pdf417": "MicroPDF417",
    "maxicode": "MaxiCode",
}  # fmt: skip
SAYS: dict[Kind, str] = {
    "ean13": "4006381333931", "ean8": "96385074", "upc_a": "036000291452", "upc_e": "01234565", "code39": "Hello-39",
    "code93": "Hello 93", "code128": "https://example.org/128", "itf": "12345670", "codabar": "A12345B",
    "databar": "0104006381333931", "telepen": "hello", "dx_film_edge": "10-2/3A", "qr": "hello", "micro_qr": "12345",
    "rmqr": "hello", "data_matrix": "hello", "aztec": "hello", "pdf417": "hello", "micro_pdf417": "hello",
    "maxicode": "hello",
}  # fmt: skip
"""What a code of each kind says in tests."""


def written(
    kind: Kind, content: str | bytes = "", module: int = 4, margin: int = 60, form: str = ""
) -> NDArray[np.uint8]:
    """A code, with a white margin."""
    code = zxingcpp.create_barcode(content or SAYS[kind], getattr(zxingcpp.BarcodeFormat, form or WRITTEN[kind]))
    drawn = np.array(zxingcpp.write_barcode_to_image(code, scale=module, add_quiet_zones=False))
    return np.pad(drawn, margin, constant_values=255)


def by_segno(content: str | bytes, *, encoding: str | None = None, mode: str | None = None) -> NDArray[np.uint8]:
    """A QR code: with an encoding it names it (ECI)."""
    code = segno.make_qr(content, encoding=encoding, eci=encoding is not None, mode=mode)
    drawn = np.array([[0 if dark else 255 for dark in row] for row in code.matrix], np.uint8)
    return np.kron(np.pad(drawn, 4, constant_values=255), np.ones((4, 4), np.uint8))


def turned(drawn: NDArray[np.uint8], angle: float, tilt: float = 0) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A code on a larger white ground, turned and tilted, and where its dark pixels' corners went."""
    rows, columns = np.nonzero(drawn < 128)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    side = int(np.hypot(*drawn.shape)) + 40
    about = cv2.getRotationMatrix2D((drawn.shape[1] / 2, drawn.shape[0] / 2), angle, 1)
    about[:, 2] += (np.array((side, side)) - drawn.shape[::-1]) / 2
    matrix = np.vstack([about, (0, 0, 1)])
    matrix = np.array([(1, 0, 0), (0, 1, 0), (tilt / side, tilt / side / 2, 1 - tilt / 2)]) @ matrix
    half = np.array([(1, 0, 0.5), (0, 1, 0.5), (0, 0, 1)])
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
    moved = cv2.perspectiveTransform(corners[None], half @ matrix @ np.linalg.inv(half))[0]
    return cv2.warpPerspective(drawn, matrix, (side, side), borderValue=255), moved.astype(np.float64)

"""The price of growth: a setting is one line, a format one `Codec`; both are found everywhere with no other edit."""

from pathlib import Path

from tests.edited import run_edited

SETTING = '    volume: Annotated[int, ranged(1, 11, "How loud it is")] = 3\n'
READ = """
from service.checks import load_settings
from service.settings import SettingsError
from tools.docs_http import settings_text
print(load_settings({}).volume, load_settings({"DARKROOM_VOLUME": "11"}).volume)
print([line for line in settings_text().splitlines() if "VOLUME" in line][0])
try:
    load_settings({"DARKROOM_VOLUME": "12", "DARKROOM_VOLUMES": "1"})
except SettingsError as error:
    print(*error.problems, sep="\\n")
"""


def test_a_new_setting_is_one_line(tmp_path: Path) -> None:
    end = "    # fmt: on\n"
    read, row, *problems = run_edited("service.settings", end, SETTING + end, READ, tmp_path)
    assert read == "3 11"
    assert row == "| `DARKROOM_VOLUME` | a whole number from 1 to 11 | `3` | How loud it is |"
    assert len(problems) == 2
    assert any("DARKROOM_VOLUME should be a whole number from 1 to 11" in problem for problem in problems)
    assert any("Did you mean DARKROOM_VOLUME?" in problem for problem in problems)


CODEC = """
import numpy
LOUD = Codec(
    Format(name="loud", media_type="image/x-loud", extensions=("loud",), writes=True, options=("quality",)),
    lambda data: data[:4] == b"LOUD",
    lambda data: Header(size=Size(data[4], data[5])),
    lambda data, origin, hints: iter([DecodedFrame(numpy.full((data[5], data[4], 3), data[6], numpy.uint8))]),
    lambda frames, job: (lambda p: b"LOUD" + bytes([p.shape[1], p.shape[0], int(p.max())]))(next(frames).pixels),
)
CODECS = (LOUD, *CODECS)
"""
SERVED = """
from core.picture import Size
from functions.http import create_app
from service.service import Service
from tools.docs_http import routes_text
app = create_app(Service.open({"DARKROOM_AUTH": "none", "DARKROOM_LOG_LEVEL": "error"}))
client = app.test_client()
LOUD = b"LOUD" + bytes([9, 5, 77])
answer = client.post("/v1/process?pipeline=flip", data=LOUD)
print(answer.content_type, client.post("/v1/process?format=png", data=LOUD).content_type)
wide = client.post("/v1/process?pipeline=resize:3&format=loud", data=LOUD)
print(wide.content_type, list(wide.data[4:7]))
print([entry["options"].keys() for entry in client.get("/v1/formats").json["formats"] if entry["name"] == "loud"])
operation = client.get("/openapi.json").json["paths"]["/v1/process"]["post"]
print("image/x-loud" in operation["requestBody"]["content"], "image/x-loud" in operation["responses"]["200"]["content"])
print("`loud`" in routes_text(app), b"<option>loud" in client.get("/").data)
"""


def test_a_new_format_is_one_codec(tmp_path: Path) -> None:
    line = "CODECS = (Codec(FORMAT, _matches, _header, _decode, reading=_reading, read_memory=lambda _: 2.7),)\n"
    assert run_edited("core.codecs.bmp", line, line + CODEC, SERVED, tmp_path) == [
        "image/x-loud image/png",
        "image/x-loud [3, 2, 77]",
        "[dict_keys(['quality'])]",
        "True True",
        "True True",
    ]

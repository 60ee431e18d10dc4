"""OpenVINO's graphs: reading a network, adding our pre- and postprocessing, compiling, exporting and importing it.

OpenVINO is imported here and nowhere else, and not before a model runs.
"""

import io
import logging
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelBrokenError, ModelError, ModelMemoryError, ModelMismatchError, RuntimeMissingError
from core.models import focus
from core.models.model import Input, Model
from core.models.ports import Ports, dtype_of, output_name, port_of, ports_of, table_kind, takes_shape

REVISION = 2
"""Revision of what is added to a graph: compiled networks of another revision are not used."""
FINITE = "darkroom.sound"
"""The output that is added beside a class map: whether all values that it was computed from are valid."""
_logger = logging.getLogger("darkroom")
_NO_MEMORY = "bad_alloc", "Failed to allocate"
_SEVERAL = {"AUTO", "MULTI", "HETERO", "BATCH"}
"""Devices that stand for others."""


@cache
def openvino() -> Any:
    """The library. RuntimeMissingError where it is not installed.

    Importing it imports `tools.ovc`, which reports to Google Analytics and writes into the home folder unless
    `openvino_telemetry` cannot be imported.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import openvino as library
    except ImportError as error:
        _logger.warning("OpenVINO cannot be imported: %s", error)
        raise RuntimeMissingError("OpenVINO, which runs models, is not installed on this server.") from None
    return library


@cache
def core() -> Any:
    """OpenVINO's core; threads may share it.

    It reads weights instead of mapping them: truncating a mapped file would kill the process (SIGBUS).
    """
    made = openvino().Core()
    made.set_property({"ENABLE_MMAP": False})
    return made


def require_openvino(device: str) -> None:
    """Raise RuntimeMissingError if OpenVINO or this device is missing."""
    known = {name.partition(".")[0] for name in core().available_devices} | _SEVERAL
    if device.partition(":")[0].partition(".")[0] not in known:
        raise RuntimeMissingError(f'This server has no device "{device}" to run models on.')


def config(device: str, hint: str, precision: str, threads: int) -> dict[str, Any]:
    """A device's properties for speed and precision.

    OpenVINO ignores cgroups, so the number of threads is set. It would use bf16 where it can, so the precision is set.
    It would pin its threads to cores that other workers and decoding use as well, and they would wait there while other
    cores are idle.
    """
    hints = {"PERFORMANCE_HINT": hint.upper(), "INFERENCE_PRECISION_HINT": precision}
    processor = {"INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
    if device == "CPU":
        return {**hints, **processor}
    return {**hints, "DEVICE_PROPERTIES": {"CPU": processor}} if device.startswith("AUTO") else hints


def broken_model(model: Model, doing: str, error: Exception) -> ModelError:
    """The error to raise for an exception of OpenVINO, whose own text goes to the log only."""
    _logger.warning('"%s" cannot be %s: %s', model.name, doing, error)
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY):
        return ModelMemoryError(f'"{model.name}" cannot be {doing}: the server is out of memory.')
    return ModelBrokenError(f'"{model.name}" cannot be {doing}: its files are damaged or not supported.')


def read_network(model: Model, paths: Sequence[Path]) -> Any:
    """The network, with our pre- and postprocessing added. ModelBrokenError, ModelMismatchError."""
    network = _opened(model, paths)
    _bind_constants(network, model)
    if model.takes_tensors:
        return _with_tensors(network, model)
    _check_input(network, model)
    try:
        return _with_outputs(_with_input(focus.fold_focus(network, openvino().opset13), model.input), model)
    except (RuntimeError, MemoryError, ValueError) as error:
        raise broken_model(model, "prepared", error) from None


def _opened(model: Model, paths: Sequence[Path]) -> Any:
    weights = [path for path, file in zip(paths, model.files, strict=True) if file.name.endswith(".bin")]
    if model.files[0].name.endswith(".xml") and not weights:
        # OpenVINO would use the .bin beside it, whose checksum was not verified.
        raise broken_model(model, "read", ValueError("its table lists no .bin file"))
    try:
        return core().read_model(*map(str, (paths[0], *weights)))
    except (RuntimeError, MemoryError, ValueError) as error:
        raise broken_model(model, "read", error) from None


def ports_in(model: Model, paths: Sequence[Path]) -> Ports:
    """The inputs and outputs of the network in these files. ModelBrokenError."""
    return ports_of(_opened(model, paths))


def _bind_constants(network: Any, model: Model) -> None:
    """Put the table's constants in the place of the network's further inputs. ModelMismatchError."""
    ports = {name: port for port in network.inputs for name in port.get_names()}
    for name, values in model.constants.items():
        if name not in ports or name == model.input.name:
            raise _mismatch(model, f'a further input "{name}" ("constants")', _names(network.inputs))
        node = ports[name].get_node()
        sides = [side.get_length() if side.is_static else 1 for side in ports[name].get_partial_shape()]
        if int(np.prod(sides)) != len(values):
            raise _mismatch(model, f'{len(values)} values for "{name}" ("constants")', f"room for {sides}")
        constant = openvino().opset13.constant(np.reshape(values, sides), ports[name].get_element_type())
        for target in list(node.output(0).get_target_inputs()):
            target.replace_source_output(constant.output(0))
        network.remove_parameter(node)
    if model.constants:
        network.validate_nodes_and_infer_types()


def _names(ports: Sequence[Any]) -> str:
    return ", ".join(sorted(name for port in ports for name in port.get_names())) or "none"


def _check_input(network: Any, model: Model) -> None:
    """Check that the network's input is what the table says. ModelMismatchError that says what to change."""
    about, ports = model.input, network.inputs
    named = [port for port in ports if about.name in port.get_names()]
    if not named:
        raise _mismatch(model, f'one input "{about.name}"', f'{_names(ports)}: change "input.name"')
    if len(ports) != 1:
        raise _mismatch(model, f'one input "{about.name}"', f'{_names(ports)}: give the others values in "constants"')
    (port,) = named
    expected, given = _shape(about, openvino().Dimension), port.get_partial_shape()
    if not given.compatible(openvino().PartialShape(expected)):
        told = f"an input of {about.layout} {[str(side) for side in expected]}"
        raise _mismatch(model, told, f"{given}: {_input_change(given, about)}")
    kind = port.get_element_type()
    if kind.is_real() != (about.type == "f32") or table_kind(kind) is None:
        change = f': change "input.type" to {table_kind(kind)}' if table_kind(kind) else ", which holds no picture"
        raise _mismatch(model, f"an input of {about.type}", f"{kind.get_type_name()}{change}")


def _input_change(given: Any, about: Input) -> str:
    """What to change in a table whose input has another shape."""
    if given.rank.is_dynamic or given.rank.get_length() != 4:
        return "a picture has four axes, so export the network otherwise"
    sides = [side.get_length() if side.is_static else None for side in given]
    if sides[0] not in {1, None}:
        return "export the network for one picture at a time"
    if 3 not in {sides[1], sides[3]} and None not in {sides[1], sides[3]}:
        return "only pictures of three channels are handed over"
    layout = "NCHW" if sides[1] == 3 else "NHWC"
    height, width = sides[2:] if layout == "NCHW" else sides[1:3]
    if layout != about.layout:
        return f'change "input.layout" to {layout}'
    return f'change "input.size" to [{width or "its width"}, {height or "its height"}]'


def _shape(about: Input, dimension: Any) -> list[Any]:
    width, height = (dimension(1, side) for side in about.size) if about.dynamic else map(dimension, about.size)
    sides = [dimension(3), height, width] if about.layout == "NCHW" else [height, width, dimension(3)]
    return [dimension(1), *sides]


def _mismatch(model: Model, expected: str, got: object) -> ModelMismatchError:
    return ModelMismatchError(f'"{model.name}": the manifest says {expected}, but the network has {got}.')


def _with_input(network: Any, about: Input) -> Any:
    """The network with an input of uint8, 1 × height × width × 3, BGR."""
    from openvino.preprocess import ColorFormat, PrePostProcessor

    library = openvino()
    steps = PrePostProcessor(network)
    tensor = steps.input().tensor().set_element_type(library.Type.u8).set_layout(library.Layout("NHWC"))
    tensor.set_color_format(ColorFormat.BGR)
    steps.input().model().set_layout(library.Layout(about.layout))
    process = steps.input().preprocess()
    if about.color == "RGB":
        process.convert_color(ColorFormat.RGB)
    if about.type != "u8":
        process.convert_element_type(getattr(library.Type, about.type))
    if set(about.mean) != {0}:
        process.mean(list(about.mean) * (3 // len(about.mean)))
    if set(about.scale) != {1}:
        process.scale(list(about.scale) * (3 // len(about.scale)))
    return steps.build()


def _with_outputs(network: Any, model: Model) -> Any:
    """The network with its outputs in the decoder's order: floats as f32, a class map as u8."""
    ports = _ordered(network, model)
    results = [ports[0]] if model.decoder == "argmax" and len(ports) == 1 else []
    if results and (folded := _classes(results[0], model)):
        return _network(folded, network, model)
    return _network(
        [(output_name(port, place), _as_f32(_source(port))) for place, port in enumerate(ports)], network, model
    )


def _with_tensors(network: Any, model: Model) -> Any:
    """The network as it is, with the outputs of the table. ModelMismatchError for numbers that no datatype names."""
    taken = [port_of(port, place) for place, port in enumerate(network.inputs)]
    untold = [f'"{port.name}"' for port in taken if port.dtype is None]
    if untold:
        raise _mismatch(model, "inputs of numbers", f"others in {', '.join(untold)}")
    shapes = {port.name: port for port in taken}
    for name, shape in model.cost_at.items():
        if name not in shapes or not takes_shape(shape, shapes[name]):
            told = ", ".join(f'"{port.name}" {list(port.shape)}' for port in taken)
            raise _mismatch(model, f'an input "{name}" {list(shape)} ("cost_at")', f"{told}, where -1 is any")
    outputs = [(output_name(port, place), _source(port)) for place, port in enumerate(_ordered(network, model))]
    named = [(name, source if dtype_of(source.get_element_type()) else _as_f32(source)) for name, source in outputs]
    return _network(named, network, model)


def _ordered(network: Any, model: Model) -> list[Any]:
    named = {name: port for port in network.outputs for name in port.get_names()}
    missing = [name for name in model.outputs if name not in named]
    if missing:
        raise _mismatch(model, f"outputs {', '.join(missing)}", f'{", ".join(named)}: change "outputs"')
    return [named[name] for name in model.outputs] if model.outputs else list(network.outputs)


def _source(port: Any) -> Any:
    """The input of an output node."""
    return port.get_node().input_value(0)


def _as_f32(source: Any) -> Any:
    library = openvino()
    kind = source.get_element_type()
    if not kind.is_real() or kind == library.Type.f32:
        return source
    from openvino import opset13

    return opset13.convert(source, "f32").output(0)


def _network(outputs: Sequence[tuple[str, Any]], network: Any, model: Model) -> Any:
    from openvino import opset13

    for name, source in outputs:
        source.get_tensor().set_names({name})  # a result takes the names of its input
    results = [opset13.result(source) for _, source in outputs]
    return openvino().Model(results, network.get_parameters(), model.name)


def _classes(port: Any, model: Model) -> list[tuple[str, Any]]:
    """A class map as u8, and whether its values are valid; empty if the decoder must compute it.

    Scores [1, C, H, W] or [1, H, W, C] become [1, H, W], the class of the largest; whole numbers stay as they lie.
    """
    source, name = _source(port), output_name(port, 0)
    shape = source.get_partial_shape()
    if shape.is_dynamic or shape.rank.get_length() not in {3, 4} or shape[0].get_length() != 1:
        return []
    sides = [side.get_length() for side in shape]
    if source.get_element_type().is_real() or (len(sides) == 4 and 1 not in {sides[1], sides[3]}):
        axis = _class_axis(sides, model.input) if len(sides) == 4 else None
        return [] if axis is None else _chosen(name, source, axis, sides, model)
    return _whole(name, source)


def _class_axis(sides: list[int], about: Input) -> int | None:
    """The axis of the classes: the other two are the input's height and width, or the same fraction of both."""
    width, height = about.size
    if tuple(sides[2:]) == (height, width):
        return 1
    if tuple(sides[1:3]) == (height, width):
        return 3
    return 1 if about.layout == "NCHW" else 3


def _chosen(name: str, source: Any, axis: int, sides: list[int], model: Model) -> list[tuple[str, Any]]:
    from openvino import opset13 as ops

    count = sides[axis]
    if not 2 <= count <= 255:
        raise _mismatch(model, "2 to 255 classes", count)
    if isinstance(model.labels, tuple) and model.labels and count + model.label_offset != len(model.labels):
        told = f"{len(model.labels) - model.label_offset} classes"
        raise _mismatch(model, told, f'{count}: change "labels" or "label_offset"')
    largest = ops.topk(source, ops.constant(np.int64(1)), axis, "max", "none", index_element_type="i32").output(1)
    chosen = ops.convert(ops.squeeze(largest, ops.constant(np.array([axis]))), "u8").output(0)
    return [(name, chosen), (FINITE, _all(ops.is_finite(_as_f32(source))))]


def _whole(name: str, source: Any) -> list[tuple[str, Any]]:
    from openvino import opset13 as ops

    kind = source.get_element_type()
    least, most = (ops.constant(np.array(bound), kind) for bound in (0, 255))
    sound = ops.logical_and(ops.greater_equal(source, least), ops.less_equal(source, most))
    return [(name, ops.convert(source, "u8").output(0)), (FINITE, _all(sound))]


def _all(truths: Any) -> Any:
    from openvino import opset13 as ops

    axes = ops.constant(np.arange(1, truths.output(0).get_partial_shape().rank.get_length()))
    return ops.convert(ops.reduce_logical_and(truths, axes), "u8").output(0)


def batched(network: Any, most: int) -> Any | None:
    """A network of `read_network` for up to `most` pictures at a time; None if its shapes allow only one."""
    dimension, (port,) = openvino().Dimension, network.inputs
    shape = port.get_partial_shape()
    shape[0] = dimension(1, most)
    try:
        network.reshape({port: shape})
    except RuntimeError as error:
        _logger.debug("A network takes no batches: %s", error)
        return None
    shapes = [output.get_partial_shape() for output in network.outputs]
    each = all(shape.rank.is_static and shape.rank.get_length() and shape[0].is_dynamic for shape in shapes)
    return network if each else None


def compiled(model: Model, network: Any, device: str, config: Mapping[str, Any]) -> Any:
    """The network, ready to run. ModelBrokenError, ModelMemoryError."""
    try:
        return core().compile_model(network, device, dict(config))
    except (RuntimeError, MemoryError, ValueError) as error:
        raise broken_model(model, "compiled", error) from None


def exported(network: Any) -> bytes | None:
    """A compiled network as bytes, or None if the device cannot export it."""
    try:
        stream = io.BytesIO()
        network.export_model(stream)
        return stream.getvalue()
    except (RuntimeError, MemoryError) as error:
        _logger.info("A compiled network cannot be exported: %s", error)
        return None


def imported(blob: bytes, device: str, config: Mapping[str, Any]) -> Any | None:
    """The compiled network of `exported` bytes, or None if they cannot be used here."""
    try:
        return core().import_model(blob, device, dict(config))
    except (RuntimeError, MemoryError, ValueError) as error:
        _logger.info("A cached compiled network cannot be imported: %s", error)
        return None


@cache
def build(device: str) -> str:
    """What compiled networks depend on: the library's build and the device's capabilities."""
    abilities = core().get_property(device, "OPTIMIZATION_CAPABILITIES") if device == "CPU" else ()
    name = core().get_property(device, "FULL_DEVICE_NAME") if device == "CPU" else device
    return f"{openvino().get_version()} {name} {' '.join(abilities)}"

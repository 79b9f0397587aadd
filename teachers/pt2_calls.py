"""What a call in a .pt2 file may be: which functions are on the list, and how arguments are written."""

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch

Values = dict[str, Any]  # name -> tensor or number

DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
_FORMATS = {
    1: torch.contiguous_format,
    2: torch.channels_last,
    3: torch.channels_last_3d,
    4: torch.preserve_format,
}
_ARITHMETIC = ["add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pow"]
_ARITHMETIC += ["eq", "ne", "lt", "le", "gt", "ge"]
_PRIVATE = (  # operators of torch's own decompositions; other private ones are not called
    "_unsafe_view",
    "_softmax",
    "_to_copy",
    "_native_batch_norm_legit_no_training",
    "_adaptive_avg_pool2d",
    "_assert_tensor_metadata",
)
_FILES = ("from_file", "save")  # operators that touch files
_PLAIN = ("as_int", "as_ints", "as_bool", "as_bools", "as_string", "as_strings", "as_int_lists")
_LISTS = {"as_tensors": "as_tensor", "as_sym_ints": "as_sym_int", "as_sym_floats": "as_sym_float"}
_OTHER = {"as_none", "as_tensor", "as_optional_tensors", "as_sym_int", "as_sym_float", "as_sym_bool"}
_OTHER |= {"as_float", "as_floats", "as_scalar_type", "as_memory_format", "as_layout", "as_device"}


class Refused(Exception):
    """The graph holds something that is not run; the message says what."""


def function_of(target: str) -> Callable[..., Any]:
    """The function of a node's target, such as "torch.ops.aten.conv2d.default".

    Raises:
        Refused: if it is not on the list.
    """
    if found := re.fullmatch(r"torch\.ops\.aten\.(\w+)\.(\w+)", target):
        name, overload = found.groups()
        public = not name.startswith("_") and name not in _FILES
        packet = getattr(torch.ops.aten, name, None) if public or name in _PRIVATE else None
        function = getattr(packet, overload, None)
        if isinstance(function, torch._ops.OpOverload):
            return function
    if (found := re.fullmatch(r"_operator\.(\w+)", target)) and found[1] in _ARITHMETIC:
        return getattr(operator, found[1])  # type: ignore[no-any-return]
    raise Refused(
        f"it calls {target[:80]!r}, which is no operator of torch's aten library; export it to ONNX"
    )


def checked(argument: dict[str, Any]) -> dict[str, Any]:
    """The argument itself. Raises Refused for kinds that a network of tensors does not need."""
    ((kind, _),) = argument.items()
    if kind not in (*_PLAIN, *_LISTS, *_OTHER):
        raise Refused(f"it holds an argument of kind {kind[:40]!r}; export it to ONNX")
    return argument


def value_of(argument: dict[str, Any], values: Values, device: torch.device) -> Any:
    """The value of an argument as the file writes it: {"as_tensor": {"name": ...}}, {"as_int": 3} ..."""
    ((kind, content),) = argument.items()
    if kind in _PLAIN:
        return content
    if kind in _LISTS:
        return [value_of({_LISTS[kind]: item}, values, device) for item in content]
    match kind:
        case "as_none":
            return None
        case "as_tensor":
            return values[content["name"]]
        case "as_optional_tensors":
            return [value_of(item, values, device) for item in content]
        case "as_sym_int" | "as_sym_float" | "as_sym_bool":
            return values[content["as_name"]] if "as_name" in content else next(iter(content.values()))
        case "as_float":
            return float(content)  # infinities are written as text
        case "as_floats":
            return [float(number) for number in content]
        case "as_scalar_type":
            return DTYPES[content]
        case "as_memory_format":
            return _FORMATS[content]
        case "as_layout":
            return torch.strided
        case "as_device":
            return device
    raise Refused(f"it holds an argument of kind {kind[:40]!r}")


def bind(result: dict[str, Any], value: Any, values: Values) -> None:
    """Keep a result under the name, or names, that the file gives it."""
    ((kind, content),) = result.items()
    if kind == "as_tensors":
        values.update((item["name"], part) for item, part in zip(content, value, strict=True))
    elif kind in ("as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"):
        values[content["name"] if kind == "as_tensor" else content["as_name"]] = value
    elif kind != "as_none":
        raise Refused(f"it has a result of kind {kind[:40]!r}")


def names_in(argument: Any) -> Iterator[str]:
    """Names of values that arguments read."""
    if isinstance(argument, list):
        for item in argument:
            yield from names_in(item)
    elif isinstance(argument, dict):
        for key, item in argument.items():
            if key in ("name", "as_name") and isinstance(item, str):
                yield item
            else:
                yield from names_in(item)

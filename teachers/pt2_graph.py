"""The graph inside a .pt2 file, run call by call: no pickle is opened and no code is made of its text.

`torch.export.load` (seen in torch 2.15) unpickles example inputs, custom objects and some weights without
`weights_only`, hands expressions to sympy's evaluator and compiles names into Python source: a file from
elsewhere could run anything. A plain network needs none of that. Here only raw tensors are read, and only
operators of torch's `aten` library and arithmetic of sizes are called; all else is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from echodfkd.teachers.pt2_calls import Refused, Values, bind, checked, function_of, names_in, value_of


@dataclass(frozen=True)
class Call:
    """One operator call: function, arguments as the file has them, names of its results."""

    function: Callable[..., Any]
    positional: list[dict[str, Any]]
    named: dict[str, dict[str, Any]]
    results: list[dict[str, Any]]
    last: tuple[str, ...]  # values that no later call reads

    def run(self, values: Values, device: torch.device) -> None:
        """Call it, keep its results among the values, drop what is not read again."""
        named = {name: value_of(arg, values, device) for name, arg in self.named.items()}
        out = self.function(*[value_of(arg, values, device) for arg in self.positional], **named)
        for result, value in zip(self.results, out if len(self.results) > 1 else (out,), strict=True):
            bind(result, value, values)
        for name in self.last:
            values.pop(name, None)


class Graph:
    """A function from one input tensor to the first output of a graph.

    Args:
        graph: `graph_module.graph` of a model's JSON. weights: by the names that the graph calls them.
        source, result: names of input and output. device: where to compute.

    Raises:
        Refused: if it calls anything but operators on tensors.
    """

    def __init__(
        self,
        graph: dict[str, Any],
        weights: dict[str, Tensor],
        source: str,
        result: str,
        device: torch.device,
    ) -> None:
        self.source, self.result, self.device = source, result, device
        self.weights = {name: value.to(device) for name, value in weights.items()}
        for node in graph["nodes"]:
            _refuse_learning(node, weights)
        readers = [set(names_in([given["arg"] for given in node["inputs"]])) for node in graph["nodes"]]
        keep = {*weights, result}
        last: list[tuple[str, ...]] = []
        for read in reversed(readers):
            last.append(tuple(read - keep))
            keep |= read
        self.calls = [_call(node, drop) for node, drop in zip(graph["nodes"], reversed(last), strict=True)]

    def __call__(self, x: Tensor) -> Tensor:
        """The output for an input; both where the input is."""
        values: Values = {**self.weights, self.source: x.to(self.device)}
        for call in self.calls:
            call.run(values, self.device)
        out: Tensor = values[self.result]
        return out.to(x.device)


def _call(node: dict[str, Any], last: tuple[str, ...]) -> Call:
    positional = [checked(given["arg"]) for given in node["inputs"] if given.get("kind") != 2]
    named = {given["name"]: checked(given["arg"]) for given in node["inputs"] if given.get("kind") == 2}
    return Call(function_of(node["target"]), positional, named, node["outputs"], last)


def _refuse_learning(node: dict[str, Any], weights: Values) -> None:
    """Raise Refused for a call that would change the weights, as layers do in training mode."""
    modes = [given["arg"] for given in node["inputs"] if given["name"] in ("training", "train")]
    changed = node["inputs"][0]["arg"].get("as_tensor", {}).get("name") if node["inputs"] else None
    in_place = re.search(r"\w_\.\w+$", node["target"]) is not None  # aten's mark: relu_, add_
    if {"as_bool": True} in modes or (in_place and changed in weights):
        raise Refused("it was exported in training mode; export it after eval()")

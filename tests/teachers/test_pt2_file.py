import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_networks import as_prob, frames
from torch import Tensor, nn

from echodfkd.errors import EchoError
from echodfkd.segmenter import Segmenter
from echodfkd.teachers import load_teacher
from echodfkd.teachers.pt2_calls import Refused, function_of

SIZE = 32
MANIFEST = {"scaling": "0..1", "mean": [0.2], "std": [0.5], "claim": "real-free", "convention": "ase"}


class Network(nn.Module):
    """A little of what graphs hold: batch norm, work in place, pooling, joining, sizes, a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.last = nn.Conv2d(8, 1, 1)
        self.register_buffer("shift", torch.tensor(0.25), persistent=False)
        self.gain = 8.0

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        deep = self.down(x)
        pooled = deep.mean((2, 3)).reshape(x.shape[0], 4, 1, 1).expand_as(deep)
        left, right = torch.cat([deep, pooled], 1).chunk(2, 1)
        out = self.last(torch.cat([right, left + self.shift], 1)) * torch.tensor(self.gain)
        return {"out": nn.functional.interpolate(out, size=x.shape[-2:], mode="bilinear")}


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return Network().eval()


@pytest.fixture(scope="module")
def exported(network: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    batch = {0: torch.export.Dim("batch", min=2, max=64)}
    with torch.no_grad():
        program = torch.export.export(network, (torch.zeros(2, 3, SIZE, SIZE),), dynamic_shapes=(batch,))
    path = tmp_path_factory.mktemp("pt2") / "net.pt2"
    torch.export.save(program, path)
    path.with_suffix(".json").write_text(json.dumps(MANIFEST))
    return path


@pytest.fixture
def path(exported: Path, tmp_path: Path) -> Path:
    shutil.copy(exported.with_suffix(".json"), tmp_path)
    return Path(shutil.copy(exported, tmp_path))


@pytest.mark.parametrize("count", [1, 5])
def test_it_does_what_the_network_does(network: nn.Module, exported: Path, count: int) -> None:
    teacher = load_teacher(str(exported), device="cpu")
    assert isinstance(teacher, Segmenter)
    assert (teacher.name, teacher.size, teacher.claim) == ("net", SIZE, "real-free")
    assert teacher.remarks == ()  # type: ignore[attr-defined]
    clip = frames(count, SIZE)
    grey = torch.from_numpy(clip)[:, None].expand(-1, 3, -1, -1) / 255
    with torch.inference_mode():
        expected = torch.sigmoid(network((grey - 0.2) / 0.5)["out"])[:, 0]
    assert np.abs(teacher.predict(clip) - as_prob(expected)).max() <= 1
    assert expected.std() > 0.01


def rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Change the members of an archive, by their names without the root folder."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(name.split("/", 1)[1], content))


def edited(member: str, edit: Callable[[Any], None]) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if name != member:
            return content
        model = json.loads(content)
        edit(model)
        return json.dumps(model).encode()

    return change


def call(target: str) -> Callable[[Any], None]:
    def edit(model: Any) -> None:
        model["graph_module"]["graph"]["nodes"][0]["target"] = target

    return edit


class Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_pickled_examples_are_never_opened(path: Path, tmp_path: Path) -> None:
    marker, pickled = tmp_path / "ran", io.BytesIO()
    torch.save((Touch(marker),), pickled)
    rewrite(path, lambda name, old: pickled.getvalue() if name == "data/sample_inputs/model.pt" else old)
    load_teacher(str(path), device="cpu").predict(frames(2, SIZE))
    assert not marker.exists()


MODEL, STORE = "models/model.json", "data/weights/model_weights_config.json"


def pickle_first(store: Any) -> None:
    next(iter(store["config"].values()))["use_pickle"] = True


def demand_object(model: Any) -> None:
    model["graph_module"]["signature"]["input_specs"].append({"custom_obj": {"arg": {"name": "o"}}})


def hand_over_graph(model: Any) -> None:
    model["graph_module"]["graph"]["nodes"][0]["inputs"][0]["arg"] = {"as_graph": {}}


def change_buffer(model: Any) -> None:
    model["graph_module"]["signature"]["output_specs"].append({"buffer_mutation": {"arg": {"name": "o"}}})


@pytest.mark.parametrize(
    ("member", "edit", "message"),
    [
        (MODEL, call("torch.os.system"), r"calls 'torch\.os\.system', which is no operator"),
        (MODEL, call("torch.ops.aten.from_file.default"), "from_file"),
        (MODEL, call("torch.ops.mylib.run.default"), "mylib"),
        (MODEL, demand_object, "it needs a custom_obj"),
        (MODEL, hand_over_graph, "an argument of kind 'as_graph'"),
        (MODEL, change_buffer, "it has a buffer_mutation"),
        (MODEL, lambda model: model["schema_version"].update(major=9), "version 9, 8 is read"),
        (STORE, pickle_first, "is pickled, not plain numbers"),
    ],
)
def test_what_is_more_than_a_network_is_refused(
    path: Path, member: str, edit: Callable[[Any], None], message: str
) -> None:
    rewrite(path, edited(member, edit))
    with pytest.raises(EchoError, match=rf"net\.pt2 is refused: .*{message}"):
        load_teacher(str(path), device="cpu")


def test_weights_that_are_not_finite_are_refused(path: Path) -> None:
    nan = np.full(4 * 3 * 3 * 3, np.nan, np.float32).tobytes()
    rewrite(path, lambda name, old: nan if name == "data/weights/weight_0" else old)
    with pytest.raises(EchoError, match="NaN or infinite weights"):
        load_teacher(str(path), device="cpu")


def test_a_training_graph_is_refused(tmp_path: Path) -> None:
    """Its batch norms would change their own weights."""
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)).train()
    torch.export.save(torch.export.export(network, (torch.zeros(2, 1, 16, 16),)), tmp_path / "t.pt2")
    with pytest.raises(EchoError, match="exported in training mode; export it after eval"):
        load_teacher(str(tmp_path / "t.pt2"), device="cpu")


def test_what_is_no_pt2_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.pt2").write_bytes(b"hello")
    with pytest.raises(
        EchoError, match=r"a\.pt2 is not a \.pt2 file that is read here .*torch\.export\.save"
    ):
        load_teacher(str(tmp_path / "a.pt2"))
    with zipfile.ZipFile(tmp_path / "b.pt2", "w") as archive:
        archive.writestr("b/notes.txt", "hello")
    with pytest.raises(EchoError, match=r"b\.pt2 is not a \.pt2 file"):
        load_teacher(str(tmp_path / "b.pt2"))


@pytest.mark.parametrize(
    "target",
    ["torch.load", "torch.ops.aten.save.default", "_operator.call", "torch.ops.aten.__class__.default", "x"],
)
def test_functions_outside_the_list_are_refused(target: str) -> None:
    with pytest.raises(Refused, match="no operator"):
        function_of(target)


def test_functions_on_the_list_are_found() -> None:
    assert function_of("torch.ops.aten.relu.default") is torch.ops.aten.relu.default
    assert function_of("_operator.mul")(3, 4) == 12

"""EchoNet-Dynamic's published segmentation network (Ouyang et al., Nature 2020), from its own checkpoint."""

from pathlib import Path

from echodfkd.catalogue import catalogue
from echodfkd.errors import EchoError
from echodfkd.students.checkpoint import sha256
from echodfkd.teachers.architectures import build, fill
from echodfkd.teachers.frames import ForeignSegmenter, Handling
from echodfkd.teachers.manifest import Facts
from echodfkd.teachers.state_dict import read_state_dict

NAME = "echonet-deeplabv3"
ARCHITECTURE = "torchvision:deeplabv3_resnet50"
# Mean and standard deviation of EchoNet-Dynamic's training videos, RGB 0..255, as its release prints them.
HANDLING = Handling(
    size=112,
    channels=3,
    scaling="0..255",
    mean=(32.085175, 32.591923, 33.37932),
    std=(50.129288, 50.487717, 51.34619),
    output="logit",
)


def load_echonet(weights: Path | None, device: str) -> ForeignSegmenter:
    """The network in `deeplabv3_resnet50_random.pt` of release v1.0.0, from the model folder or `weights`.

    The checkpoint is a dict with `state_dict` (names with "module." before them), `epoch`, `best_loss`,
    `loss`, `opt_dict` and `scheduler_dict`; one output, a logit. `digest` is the sha256 of that file.

    Raises:
        EchoError: if the file is not there (the line says which, from where, how large and where to put it),
            or is not that checkpoint.
    """
    path = weights or _in_model_folder()
    stored, notes = read_state_dict(path)
    network = build(ARCHITECTURE, channels=3, classes=1)
    fill(network, stored, f"the weights of {path} and EchoNet-Dynamic's DeepLabV3")
    settled = {"architecture": ARCHITECTURE, "claim": "data-free: teacher saw EchoNet-Dynamic"}
    facts = Facts(path.with_suffix(".json"), {}, settled | {"convention": "echonet"}, notes=[*notes])
    return ForeignSegmenter(network, HANDLING, facts, NAME, sha256(path), device)


def _in_model_folder() -> Path:
    entry = next(entry for entry in catalogue() if (entry.kind, entry.name) == ("teacher", NAME))
    if entry.path is None or not entry.path.is_file():
        raise EchoError(f"{NAME} needs {entry.needs}; fetch it there, or name it with --weights FILE")
    return entry.path

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusion_material import image_unet, vae, video_unet
from safetensors.torch import load_file, save_file
from torch import nn

from echodfkd.errors import EchoError
from echodfkd.synth.diffusion import networks
from echodfkd.synth.diffusion.denoiser import Denoiser

KIND = {"networks": {"unet": networks.config_of(image_unet())}}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "generator.safetensors"
    networks.save({"unet": image_unet(), "vae": vae()}, {"fps": 32.0, "patch": 2}, path)
    return path


def changed(saved: Path, folder: Path, change: Any) -> Path:
    """The file with its weights changed."""
    weights = {name: value for name, value in load_file(saved).items() if name.startswith("unet.")}
    change(weights)
    path = folder / "changed.safetensors"
    save_file(weights, path, metadata={networks.KEY: json.dumps(KIND)})
    return path


def test_networks_come_back_as_they_went(saved: Path) -> None:
    parts, known = networks.load(saved)
    assert known == {"fps": 32.0, "patch": 2}
    assert {name: type(part).__name__ for name, part in parts.items()} == {
        "unet": "UNet2DModel",
        "vae": "AutoencoderKL",
    }
    for part, original in (("unet", image_unet()), ("vae", vae())):
        assert not parts[part].training
        for name, value in original.state_dict().items():
            loaded = parts[part].state_dict()[name]
            assert loaded.dtype == value.dtype
            assert torch.equal(loaded, value.half().float())
    assert networks.config_of(parts["unet"]) == networks.config_of(image_unet())


def test_a_video_network_says_the_same_again(tmp_path: Path) -> None:
    network = video_unet()
    networks.save({"denoiser": network}, {}, tmp_path / "one.safetensors")
    again: Any = networks.load(tmp_path / "one.safetensors")[0]["denoiser"]
    before, after = Denoiser(network).eval(), Denoiser(again)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half().float())
        clips, time = torch.randn(1, 1, 2, 8, 8), torch.ones(1)
        assert torch.equal(before(clips, time, {}), after(clips, time, {}))


def test_equal_networks_are_equal_bytes(saved: Path, tmp_path: Path) -> None:
    networks.save(
        {"vae": vae(), "unet": image_unet()}, {"patch": 2, "fps": 32.0}, tmp_path / "two.safetensors"
    )
    assert (tmp_path / "two.safetensors").read_bytes() == saved.read_bytes()


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e6])
def test_weights_that_fp16_cannot_hold_are_not_saved(tmp_path: Path, wrong: float) -> None:
    network = image_unet()
    with torch.no_grad():
        network.conv_in.weight[0] = wrong
    with pytest.raises(EchoError, match=r"weight unet\.conv_in\.weight is not finite"):
        networks.save({"unet": network}, {}, tmp_path / "run" / "one.safetensors")
    assert not (tmp_path / "run" / "one.safetensors").exists()


def test_missing_unexpected_and_misshapen_weights_are_named(saved: Path, tmp_path: Path) -> None:
    def change(weights: dict[str, torch.Tensor]) -> None:
        del weights["unet.conv_out.bias"]
        weights["unet.extra"] = torch.zeros(2)
        weights["unet.conv_in.bias"] = torch.zeros(3)

    with pytest.raises(EchoError) as caught:
        networks.load(changed(saved, tmp_path, change))
    assert "(unet) does not fit its configuration: conv_out.bias is missing; extra was not expected; " in str(
        caught.value
    )
    assert "conv_in.bias has shape [3], expected [8]" in str(caught.value)


def test_ten_differences_are_named_and_the_others_counted(saved: Path, tmp_path: Path) -> None:
    path = changed(saved, tmp_path, lambda weights: [weights.pop(name) for name in [*weights][:25]])
    with pytest.raises(EchoError, match="and 15 more$") as caught:
        networks.load(path)
    assert str(caught.value).count("is missing") == 10


def test_nan_on_disk_is_refused(saved: Path, tmp_path: Path) -> None:
    def change(weights: dict[str, torch.Tensor]) -> None:
        weights["unet.conv_in.bias"][3] = float("nan")

    with pytest.raises(EchoError, match="holds NaN or infinite weights, 'conv_in.bias' among them"):
        networks.load(changed(saved, tmp_path, change))


def test_weights_of_no_network_are_refused(saved: Path, tmp_path: Path) -> None:
    path = changed(saved, tmp_path, lambda weights: weights.update({"other.bias": torch.zeros(1)}))
    with pytest.raises(EchoError, match="weights of no network that it names, 'other.bias' among them"):
        networks.load(path)


@pytest.mark.parametrize("said", [None, "no json", "[]", "{}", '{"networks": []}', '{"networks": {"a": 3}}'])
def test_a_file_that_names_no_networks_is_none_of_ours(tmp_path: Path, said: str | None) -> None:
    metadata = {"format": "pt"} if said is None else {networks.KEY: said}
    save_file({"a.weight": torch.zeros(1)}, tmp_path / "other.safetensors", metadata=metadata)
    with pytest.raises(EchoError, match="does not say which networks it holds"):
        networks.load(tmp_path / "other.safetensors")


def test_damaged_and_missing_files_are_refused(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(saved.read_bytes()[:2000])
    for bad in (path, tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(EchoError, match="is not a readable safetensors file"):
            networks.load(bad)


def test_pickles_are_refused_unopened(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(EchoError, match=r"\.bin is a pickle, which can run code: convert it to safetensors"):
        networks.load(tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(EchoError, match=r"holds no .+; diffusion_pytorch_model\.bin is a pickle"):
        networks.load_folder(tmp_path)


@pytest.mark.parametrize("name", [None, "StableDiffusionPipeline", "os.system"])
def test_classes_that_are_not_known_are_not_built(name: str | None) -> None:
    with pytest.raises(EchoError, match=f"a network of class {name!r} is not known here"):
        networks.build({"_class_name": name})


@pytest.mark.parametrize(
    "options",
    [
        {"block_out_channels": []},
        {"block_out_channels": 5},
        {"down_block_types": ["Magic"]},
        {"norm_num_groups": 0},
    ],
)
def test_options_that_do_not_fit_are_one_line(options: dict[str, Any]) -> None:
    with pytest.raises(EchoError, match="the configuration does not build a UNet2DModel: "):
        networks.build(networks.config_of(image_unet()) | options)


def publish(folder: Path, network: nn.Module) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(networks.config_of(network)))
    save_file(network.state_dict(), folder / networks.PUBLISHED)
    return folder


def test_a_published_folder_is_read(tmp_path: Path) -> None:
    network = vae(scaling_factor=0.5)
    folder = publish(tmp_path / "vae", network)
    loaded: Any = networks.load_folder(folder)
    assert loaded.config.scaling_factor == 0.5
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in network.state_dict().items())
    (folder / "config.json").write_text("[]")
    with pytest.raises(EchoError, match="must hold names with values"):
        networks.load_folder(folder)
    (folder / "config.json").unlink()
    with pytest.raises(EchoError, match=r"holds no config\.json$"):
        networks.load_folder(folder)
    with pytest.raises(
        EchoError, match=r"holds no config\.json and no diffusion_pytorch_model\.safetensors$"
    ):
        networks.load_folder(tmp_path / "nowhere")


def test_a_network_is_left_in_the_published_layout(tmp_path: Path) -> None:
    network = image_unet()
    networks.save_folder(network, tmp_path / "unet")
    for again in (networks.load_folder(tmp_path / "unet"), type(network).from_pretrained(tmp_path / "unet")):
        for name, value in again.state_dict().items():
            torch.testing.assert_close(value.float(), network.state_dict()[name].half().float())
    torch.nn.init.constant_(network.conv_out.bias, float("nan"))
    with pytest.raises(EchoError, match=r"weight conv_out\.bias is not finite"):
        networks.save_folder(network, tmp_path / "broken")
    assert not (tmp_path / "broken").exists()

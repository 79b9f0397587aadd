"""An image UNet whose decoder is told a label map by SPADE (Park et al. 2019; Wang et al. 2022): MONAI's.

Encoder blocks see the noisy picture alone. A decoder block normalises by groups, then takes
x * (1 + gamma(map)) + beta(map), the map nearest-resized to its own height and width.
"""

from collections.abc import Sequence
from typing import Any

from diffusers.configuration_utils import ConfigMixin, register_to_config
from monai.networks.blocks.spade_norm import SPADE
from monai.networks.nets import SPADEDiffusionModelUNet
from torch import nn


class SpadeUNet(SPADEDiffusionModelUNet, ConfigMixin):
    """MONAI's network in two dimensions, with a configuration as diffusers' networks have it.

    MONAI's own gamma and beta are instance-normalised, as its convolutions are unless told otherwise: what is
    the same all over a map would then say nothing. Here they are what the paper has, plain convolutions.

    Args:
        in_channels, out_channels: of the pictures. label_channels: of the map, one for each class.
        views: how many classes a whole picture may have; None for no such thing.
        channels: of each level. blocks: residual blocks of a level. attention: which levels have it.
        groups: of the norms. head: channels of an attention head. hidden: channels between map and gamma.
    """

    config_name: Any = "config.json"

    @register_to_config
    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        label_channels: int = 5,
        views: int | None = 2,
        channels: Sequence[int] = (32, 64, 96),
        blocks: int = 1,
        attention: Sequence[bool] = (False, False, True),
        groups: int = 8,
        head: int = 16,
        hidden: int = 32,
    ) -> None:
        super().__init__(
            spatial_dims=2,
            in_channels=in_channels,
            out_channels=out_channels,
            label_nc=label_channels,
            num_res_blocks=blocks,
            channels=tuple(channels),
            attention_levels=tuple(attention),
            norm_num_groups=groups,
            resblock_updown=True,
            num_head_channels=head,
            num_class_embeds=views,
            spade_intermediate_channels=hidden,
            use_flash_attention=True,
        )
        for module in self.modules():
            if isinstance(module, SPADE):
                _plain(module.mlp_gamma)
                _plain(module.mlp_beta)


def _plain(convolution: Any) -> None:
    """Take away what comes after a convolution."""
    convolution.adn = nn.Identity()

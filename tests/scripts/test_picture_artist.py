import runpy
from pathlib import Path

import numpy as np
import torch
from PIL import Image

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "picture_artist.py"))


def test_frames_of_a_bank_are_drawn_with_their_outlines(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    masks = torch.zeros(14, 2, 32, 32, dtype=torch.uint8)
    masks[:, :, 8:24, 8:24] = 255
    bank = {"frames": torch.full_like(masks, 90), "masks": masks}
    torch.save(bank, tmp_path / "checkpoints" / "last.pt")
    assert SCRIPT["main"]([str(tmp_path), str(tmp_path / "picture.png")]) == 0
    picture = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB")).astype(int)
    assert picture.shape[1] == 960
    yellow = (picture[..., 0] > 200) & (picture[..., 1] > 150) & (picture[..., 2] < 130)
    grey = np.abs(picture - 90).max(2) < 4
    assert yellow.sum() > 500
    assert grey.mean() > 0.5

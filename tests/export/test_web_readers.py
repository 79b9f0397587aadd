"""The page's own readers in a real browser: frames, rate and spacing are those of the command line's."""

import base64
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pydicom
import pytest
from browser import HeadlessBrowser, Visit
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from echodfkd.readers import read_clip
from echodfkd.readers.example import example_path
from echodfkd.video_writer import write_avi

OPEN = """
async ([name, data]) => {
  const { openClip } = await import('./readers/open.js');
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  try {
    const clip = await openClip(new File([bytes], name));
    const text = (frame) => btoa(frame.reduce((all, one) => all + String.fromCharCode(one), ''));
    return { ...clip, frames: clip.frames.map(text) };
  } catch (error) {
    return { problem: error.message, kind: error.constructor.name };
  }
}
"""


@pytest.fixture(scope="module")
def page(browser: HeadlessBrowser, web_page):  # type: ignore[no-untyped-def]
    with browser.visit(web_page.address) as seen:
        yield seen


def opened(seen: Visit, path: Path) -> dict[str, Any]:
    found = seen.page.evaluate(OPEN, [path.name, base64.b64encode(path.read_bytes()).decode()])
    if "problem" in found:
        assert found["kind"] == "ReadError", found
        return dict(found)
    shape = (-1, found["height"], found["width"])
    frames = [np.frombuffer(base64.b64decode(one), np.uint8) for one in found["frames"]]
    return {**found, "frames": np.concatenate(frames).reshape(shape)}


def smooth(count: int = 9, height: int = 48, width: int = 64) -> np.ndarray:
    """Grey hills that move, uint8 (T, H, W)."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack(
        [(128 + 100 * np.sin(rows / 9 + k / 3) * np.cos(columns / 11)).astype(np.uint8) for k in range(count)]
    )


def write_video(
    path: Path, frames: np.ndarray, codec: str, pix_fmt: str, options: dict[str, str], rate: int
) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        for frame in frames:
            layout = "gray" if frame.ndim == 2 else "rgb24"
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(frame, format=layout).reformat(format=pix_fmt))
            )
        container.mux(stream.encode(None))


def dicom(path: Path, frames: np.ndarray, syntax: str, colours: str, **tags: object) -> None:
    """A small ultrasound cine: frames (T, H, W) or (T, H, W, 3) of the cine's own header."""
    data = pydicom.dcmread(example_path(), stop_before_pixels=True)
    data.file_meta.TransferSyntaxUID = syntax
    data.PhotometricInterpretation = colours
    data.SamplesPerPixel = 3 if frames.ndim == 4 else 1
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.BitsAllocated = 8 * frames.dtype.itemsize
    data.BitsStored, data.HighBit = data.BitsAllocated, data.BitsAllocated - 1
    data.PixelData = frames.tobytes()
    for name, value in tags.items():
        setattr(data, name, value)
    if syntax == RLELossless:
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.compress(RLELossless)
    if syntax == JPEGBaseline8Bit:
        jpegs = [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() for frame in frames]
        data.PixelData = encapsulate(jpegs)
    data["PixelData"].VR = "OB" if frames.dtype == np.uint8 else "OW"
    data.save_as(path)


@pytest.mark.parametrize(
    "options", [{"crf": "5"}, {"crf": "5", "bf": "2", "g": "4"}, {"crf": "5", "movflags": "faststart"}]
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_h264(page: Visit, tmp_path: Path, suffix: str, options: dict[str, str]) -> None:
    path = tmp_path / f"a{suffix}"
    write_video(path, smooth(), "libx264", "yuv420p", options, 30)
    same(opened(page, path), path, 2)


def test_h264_without_webcodecs(page: Visit, tmp_path: Path) -> None:
    """Pages that are not served safely have no WebCodecs: a <video> gives the same frames."""
    path = tmp_path / "a.mp4"
    write_video(path, smooth(), "libx264", "yuv420p", {"crf": "5"}, 30)
    page.page.evaluate("globalThis.kept = VideoDecoder; delete globalThis.VideoDecoder")
    try:
        same(opened(page, path), path, 2)
    finally:
        page.page.evaluate("(globalThis.VideoDecoder = kept, null)")


def test_avi_of_motion_jpeg(page: Visit, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    write_avi(path, smooth(), 50)
    same(opened(page, path), path, 2)
    write_avi(path, smooth(), 50, lossless=True)
    assert opened(page, path)["problem"].startswith("This AVI is not motion JPEG")


def test_gif(page: Visit, tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    colour = np.stack([smooth(), smooth()[::-1], smooth() // 2], -1)
    pictures = [Image.fromarray(frame) for frame in colour]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40)
    same(opened(page, path), path, 1)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEGBaseline8Bit]
)
@pytest.mark.parametrize("colours", ["MONOCHROME1", "MONOCHROME2"])
def test_grey_dicom(page: Visit, tmp_path: Path, syntax: str, colours: str) -> None:
    path = tmp_path / "a.dcm"
    dicom(path, smooth(), syntax, colours)
    same(opened(page, path), path, 1)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("colours", ["RGB", "YBR_FULL"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_colour_dicom(page: Visit, tmp_path: Path, syntax: str, colours: str, planar: int) -> None:
    if syntax == RLELossless and planar:
        pytest.skip("RLE is by planes whatever the tag says")
    path, frames = tmp_path / "a.dcm", np.stack([smooth(), 120 + smooth() // 8, 130 - smooth() // 8], -1)
    stored = (
        frames if not planar else np.ascontiguousarray(frames.transpose(0, 3, 1, 2)).reshape(frames.shape)
    )
    dicom(path, stored, syntax, colours, PlanarConfiguration=planar)
    same(opened(page, path), path, 1)


def test_deep_dicom_goes_through_its_window_or_its_own_range(page: Visit, tmp_path: Path) -> None:
    path, deep = tmp_path / "a.dcm", smooth().astype(np.uint16) * 9
    dicom(path, deep, ExplicitVRLittleEndian, "MONOCHROME2")
    same(opened(page, path), path, 1)
    dicom(path, deep, ExplicitVRLittleEndian, "MONOCHROME2", WindowCenter=900, WindowWidth=1100)
    same(opened(page, path), path, 1)


def test_the_real_cine_and_its_spacing(page: Visit) -> None:
    same(opened(page, example_path()), example_path(), 3)


def same(found: dict[str, Any], path: Path, most: int) -> None:
    """Frames within `most` grey levels nearly everywhere, rate and spacing as the command line reads them."""
    ours = read_clip(path)
    assert found["frames"].shape == ours.frames.shape
    apart = np.abs(found["frames"].astype(int) - ours.frames)
    assert np.percentile(apart, 99.9) <= most
    assert found["fps"] == pytest.approx(ours.fps, rel=1e-3)
    assert found["spacing"] == (None if ours.spacing_mm is None else pytest.approx(ours.spacing_mm))


def test_colour_doppler_is_said(page: Visit, tmp_path: Path) -> None:
    path, frames = tmp_path / "a.dcm", np.repeat(smooth()[..., None], 3, -1)
    frames[:, 15:30, 20:40] = (230, 30, 20)
    dicom(path, frames, ExplicitVRLittleEndian, "RGB", PlanarConfiguration=0)
    (said,) = [line for line in opened(page, path)["notes"] if "Doppler" in line]
    assert said in read_clip(path).notes


def test_large_frames_are_averaged_and_long_clips_cut_with_a_line_each(page: Visit, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    write_video(path, smooth(2, 3000, 4000), "libx264", "yuv420p", {"preset": "ultrafast"}, 10)
    large = opened(page, path)
    assert large["frames"].shape == (2, 750, 1000)
    assert "The frames of 4000x3000 are worked on at 1000x750." in large["notes"]
    write_avi(tmp_path / "long.avi", smooth(2100, 16, 16), 50)
    long = opened(page, tmp_path / "long.avi")
    assert len(long["frames"]) == 2000
    assert "A long clip: only its first 2000 frames (40 of 42 s) are looked at" in long["notes"][0]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (
            {"PhotometricInterpretation": "PALETTE COLOR"},
            "DICOM colours of type PALETTE COLOR are not read here",
        ),
        ({"NumberOfFrames": 90}, "This DICOM is truncated"),
    ],
)
def test_what_no_browser_can_decode_is_one_line(
    page: Visit, tmp_path: Path, tags: dict[str, object], message: str
) -> None:
    path = tmp_path / "a.dcm"
    dicom(path, smooth(), ExplicitVRLittleEndian, "MONOCHROME2", **tags)
    assert opened(page, path)["problem"].startswith(message)


def test_jpeg_2000_names_itself(page: Visit, tmp_path: Path) -> None:
    data = pydicom.dcmread(example_path())
    data.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    data.save_as(tmp_path / "a.dcm")
    assert "compressed (JPEG 2000)" in opened(page, tmp_path / "a.dcm")["problem"]

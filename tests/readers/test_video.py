import av
import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.readers import open_source, read_clip
from echodfkd.readers.video import decord_frames, pyav_frames
from echodfkd.video_writer import write_avi

SHAPE = (48, 64)


def frames(count=12):
    y, x = np.indices(SHAPE)
    return np.stack([(x * 2 + y + 5 * t) % 200 + 20 for t in range(count)]).astype(np.uint8)


def write(path, codec, pix_fmt, clip, rate=25, options=None):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = *clip.shape[1:3], pix_fmt
        for frame in clip if clip.ndim == 4 else np.repeat(clip[..., None], 3, axis=3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_ffv1_is_read_without_error(tmp_path):
    write_avi(tmp_path / "a.avi", frames(), 50, lossless=True)
    source = open_source(tmp_path / "a.avi")
    assert (source.shape, source.n_frames, source.fps, source.name) == (SHAPE, 12, 50.0, "a")
    assert source.spacing_mm is None and source.notes == () and source.mask is None
    np.testing.assert_array_equal(np.stack(list(source.frames())), frames())


def test_mjpg_keeps_full_range(tmp_path):
    write_avi(tmp_path / "a.avi", frames(), 50)
    found = read_clip(tmp_path / "a.avi").frames.astype(int)
    assert np.abs(found - frames()).mean() < 2


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".m4v"])
def test_h264_in_any_container(tmp_path, suffix):
    smooth = np.stack([np.linspace(10 + t, 200 + t, 48 * 64).reshape(SHAPE) for t in range(9)]).astype(
        np.uint8
    )
    path = write(tmp_path / f"a{suffix}", "libx264", "yuv420p", smooth, options={"crf": "5"})
    clip = read_clip(path)
    assert clip.frames.shape == (9, *SHAPE) and clip.fps == 25
    assert np.abs(clip.frames.astype(int) - smooth).mean() < 3


def test_webm_and_gif(tmp_path):
    webm = read_clip(write(tmp_path / "a.webm", "libvpx-vp9", "yuv420p", frames()))
    gif = read_clip(write(tmp_path / "a.gif", "gif", "rgb8", frames(), rate=20))
    assert webm.frames.shape == gif.frames.shape == (12, *SHAPE)
    assert (webm.fps, gif.fps) == (25, 20)


@pytest.mark.parametrize("codec", ["mjpeg", "ffv1"])
def test_both_decoders_agree(tmp_path, codec):
    pytest.importorskip("decord")
    write_avi(tmp_path / "a.avi", frames(), 50, lossless=codec == "ffv1")
    pairs = list(zip(decord_frames(tmp_path / "a.avi"), pyav_frames(tmp_path / "a.avi"), strict=True))
    assert len(pairs) == 12
    for by_decord, by_pyav in pairs:
        np.testing.assert_array_equal(by_decord, by_pyav)


def test_every_pass_starts_afresh(tmp_path):
    write_avi(tmp_path / "a.avi", frames(), 50, lossless=True)
    source = open_source(tmp_path / "a.avi")
    first = next(source.frames())
    np.testing.assert_array_equal(first, next(source.frames()))
    assert len(list(source.frames())) == 12


def test_the_users_fps_and_spacing_win(tmp_path):
    write_avi(tmp_path / "a.avi", frames(), 50)
    source = open_source(tmp_path / "a.avi", fps=80, spacing_mm=(0.3, 0.4))
    assert source.fps == 80 and source.spacing_mm == (0.3, 0.4)


def test_an_absurd_rate_is_dropped_with_a_note(tmp_path):
    write_avi(tmp_path / "a.avi", frames(), 1)
    source = open_source(tmp_path / "a.avi")
    assert source.fps is None and source.notes == ("The file's frame rate (1 Hz) is not plausible.",)
    assert open_source(tmp_path / "a.avi", fps=50).notes == ()


def test_colour_becomes_grey_and_is_noted(tmp_path):
    clip = np.full((5, 40, 48, 3), 100, np.uint8)
    clip[:, 15:25, 12:36] = (220, 20, 20)
    source = open_source(write(tmp_path / "a.avi", "rawvideo", "bgr24", clip))
    assert [note[:31] for note in source.remarks()] == ["Colour Doppler in 5 of 5 frames"]
    frame = next(source.frames())
    assert frame[0, 0] == 100 and frame[20, 20] == round(0.299 * 220 + 0.701 * 20)


def test_text_renamed_mp4(tmp_path, capfd):
    path = tmp_path / "a.mp4"
    path.write_text("I am no video\n" * 100)
    with pytest.raises(EchoError, match=r"a\.mp4: not a readable video") as caught:
        open_source(path)
    assert "\n" not in str(caught.value) and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("keep", [0.001, 0.5])
def test_a_truncated_mp4(tmp_path, keep):
    path = write(tmp_path / "a.mp4", "libx264", "yuv420p", frames())
    data = path.read_bytes()
    path.write_bytes(data[: max(int(len(data) * keep), 1)])
    with pytest.raises(EchoError, match="not a readable video"):
        open_source(path)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_truncated_avi(tmp_path, lossless, capfd):
    path = tmp_path / "a.avi"
    write_avi(path, frames(30), 50, lossless=lossless)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(EchoError, match="truncated"):
        list(open_source(path).frames())
    assert capfd.readouterr() == ("", "")  # FFmpeg's own complaints stay off the terminal


def test_audio_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    with pytest.raises(EchoError, match="holds no video stream"):
        open_source(tmp_path / "a.mp4")

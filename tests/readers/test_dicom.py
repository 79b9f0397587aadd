import io

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space, get_decoder
from pydicom.uid import (
    JPEG2000,
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

from echodfkd.errors import EchoError
from echodfkd.readers import open_source, read_clip

PATIENT = ("Doe^Jane", "SECRET-4711", "19501224")


def frames(count=3, shape=(40, 56)):
    y, x = np.indices(shape)
    return np.stack([(2 * x + 3 * y + 7 * t) % 128 + 40 for t in range(count)]).astype(np.uint8)


def dataset(pixels, syntax=ExplicitVRLittleEndian, photometric="MONOCHROME2", **tags):
    """A cine of pixels (T, H, W) or (T, H, W, 3), with a patient's tags."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = syntax, UltrasoundMultiFrameImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = PATIENT
    ds.SOPClassUID, ds.SOPInstanceUID = UltrasoundMultiFrameImageStorage, meta.MediaStorageSOPInstanceUID
    ds.NumberOfFrames, ds.Rows, ds.Columns = pixels.shape[:3]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3 if pixels.ndim == 4 else 1), photometric
    if pixels.ndim == 4:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(pixels.dtype.kind == "i")
    ds.PixelData, ds.FrameTime = pixels.tobytes(), "20"
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    return ds


def save(ds, path):
    ds.save_as(path, enforce_file_format=True)
    return path


def encapsulated(pixels, syntax, kind, photometric="MONOCHROME2", **options):
    """The same, every frame compressed by Pillow."""
    parts = []
    for frame in pixels:
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, kind, **options)
        parts.append(buffer.getvalue())
    ds = dataset(pixels, syntax, photometric)
    ds.PixelData = encapsulate(parts)
    ds["PixelData"].is_undefined_length = True
    return ds


def colours(count=3):
    """Smooth, so that JPEG keeps it; strongly coloured in the middle."""
    y, x = np.indices((40, 56))
    base = np.stack([x * 4, y * 5, 255 - x * 4], axis=-1).astype(np.uint8)
    return np.stack([base] * count)


def luma(pixels):
    return pixels.astype(float) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless]
)
def test_lossless_grey(tmp_path, syntax):
    ds = dataset(frames())
    if syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False)
    else:
        ds.file_meta.TransferSyntaxUID = syntax
    source = open_source(save(ds, tmp_path / "a.dcm"))
    assert (source.name, source.shape, source.n_frames, source.fps) == ("a", (40, 56), 3, 50.0)
    assert source.notes == () and source.spacing_mm is None
    for _ in range(2):
        np.testing.assert_array_equal(np.stack(list(source.frames())), frames())


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_lossless_colour(tmp_path, syntax):
    ds = dataset(colours(), photometric="RGB")
    if syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False)
    clip = read_clip(save(ds, tmp_path / "a.dcm"))
    assert np.abs(clip.frames - luma(colours())).max() <= 0.6
    assert len(clip.notes) == 1 and clip.notes[0].startswith("Colour Doppler in 3 of 3 frames")


def test_planar_colour(tmp_path):
    ds = dataset(colours(), photometric="RGB")
    ds.PlanarConfiguration, ds.PixelData = 1, colours().transpose(0, 3, 1, 2).tobytes()
    assert np.abs(read_clip(save(ds, tmp_path / "a.dcm")).frames - luma(colours())).max() <= 0.6


def test_ybr_full_is_not_taken_for_rgb(tmp_path):
    ybr = convert_color_space(colours(), "RGB", "YBR_FULL")
    clip = read_clip(save(dataset(ybr, photometric="YBR_FULL"), tmp_path / "a.dcm"))
    assert np.abs(clip.frames - luma(colours())).max() <= 2


def test_ybr_full_422_uncompressed(tmp_path):
    y = frames(2)
    stored = np.full((2, 40, 28, 4), 128, np.uint8)  # Y Y Cb Cr
    stored[..., 0], stored[..., 1] = y[:, :, ::2], y[:, :, 1::2]
    ds = dataset(np.repeat(y[..., None], 3, axis=3), photometric="YBR_FULL_422")
    ds.PixelData = stored.tobytes()
    assert np.abs(read_clip(save(ds, tmp_path / "a.dcm")).frames.astype(int) - y).max() <= 1


def test_jpeg_grey(tmp_path):
    ds = encapsulated(frames(), JPEGBaseline8Bit, "JPEG", quality=95)
    found = read_clip(save(ds, tmp_path / "a.dcm")).frames.astype(int)
    assert np.abs(found - frames()).mean() < 4


def test_jpeg_colour_is_converted_from_ybr(tmp_path):
    ds = encapsulated(colours(), JPEGBaseline8Bit, "JPEG", "YBR_FULL_422", quality=95)
    clip = read_clip(save(ds, tmp_path / "a.dcm"))
    assert np.abs(clip.frames - luma(colours())).mean() < 2


@pytest.mark.parametrize(("syntax", "irreversible"), [(JPEG2000Lossless, False), (JPEG2000, True)])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "YBR"])
def test_jpeg_2000(tmp_path, syntax, irreversible, photometric):
    grey = photometric == "MONOCHROME2"
    pixels = frames() if grey else colours()
    name = photometric if grey else "YBR_ICT" if irreversible else "YBR_RCT"
    ds = encapsulated(
        pixels, syntax, "JPEG2000", name, irreversible=irreversible, mct=int(not grey), no_jp2=True
    )
    clip = read_clip(save(ds, tmp_path / "a.dcm"))
    expected = pixels if grey else luma(pixels)
    assert np.abs(clip.frames - expected.astype(float)).max() <= (3 if irreversible else 0.6)


def test_monochrome1_is_inverted(tmp_path):
    clip = read_clip(save(dataset(255 - frames(), photometric="MONOCHROME1"), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(clip.frames, frames())


def test_palette_colours(tmp_path):
    ds = dataset(frames() % 4, photometric="PALETTE COLOR")
    for colour, table in (("Red", [0, 200, 0, 0]), ("Green", [0, 0, 200, 0]), ("Blue", [0, 0, 0, 200])):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [4, 0, 16])
        entries = (np.array(table, "<u2") * 257).tobytes()
        setattr(ds, f"{colour}PaletteColorLookupTableData", entries)
    found = read_clip(save(ds, tmp_path / "a.dcm")).frames
    np.testing.assert_array_equal(found, np.array([0, 60, 117, 23])[frames() % 4])


def test_16_bit_goes_through_the_files_window(tmp_path):
    deep = np.array([[[0, 1000, 1500, 2000, 4000]]], np.uint16)
    # centre 1500.5, width 1001: from 1000 to 2000 (PS3.3 C.11.2.1.2); stored values times 1, plus 0
    ds = dataset(deep, WindowCenter="1500.5", WindowWidth="1001")
    clip = read_clip(save(ds, tmp_path / "a.dcm"))
    assert clip.frames.tolist() == [[[0, 0, 128, 255, 255]]]
    assert clip.notes == ("16-bit pixels were brought to 0..255 by the file's window 1500.5/1001.",)


def test_the_window_is_in_rescaled_units(tmp_path):
    deep = np.array([[[0, 500, 750, 1000, 4000]]], np.uint16)
    tags = {"WindowCenter": "1400.5", "WindowWidth": "1001", "RescaleSlope": "2", "RescaleIntercept": "-100"}
    assert read_clip(save(dataset(deep, **tags), tmp_path / "a.dcm")).frames.tolist() == [
        [[0, 0, 128, 255, 255]]
    ]


def test_16_bit_without_a_window_takes_the_clips_range(tmp_path):
    deep = np.array([[[-100, 0]], [[100, 300]]], np.int16)
    clip = read_clip(save(dataset(deep), tmp_path / "a.dcm"))
    assert clip.frames.tolist() == [[[0, 64]], [[128, 255]]]
    assert clip.notes == ("Pixel values -100..300 were rescaled to 0..255 over the whole clip.",)


def test_one_frame_needs_no_rate(tmp_path):
    ds = dataset(frames(1))
    del ds.NumberOfFrames, ds.FrameTime
    source = open_source(save(ds, tmp_path / "a.dcm"))
    assert source.n_frames == 1 and source.fps is None and source.notes == ()
    assert len(list(source.frames())) == 1


def test_the_users_fps_and_spacing_win(tmp_path):
    ds = dataset(frames())
    del ds.FrameTime
    assert "no plausible frame rate" in open_source(save(ds, tmp_path / "a.dcm")).notes[0]
    source = open_source(tmp_path / "a.dcm", fps=44, spacing_mm=(0.5, 0.6))
    assert source.fps == 44 and source.spacing_mm == (0.5, 0.6) and source.notes == ()


def test_without_suffix_or_with_a_uid_for_a_name(tmp_path):
    save(dataset(frames()), tmp_path / "IM0001")
    save(dataset(frames()), tmp_path / "1.2.840.4711")
    assert open_source(tmp_path / "IM0001").name == "IM0001"
    assert open_source(tmp_path / "1.2.840.4711").name == "1.2.840.4711"


@pytest.mark.parametrize("implicit", [True, False])
def test_without_preamble_and_meta_header(tmp_path, implicit):
    ds = dataset(frames())
    bare = Dataset()
    bare.update(ds)
    bare.save_as(tmp_path / "a.dcm", implicit_vr=implicit, little_endian=True)
    assert (tmp_path / "a.dcm").read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(read_clip(tmp_path / "a.dcm").frames, frames())


def test_the_real_cine(capfd):
    clip = read_clip(get_testdata_file("examples_ybr_color.dcm"))
    assert clip.frames.shape == (30, 240, 320) and clip.name == "examples_ybr_color"
    assert clip.fps == pytest.approx(30, rel=1e-4)
    assert clip.spacing_mm == pytest.approx((1.021, 1.021), abs=1e-3)
    assert len(clip.notes) == 1 and "it was shrunk by 2" in clip.notes[0]
    assert clip.frames[:, 20:22, 60:100].max() <= 2  # black stays black: YBR taken for RGB would be green
    assert capfd.readouterr() == ("", "")


def test_power_doppler_is_noted():
    notes = open_source(get_testdata_file("examples_rgb_color.dcm")).remarks()
    assert any(note.startswith("Colour Doppler in 1 of 1 frames") for note in notes)


def test_no_patient_tag_is_returned(tmp_path):
    source = open_source(save(dataset(frames()), tmp_path / "clip7.dcm"))
    told = repr(source) + repr(vars(source)) + repr(read_clip(tmp_path / "clip7.dcm"))
    assert source.name == "clip7" and not any(word in told for word in PATIENT)


def test_no_patient_tag_reaches_an_error_or_a_warning(tmp_path, recwarn, capfd):
    ds = dataset(frames(), BitsStored=99)
    ds.PixelData = ds.PixelData[:100]
    save(ds, tmp_path / "a.dcm")
    with pytest.raises(EchoError) as caught:
        open_source(tmp_path / "a.dcm")
    heard = str(caught.value) + "".join(str(w.message) for w in recwarn) + "".join(capfd.readouterr())
    assert not any(word in heard for word in PATIENT) and "\n" not in heard


def test_truncated(tmp_path):
    path = save(dataset(frames()), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(EchoError, match="truncated or damaged DICOM"):
        open_source(path)


def test_truncated_compressed(tmp_path):
    ds = encapsulated(frames(12), JPEGBaseline8Bit, "JPEG")
    path = save(ds, tmp_path / "a.dcm")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(EchoError, match="truncated"):
        list(open_source(path).frames())


@pytest.mark.parametrize("missing", [("PixelData",), ("PixelData", "Rows", "Columns")])
def test_without_pixels(tmp_path, missing):
    ds = dataset(frames())
    for keyword in missing:
        delattr(ds, keyword)
    with pytest.raises(EchoError, match=r"a\.dcm: a DICOM without pixels"):
        open_source(save(ds, tmp_path / "a.dcm"))


@pytest.mark.skipif(get_decoder(JPEGLSLossless).is_available, reason="a JPEG-LS decoder is installed")
def test_a_syntax_without_decoder_names_itself_and_the_remedy(tmp_path):
    ds = dataset(frames(), JPEGLSLossless)
    ds.PixelData = encapsulate([b"\xff\xd8\xff\xf7"] * 3)
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(EchoError, match=r"JPEG-LS Lossless .*4\.80\).*pip install python-gdcm"):
        open_source(save(ds, tmp_path / "a.dcm"))


def test_mpeg_inside_dicom_is_named(tmp_path):
    ds = dataset(frames(), MPEG4HP41)
    ds.PixelData = encapsulate([b"\0\0\0\1"])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(EchoError, match=r"stored as MPEG-4 .*cannot be read: convert it"):
        open_source(save(ds, tmp_path / "a.dcm"))


def test_colours_of_an_unknown_kind(tmp_path):
    with pytest.raises(EchoError, match="DICOM colours of type CMYK"):
        open_source(save(dataset(frames(), photometric="CMYK"), tmp_path / "a.dcm"))


def test_text_renamed_dcm(tmp_path):
    (tmp_path / "a.dcm").write_text("hello " * 100)
    with pytest.raises(EchoError, match=r"a\.dcm: not a DICOM file"):
        open_source(tmp_path / "a.dcm")


def test_pixels_are_streamed(tmp_path):
    source = open_source(save(dataset(frames(9)), tmp_path / "a.dcm"))
    stream = source.frames()
    np.testing.assert_array_equal(next(stream), frames()[0])
    assert dcmread(tmp_path / "a.dcm", stop_before_pixels=True).NumberOfFrames == source.n_frames == 9

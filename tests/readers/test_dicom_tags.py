import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from echodfkd.readers.dicom_tags import frame_rate, pixel_spacing


def tagged(**tags):
    ds = Dataset()
    for keyword, value in tags.items():
        setattr(ds, keyword, value)
    return ds


def region(box=(0, 0, 639, 479), delta=(0.05, 0.05), spatial=1, data=1, units=(3, 3)):
    return tagged(
        RegionSpatialFormat=spatial,
        RegionDataType=data,
        PhysicalUnitsXDirection=units[0],
        PhysicalUnitsYDirection=units[1],
        PhysicalDeltaX=delta[0],
        PhysicalDeltaY=delta[1],
        **dict(zip(("RegionLocationMinX0", "RegionLocationMinY0"), box[:2], strict=True)),
        **dict(zip(("RegionLocationMaxX1", "RegionLocationMaxY1"), box[2:], strict=True)),
    )


def framed(*regions, shape=(480, 640), **tags):
    return tagged(Rows=shape[0], Columns=shape[1], SequenceOfUltrasoundRegions=Sequence(regions), **tags)


ALL = {
    "FrameTimeVector": ["0", "25", "25"],
    "FrameTime": "20",
    "CineRate": "30",
    "RecommendedDisplayFrameRate": "15",
}


@pytest.mark.parametrize(
    ("without", "fps"),
    [
        ((), 40),
        (("FrameTimeVector",), 50),
        (("FrameTimeVector", "FrameTime"), 30),
        (("FrameTimeVector", "FrameTime", "CineRate"), 15),
    ],
)
def test_order_of_the_rates(without, fps):
    tags = {keyword: value for keyword, value in ALL.items() if keyword not in without}
    assert frame_rate(tagged(**tags)) == (fps, ())


@pytest.mark.parametrize("absurd", ["0", "-20", "100000", "0.01", ""])
def test_absurd_values_are_skipped(absurd):
    assert frame_rate(tagged(FrameTime=absurd, CineRate="30")) == (30, ())


def test_a_vector_of_zeros_is_skipped():
    assert frame_rate(tagged(FrameTimeVector=["0", "0", "0"], FrameTime="20")) == (50, ())


def test_uneven_frames_are_averaged_and_noted():
    fps, notes = frame_rate(tagged(FrameTimeVector=["0", "10", "30", "20"]))
    assert fps == 50 and notes == ("Frame times vary (10..30 ms): the mean rate is used.",)


def test_no_rate_is_noted():
    fps, notes = frame_rate(tagged(CineRate="0"))
    assert fps is None and len(notes) == 1 and "no plausible frame rate" in notes[0]


def test_region_gives_spacing_in_mm():
    assert pixel_spacing(framed(region(delta=(0.03, 0.05)))) == ((0.5, pytest.approx(0.3)), ())


@pytest.mark.parametrize(
    "other",
    [{"spatial": 2}, {"data": 2}, {"data": 10}, {"units": (4, 3)}, {"units": (3, 0)}, {"delta": (0.05, 0.0)}],
)
def test_other_regions_are_ignored(other):
    assert pixel_spacing(framed(region(**other))) == (None, ())
    both = framed(region(**{"delta": (0.9, 0.9)} | other), region((0, 0, 99, 99), (0.02, 0.02)))
    assert pixel_spacing(both) == ((0.2, 0.2), ())


def test_the_largest_tissue_region_wins():
    small, large = region((0, 0, 99, 99), (0.9, 0.9)), region((100, 0, 639, 479), (0.04, 0.04))
    assert pixel_spacing(framed(small, large))[0] == (0.4, 0.4)


def test_a_negative_delta_is_a_direction():
    assert pixel_spacing(framed(region(delta=(0.05, -0.05))))[0] == (0.5, 0.5)


@pytest.mark.parametrize(
    ("factor", "box"), [(2, (84, 31, 595, 414)), (3, (0, 0, 900, 700)), (4, (0, 0, 1200, 900))]
)
def test_a_shrunken_frame_has_larger_pixels(factor, box):
    spacing, notes = pixel_spacing(framed(region(box, (0.05, 0.04)), shape=(240, 320)))
    assert spacing == pytest.approx((0.4 * factor, 0.5 * factor))
    assert f"it was shrunk by {factor}" in notes[0]


@pytest.mark.parametrize("box", [(0, 0, 400, 200), (0, 0, 200, 300), (0, 0, 5000, 200)])
def test_a_region_that_no_plain_factor_explains(box):
    spacing, notes = pixel_spacing(framed(region(box), shape=(240, 320)))
    assert spacing is None and "no plain factor explains it" in notes[0]


def test_a_corner_just_past_the_last_pixel_is_no_shrinking():
    assert pixel_spacing(framed(region((0, 0, 640, 480)))) == ((0.5, 0.5), ())


def test_pixel_spacing_is_the_fallback_row_first():
    spacing, notes = pixel_spacing(framed(PixelSpacing=["0.2", "0.3"]))
    assert spacing == (0.2, 0.3) and "PixelSpacing" in notes[0]
    assert pixel_spacing(framed(region(), PixelSpacing=["0.2", "0.3"])) == ((0.5, 0.5), ())


def test_imager_pixel_spacing_and_nonsense_are_not_used():
    assert pixel_spacing(framed(ImagerPixelSpacing=["0.2", "0.3"])) == (None, ())
    assert pixel_spacing(framed(PixelSpacing=["0", "0"])) == (None, ())
    assert pixel_spacing(framed(region(delta=(99.0, 99.0))))[0] is None

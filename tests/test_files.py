import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from echodfkd.errors import EchoError
from echodfkd.files import (
    TEMPORARY,
    atomic_path,
    read_json,
    read_npz,
    remove_leftovers,
    write_bytes,
    write_json,
    write_npz,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_final_name_appears_only_after_the_block(tmp_path: Path) -> None:
    final = tmp_path / "new" / "picture.png"
    with atomic_path(final) as temporary:
        temporary.write_bytes(b"half")
        assert temporary.parent == final.parent
        assert temporary.suffix == ".png"
        assert temporary.name.startswith(TEMPORARY)
        assert not final.exists()
    assert final.read_bytes() == b"half"
    assert names(final.parent) == ["picture.png"]


@pytest.mark.parametrize("failure", [RuntimeError("boom"), KeyboardInterrupt(), OSError(errno.EIO, "broken")])
def test_failure_keeps_the_old_file_and_leaves_no_temporary(tmp_path: Path, failure: BaseException) -> None:
    final = tmp_path / "a.txt"
    final.write_text("old")
    with pytest.raises(type(failure)), atomic_path(final) as temporary:
        temporary.write_text("new")
        raise failure
    assert final.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    message = r"^disk full while writing .*a\.txt: free some space and run again$"
    with pytest.raises(EchoError, match=message), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []


def test_killed_writer_leaves_only_a_temporary_that_is_cleaned(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from echodfkd.files import atomic_path
with atomic_path(Path(sys.argv[1]) / "a.bin") as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert len(names(tmp_path)) == 1
    assert names(tmp_path)[0].startswith(TEMPORARY)
    (tmp_path / "keep.bin").write_bytes(b"")
    assert remove_leftovers(tmp_path) == 1
    assert names(tmp_path) == ["keep.bin"]


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "é\n")
    write_bytes(tmp_path / "b", b"\x00\r\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\n"
    assert (tmp_path / "b").read_bytes() == b"\x00\r\n"


def test_json_comes_back_and_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"spacing_mm": [0.5, 0.25], "ef": None})
    assert read_json(tmp_path / "a.json") == {"spacing_mm": [0.5, 0.25], "ef": None}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"ef": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text())["ef"] is None


def test_broken_json_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(EchoError, match=r"a\.json is not valid JSON"):
        read_json(tmp_path / "a.json")


def test_npz_bytes_depend_on_the_arrays_alone(tmp_path: Path) -> None:
    arrays = {"mask": np.arange(60, dtype=np.uint8).reshape(3, 4, 5), "sector": np.ones((4, 5), bool)}
    write_npz(tmp_path / "a.npz", **arrays)
    write_npz(tmp_path / "b.npz", **arrays)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    # The local file header of a zip holds its time in bytes 10..13: 1980-01-01 00:00, not now.
    assert (tmp_path / "a.npz").read_bytes()[10:14] == b"\x00\x00\x21\x00"
    with np.load(tmp_path / "a.npz") as stored:
        np.testing.assert_array_equal(stored["mask"], arrays["mask"])


def test_npz_comes_back_and_damage_is_named(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", mask=np.eye(30, dtype=np.uint8))
    np.testing.assert_array_equal(read_npz(tmp_path / "a.npz")["mask"], np.eye(30))
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:60])
    with pytest.raises(EchoError, match=r"a\.npz is damaged .*: delete it and make it again"):
        read_npz(tmp_path / "a.npz")


def test_what_is_no_archive_is_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    for content in (b"junk", (tmp_path / "a.npy").read_bytes()):
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(EchoError, match=r"a\.npz is .*: delete it and make it again") as error:
            read_npz(tmp_path / "a.npz")
        assert "unsafely" not in str(error.value)

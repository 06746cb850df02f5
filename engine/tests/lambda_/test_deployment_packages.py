"""Deployment packages are other people's files: what could write elsewhere, or fill the disk, is refused unopened."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import stat
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from moto.awslambda.exceptions import InvalidParameterValueException

from serverless_cloud.lambda_ import code
from serverless_cloud.services.lambda_.validation import refuse_too_large


def package(*entries: tuple[str | zipfile.ZipInfo, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these entries, whatever they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def of_kind(name: str, kind: int) -> zipfile.ZipInfo:
    """An entry as zip makes it on Unix."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    return entry


def unpack(package: bytes, store: Path) -> Path:
    return code.unpack({hashlib.sha256(package).hexdigest(): package}, store)


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "name",
    ["../price.py", "shop/../../price.py", "/etc/price.py", "//host/price.py", "C:\\price.py", "c:price.py",
     "\\\\host\\share\\price.py", "..\\..\\price.py", "shop/..", ".."],
)  # fmt: skip
def test_a_path_that_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(code.BadPackage, match="leads out of it"):
        unpack(package((name, b"x")), tmp_path / "store")
    assert files_below(tmp_path) == set()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_a_link_or_a_device(kind: int, tmp_path: Path) -> None:
    """A link to a folder elsewhere, then a file that would be written through it."""
    bad = package((of_kind("shop", kind), b"/tmp"), ("price.py", b"x"))
    with pytest.raises(code.BadPackage, match=r"shop in the zip is a link or a device"):
        unpack(bad, tmp_path / "store")
    assert files_below(tmp_path) == set()


def test_kinds_and_rights_of_ordinary_files_disturb_nobody(tmp_path: Path) -> None:
    good = package((of_kind("shop/", stat.S_IFDIR), b""), (of_kind("shop/price.py", stat.S_IFREG), b"x"),
                   (of_kind("tax.py", 0), b"y"), ("./", b""))  # fmt: skip
    assert files_below(unpack(good, tmp_path / "store")) == {"shop/price.py", "tax.py"}


def test_what_is_too_large_when_unzipped() -> None:
    entry = zipfile.ZipInfo("zeros.bin")
    small = package((entry, b"x"))
    at = small.index(b"PK\x01\x02")  # the list of contents: there the size is 24 bytes on (APPNOTE, 4.3.12)
    bomb = small[: at + 24] + (code.UNZIPPED_BYTES + 1).to_bytes(4, "little") + small[at + 28 :]
    with pytest.raises(code.BadPackage, match=f"smaller than {code.UNZIPPED_BYTES} bytes"):
        code.check(bomb)


def test_a_size_that_is_a_lie_fills_neither_disk_nor_memory(tmp_path: Path) -> None:
    whole = package(("zeros.bin", bytes(50_000_000)))
    assert len(whole) < 60_000
    at = whole.index(b"PK\x01\x02")
    lie = whole[: at + 24] + (10).to_bytes(4, "little") + whole[at + 28 :]
    tracemalloc.start()
    with pytest.raises(code.BadPackage, match=r"damaged|not a zip"):
        unpack(lie, tmp_path / "store")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    assert files_below(tmp_path) == set()


def test_names_that_no_folder_can_hold() -> None:
    with pytest.raises(code.BadPackage, match=r"both a file and a folder with the name shop/tax"):
        code.check(package(("shop/tax/rate.py", b"x"), ("shop/tax", b"y")))
    with pytest.raises(code.BadPackage, match="longer than 255 bytes"):
        code.check(package(("a/" + "電" * 100, b"x")))


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_wrong_bytes_is_refused_or_read_and_nothing_else(how: int, tmp_path: Path) -> None:
    """400 zips, each with some bytes changed at random."""
    dice = random.Random(8)
    whole = package(
        ("price.py", b"def handler(event, context): return 49\n" * 20), ("shop/tax.py", b"RATE = 10"), how=how
    )
    refused = 0
    for number in range(100):
        broken = bytearray(whole)
        for _ in range(dice.choice((1, 2, 8))):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        store = tmp_path / str(number)
        try:
            unpack(bytes(broken), store)
        except code.BadPackage:
            refused += 1
            assert files_below(tmp_path / str(number)) == set()
    assert refused > 20
    assert {path.name for path in tmp_path.iterdir()} <= {str(number) for number in range(100)}


def test_a_function_and_its_layers_share_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "UNZIPPED_BYTES", 1000)
    own, layer = package(("price.py", bytes(400))), package(("python/tax.py", bytes(300)))
    refuse_too_large(own, [layer, layer])
    with pytest.raises(InvalidParameterValueException) as caught:
        refuse_too_large(own, [layer, layer, layer])
    assert "Function code combined with layers exceeds the maximum allowed size of 1000 bytes" in str(caught.value)
    assert "The actual size is 1300 bytes" in str(caught.value)


def test_a_package_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extract", full)
    with contextlib.suppress(OSError):
        unpack(package(("price.py", b"x")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_environments_that_start_together_unpack_a_package_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    extract = zipfile.ZipFile.extract

    def watched(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> str:
        written.append(entry.filename)
        return extract(archive, entry, path)

    monkeypatch.setattr(zipfile.ZipFile, "extract", watched)
    whole = package(("price.py", b"x"), ("shop/tax.py", b"y"))
    with ThreadPoolExecutor(8) as threads:
        folders = set(threads.map(lambda _: unpack(whole, tmp_path), range(8)))
    assert written == ["price.py", "shop/tax.py"]
    assert [files_below(folder) for folder in folders] == [{"price.py", "shop/tax.py"}]

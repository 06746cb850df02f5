"""docs/licenses.md lists every locked package with a license that a course may build on."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from email.message import Message
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from tools import licenses

ROOT = Path(__file__).resolve().parents[2]
PERMISSIVE = {
    *("MIT", "MIT-0", "MIT-CMU", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause"),
    *("0BSD", "ISC", "PSF-2.0", "CNRI-Python", "Zlib", "CC0-1.0", "AFL-2.1", "OFL-1.1", "Public-Domain"),
}
#: Checked one by one. The head of the page says how each is used.
COPYLEFT = {
    "psycopg": "LGPL-3.0-only", "psycopg-binary": "LGPL-3.0-only", "pywin32": "LGPL-2.1-or-later",
    "docutils": "GPL (a part)", "certifi": "MPL-2.0", "fqdn": "MPL-2.0", "hypothesis": "MPL-2.0",
    "pathspec": "MPL-2.0", "tqdm": "MPL-2.0", "graphviz-pure": "EPL-2.0",
}  # fmt: skip


@cache
def locked() -> list[licenses.Package]:
    return licenses.locked()


needs_all = pytest.mark.skipif(
    sys.platform != "linux" or None in map(importlib.util.find_spec, ("sphinx", "jupytext", "jupyterhub", "mypy")),
    reason="reads the metadata of all extras, as Linux has them",
)


@needs_all
def test_the_page_is_in_step_with_the_lock_files() -> None:
    assert licenses.PAGE.read_text(encoding="utf-8") == licenses.page(locked()), "run tools/licenses.py"


@needs_all
def test_every_license_is_known_and_fits() -> None:
    packages = locked()
    assert len(packages) > 200
    for each in packages:
        for part in re.split(r" (?:AND|OR) ", each.license.replace("(a part)", "<part>")):
            name = part.strip("()").replace("<part>", "(a part)")
            assert name in PERMISSIVE or COPYLEFT.get(each.name) == name, f"{each.name}: {each.license}: may we use it?"


def test_the_head_tells_where_each_copyleft_ends() -> None:
    head, *tables = licenses.PAGE.read_text(encoding="utf-8").split("\n## ")
    found = set(re.findall(r"\b(?:[AL]?GPL|MPL|EPL|CDDL|EUPL|OSL)\b", "".join(tables)))
    assert {"LGPL", "MPL", "EPL", "GPL"} <= found
    assert found == set(re.findall(r"^- (\w+)", head, re.MULTILINE))


def test_every_lock_file_is_read() -> None:
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == set(licenses.PROFILES)


def test_a_version_that_is_not_the_installed_one_has_its_own_license(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licenses, "ELSEWHERE", {"lamps": "MIT", "lamps==1.0": "ISC"})
    assert [licenses.license_of("lamps", version) for version in ("", "1.0", "2.0")] == ["MIT", "ISC", "MIT"]


def test_every_line_of_the_lock_files_is_read() -> None:
    pinned = {
        tuple(line.split(" ")[0].split("=="))
        for profile in licenses.PROFILES
        for line in (ROOT / "requirements" / f"{profile}.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    page = licenses.PAGE.read_text(encoding="utf-8")
    rows = {
        (cells[1].split(" (")[0], cells[2])
        for cells in (re.split(r"\s*\|\s*", line) for line in page.splitlines() if "|" in line)
    }
    assert {(name.split("[")[0], version) for name, version in pinned} <= rows
    assert len(pinned) > 200


def test_a_package_without_a_license_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Message()
    told["License"] = "ask the author"
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: SimpleNamespace(metadata=told, files=None))
    with pytest.raises(LookupError, match=r"lamps: its metadata state no license .*'ask the author'"):
        licenses.license_of("lamps")
    monkeypatch.undo()
    with pytest.raises(LookupError, match="lamps is not installed"):
        licenses.license_of("lamps")

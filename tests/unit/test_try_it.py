"""The page that runs a task in the browser: what the task accepts and rejects, and what is packed for the browser.

The task runs here in CPython; tests/browser/test_try_it_in_browser.py runs it in Chromium.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from serverless_first import course
from serverless_first.publish.tryit import make, packages, pyodide

ANSWERS = Path(__file__).parent / "data" / "try_it"
RIGHT = [packages.TASK / "solution.py", *sorted((ANSWERS / "right").glob("*.py"))]
MISTAKES = sorted((ANSWERS / "mistakes").glob("*.py"))
_JUDGE = """
import json, sys
sys.path[:0] = sys.argv[1].split("|")
import stand_ins
stand_ins.install()
import judge
print(json.dumps([judge.judge(text) for text in json.load(sys.stdin)]))
"""


def judged(texts: list[str], *places: Path, options: tuple[str, ...] = ("-I",)) -> list[dict[str, Any]]:
    """The verdicts on some answers, from one process with these folders at the front of its path."""
    command = [sys.executable, *options, "-B", "-X", "utf8", "-c", _JUDGE, "|".join(map(str, places))]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout))


def answer(path: Path) -> str:
    """An answer without the line that says what the check must say of it."""
    text = path.read_text(encoding="utf-8")
    return text.partition("\n")[2] if text.startswith("#: expects:") else text


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The verdict on each answer, by its name."""
    folder = tmp_path_factory.mktemp("task")
    for name in packages.task_files():
        shutil.copyfile(packages.TASK / name, folder / name)
    start = packages.TASK / "start.py"
    paths = [start, *RIGHT, *MISTAKES]
    untouched = f"# a comment\n\n{answer(start)}"
    *found, commented = judged([*map(answer, paths), untouched], folder)
    return {**{path.stem: verdict for path, verdict in zip(paths, found, strict=True)}, "commented": commented}


@pytest.mark.parametrize("name", ["start", "commented"])
def test_an_untouched_handler_is_not_started_and_charges_twice(verdicts: dict[str, Any], name: str) -> None:
    verdict = verdicts[name]
    assert (verdict["state"], verdict["problem"]) == ("not started", "Your handler charges the customer twice.")
    assert verdict["rows"]["came back"] == "Aoi's bill is 9,600 yen"
    assert "FAILED" in verdict["report"]


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_a_right_answer_passes(verdicts: dict[str, Any], path: Path) -> None:
    verdict = verdicts[path.stem]
    assert verdict["state"] == "passed", verdict["problem"]
    assert verdict["tests"] == (packages.TASK / "test_charges.py").read_text(encoding="utf-8").count("\ndef test_")


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_rejected_by_name(verdicts: dict[str, Any], path: Path) -> None:
    verdict = verdicts[path.stem]
    said = " ".join([verdict["problem"], *verdict["rows"].values()])
    expected = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#: expects: ")
    assert verdict["state"] == "failed"
    assert re.search(expected, said), said
    assert list(verdict["rows"]) == ["called", "came back", "expected", "look at"]
    assert all(verdict["rows"].values())


def test_what_a_handler_prints_is_shown(verdicts: dict[str, Any]) -> None:
    assert "ord-7" in verdicts["charges-nobody"]["printed"]
    assert verdicts["start"]["printed"] == ""


@pytest.fixture(scope="module")
def packed() -> bytes:
    """The zip for the browser."""
    return packages.zipped(packages.collected())


@pytest.mark.thorough
def test_the_zip_has_all_that_the_task_needs(packed: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path)
    texts = [answer(path) for path in (*RIGHT, ANSWERS / "mistakes" / "looks-then-writes.py")]
    # Without the installed packages, only the zip's are there.
    found = judged(texts, tmp_path / "task", tmp_path / "packages", options=("-I", "-S"))
    assert [verdict["state"] for verdict in found] == ["passed"] * len(RIGHT) + ["failed"]


@pytest.mark.thorough
def test_the_zip_is_small_and_has_the_licenses(packed: bytes) -> None:
    assert len(packed) < 3_000_000
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
    assert not [name for name in names if name.endswith((".pyc", ".so", ".pyd"))]
    assert {"task/judge.py", "task/test_charges.py", "packages/moto/__init__.py"} <= set(names)
    licenses = " ".join(name for name in names if re.search(r"\.dist-info/.*licen[cs]e", name, re.IGNORECASE))
    for owner in ("boto3", "botocore", "moto", "pytest", "werkzeug", "certifi"):
        assert f"/{owner}-" in licenses


def test_the_same_files_give_the_same_zip(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    files = {"a.py": tmp_path / "a.py"}
    first = packages.zipped(files)
    (tmp_path / "a.py").touch()
    assert packages.zipped(files) == first


def test_the_page_names_what_it_loads(tmp_path: Path) -> None:
    loaded = {"pyodide.mjs": b"export {}", "packages.zip": b"PK", "worker.js": b""}
    make.write(make.Parts(loaded), tmp_path / "try", "https://example.org/lamps/course")
    page = (tmp_path / "try" / "index.html").read_text(encoding="utf-8")
    assert "{{" not in page
    (listed,) = re.findall(r'id="files">(.*?)</script>', page)
    for file in json.loads(listed):
        assert (tmp_path / "try" / file["at"]).stat().st_size == file["bytes"]
    assert "Key={&quot;id&quot;: order[&quot;customer&quot;]}" in page
    assert len(page.partition('<template id="hints">')[2].partition("</template>")[0].strip().splitlines()) == 3


def npm(folder: Path, script: str) -> None:
    """A program npm that does what the script says."""
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="the npm of this test is a shell script")
@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("exit 1", "npm couldn't get pyodide@"),
        (f"echo other > {pyodide.ARCHIVE}", "isn't the pinned one"),
    ],
)
def test_an_npm_that_gives_no_pyodide(
    script: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(make.LeftOut, match=problem):
        make.parts(tmp_path)
    assert not (tmp_path / make.CACHE).exists()


@pytest.mark.parametrize("has_task", [True, False])
def test_the_front_page_has_a_button_if_the_page_is_there(has_task: bool) -> None:
    pytest.importorskip("sphinx", reason="the site needs the extra `site`")
    from serverless_first.publish.site import pages

    text = pages.index_page(course.load(packages.TASK.parents[4]), [], {}, has_task=has_task).source()
    assert ('href="try/index.html">Try a task in your browser</a>' in text) == has_task


def test_without_npm_the_site_is_made_without_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sphinx", reason="the site needs the extra `site`")
    from serverless_first.publish.site import make as site

    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    assert site._task_page(tmp_path, said.append) is None
    assert said == ['the page "Try a task in your browser" is left out, because npm is not installed']

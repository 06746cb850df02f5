"""Programs of the machine don't change what a lesson prints; docs/testing.md lists where the code looks for them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from tools import impostors

ROOT = Path(__file__).resolve().parents[2]
LOOKUP = re.compile(r"\bwhich\(|subprocess\.\w+\(\s*\[[\"']")
NBVAL = ("-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env")


def test_every_lookup_is_listed() -> None:
    listed = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    files = [
        path.relative_to(ROOT).as_posix()
        for folder in ("src", "engine/src", "modules", "tools")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".md") and LOOKUP.search(path.read_text(encoding="utf-8"))
    ]
    assert "modules/01-evolution-of-computing/lesson.md" in files
    missing = [file for file in files if f"`{file}`" not in listed]
    assert missing == [], "docs/testing.md doesn't say what happens without these programs"


def test_impostors_come_first_and_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(impostors.make(tmp_path)), prepend=os.pathsep)
    for name in ("pgbouncer", "docker", "git"):
        program = shutil.which(name)
        assert program is not None
        assert Path(program).parent == tmp_path
        assert subprocess.run([program], check=False).returncode == impostors.EXIT_CODE


@pytest.mark.thorough
@pytest.mark.parametrize(("code", "failures"), [("print(shutil.which('pgbouncer'))", 1), ("print(None)", 0)])
def test_an_output_that_depends_on_a_program_fails(code: str, failures: int, tmp_path: Path) -> None:
    """The stored output is from a machine without the program."""
    output = nbformat.v4.new_output("stream", name="stdout", text="None\n")  # type: ignore[no-untyped-call]
    cell = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
        f"import shutil\n{code}", outputs=[output], execution_count=1
    )
    file = tmp_path / "lamps.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), file)  # type: ignore[no-untyped-call]
    done = subprocess.run([sys.executable, *NBVAL, file], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == failures, done.stdout
    assert ("Cell outputs differ" in done.stdout) == bool(failures)

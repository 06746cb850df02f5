"""The two files pyproject.toml are the one source of packages: the lock files and environment.yml say the same."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
ENGINE = tomllib.loads((ROOT / "engine" / "pyproject.toml").read_text(encoding="utf-8"))
OURS = ("serverless-cloud", "serverless-first")
#: What a learner's environment holds: the packages of the course and of the engine.
BASE: list[str] = [
    text
    for project in (PYPROJECT, ENGINE)
    for text in project["project"]["dependencies"]
    if Requirement(text).name not in OURS
]
CONDA_EXTRAS = ("author", "test", "slides", "site")
CONDA_NAMES = {"matplotlib-base": "matplotlib", "python-duckdb": "duckdb"}  # conda-forge's matplotlib adds Qt
LOCKS = ("lab", "all", "installer", "aws-cli")


def lock_text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, list[Requirement]]:
    """The pinned requirements of a lock file; a package may have one pin for each platform."""
    found: dict[str, list[Requirement]] = defaultdict(list)
    for line in lock_text(name).splitlines():
        if line[:1].isalnum():
            pin = Requirement(line.removesuffix("\\").strip())
            found[canonicalize_name(pin.name)].append(pin)
    return found


def unmet(needed: list[str], lock: str) -> list[str]:
    """The requirements that a lock file has no pin for, or a pin outside their bounds."""
    pinned = pins(lock)
    wrong = []
    for text in needed:
        requirement = Requirement(text)
        versions = [next(iter(pin.specifier)).version for pin in pinned[canonicalize_name(requirement.name)]]
        if not versions or not all(requirement.specifier.contains(v, prereleases=True) for v in versions):
            wrong.append(f"{text}: {lock}.txt has {versions}")
    return wrong


def test_the_learners_lock_satisfies_pyproject() -> None:
    assert unmet(BASE, "lab") == []


def test_the_full_lock_satisfies_every_extra() -> None:
    assert unmet(BASE + [text for extra in EXTRAS.values() for text in extra], "all") == []


def test_the_installer_lock_holds_the_build_backend_and_pip() -> None:
    assert unmet(["pip>=26", *PYPROJECT["build-system"]["requires"]], "installer") == []


def test_a_bound_that_the_lock_does_not_meet_is_found() -> None:
    assert unmet(["jupyterlab>=99", "hikari-lamps>=1"], "lab") != []
    assert len(unmet(["jupyterlab>=99", "hikari-lamps>=1"], "lab")) == 2


def test_make_env_holds_the_very_packages_of_make_lab() -> None:
    everything = pins("all")
    for name, learners in pins("lab").items():
        assert {str(pin.specifier) for pin in learners} == {str(pin.specifier) for pin in everything[name]}


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_exact_and_has_a_hash(name: str) -> None:
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", lock_text(name))[1:]
    assert blocks
    assert [b.splitlines()[0] for b in blocks if "==" not in b.splitlines()[0] or "--hash=sha256:" not in b] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    assert "://" not in lock_text(name)
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host", lock_text(name))


def test_environment_yml_has_the_packages_and_bounds_of_pyproject() -> None:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    editable = ["-e ./engine", "-e ."]
    assert pip[-2:] == editable
    texts = [e for e in entries if isinstance(e, str) and e != "pip"] + pip[:-2]
    conda = {}
    for text in texts:
        requirement = Requirement(text)
        name = CONDA_NAMES.get(requirement.name, canonicalize_name(requirement.name))
        conda[name] = (requirement.specifier, requirement.extras)
    python, _ = conda.pop("python")
    needed = [Requirement(t) for t in BASE + [t for extra in CONDA_EXTRAS for t in EXTRAS[extra]]]
    assert conda == {canonicalize_name(r.name): (r.specifier, r.extras) for r in needed}
    assert PYPROJECT["project"]["requires-python"] in str(python)


_IMPORTED = re.compile(r"^ *(?:from|import) ([A-Za-z_]\w*)", re.MULTILINE)


def undeclared(folder: Path, declared: set[str]) -> dict[str, str]:
    """What files import from packages that are here and not declared: the module, and one file that imports it."""
    packages = packages_distributions()
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.py")):
        for name in set(_IMPORTED.findall(file.read_text(encoding="utf-8"))) - set(sys.stdlib_module_names):
            from_these = {canonicalize_name(each) for each in packages.get(name, ())}
            if from_these and not from_these & declared:
                found[name] = str(file.relative_to(folder))
    return found


@pytest.mark.parametrize("folder", ["src", "engine/src", "engine/tests", "tests", "tools"])
def test_what_the_course_imports_is_declared_and_not_left_to_others_to_bring_along(folder: str) -> None:
    declared = {canonicalize_name(Requirement(t).name) for t in [*BASE, *(t for e in EXTRAS.values() for t in e)]}
    assert undeclared(ROOT / folder, {*declared, *OURS}) == {}


def test_the_engine_declares_what_it_imports_and_nothing_of_the_course() -> None:
    extras = ENGINE["project"]["optional-dependencies"].values()
    texts = [*ENGINE["project"]["dependencies"], *(text for extra in extras for text in extra)]
    # They show progress in a notebook where there is one, and offer a fixture where there is pytest.
    optional = {"ipython", "ipywidgets", "pytest"}
    declared = {canonicalize_name(Requirement(text).name) for text in texts}
    assert undeclared(ROOT / "engine" / "src", {*declared, *optional, "serverless-cloud"}) == {}


def test_an_import_that_nobody_declares_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import json\nimport lamps\n\ndef f():\n    from yaml import safe_load\n", "utf-8")
    assert undeclared(tmp_path, {"boto3"}) == {"yaml": "a.py"}
    assert undeclared(tmp_path, {"pyyaml"}) == {}

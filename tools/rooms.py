"""Maps each part of the code, called a room, to the tests that cover it.

`make test-changed` and tools/seeded_faults.py use the map.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

CODE = "src/serverless_first/"
#: Path prefix -> test patterns under tests/; the longest matching prefix wins.
ROOMS: dict[str, tuple[str, ...]] = {
    "bench/": ("unit/test_bench.py",),
    "board/": ("unit/test_board*.py",),
    "build/": ("unit/test_build*.py", "unit/test_deck.py", "unit/test_guide.py", "notebooks"),
    "classroom/": ("unit/test_class*.py", "classroom"),
    "cloud/": ("cloud/test_s*.py", "cloud/test_life*.py", "cloud/test_deploy.py", "cloud/test_handlers.py"),
    "cloud/account/": ("cloud/test_real_account.py", "cloud/test_account*.py"),
    "cloud/batch/": ("cloud/test_batch*.py",),
    "cloud/events/": ("cloud/test_event*.py", "unit/test_event*.py", "unit/test_patterns.py"),
    "cloud/http/": ("cloud/test_http*.py", "cloud/test_rest*.py", "cloud/test_function_urls.py", "unit/test_rest*.py"),
    "cloud/http/rest_": ("cloud/test_rest*.py", "unit/test_rest*.py"),
    "cloud/http/http_api": ("cloud/test_http*.py",),
    "cloud/iam/": ("cloud/test_iam*.py", "cloud/test_permission*.py", "unit/test_policies.py"),
    "cloud/lambda_/": (
        *("cloud/test_async*.py", "cloud/test_burst*.py", "cloud/test_changes.py", "cloud/test_handlers.py"),
        *("cloud/test_execution*.py", "cloud/test_failures.py", "cloud/test_forked*.py", "cloud/test_life*.py"),
        *("cloud/test_provisioned.py", "cloud/test_reserved*.py", "cloud/test_renewal.py", "cloud/test_runtime*.py"),
        *("cloud/test_versions.py", "cloud/test_lambda*.py", "cloud/test_logs*.py", "unit/test_lambda_metrics.py"),
        *("cloud/test_destinations.py", "cloud/test_layers.py", "unit/test_lifecycle.py"),
    ),
    "cloud/network/": ("cloud/test_network*.py", "cloud/test_hikari_vpc.py"),
    "cloud/pipes/": ("cloud/test_pipes.py", "unit/test_pipe*.py"),
    "cloud/rds/": ("cloud/test_rds*.py", "unit/test_rds*.py", "cloud/test_*database*.py"),
    "cloud/rds_proxy/": ("proxy", "unit/test_proxy*.py", "unit/test_pinning.py", "cloud/test_proxy*.py"),
    "cloud/schedules/": ("cloud/test_schedule*.py", "unit/test_schedule*.py"),
    "cloud/seams/": ("cloud/test_*seams.py",),
    "cloud/seams/batch": ("cloud/test_batch*.py",),
    "cloud/seams/event": ("cloud/test_event*.py",),
    "cloud/seams/http_api": ("cloud/test_http*.py",),
    "cloud/seams/iam": ("cloud/test_iam*.py", "cloud/test_permission*.py"),
    "cloud/seams/lambda": (
        *("cloud/test_async*.py", "cloud/test_changes.py", "cloud/test_layers.py", "cloud/test_provisioned.py"),
        *("cloud/test_reserved*.py", "cloud/test_versions.py", "cloud/test_refusals.py", "cloud/test_seams.py"),
    ),
    "cloud/seams/pipe": ("cloud/test_pipes.py",),
    "cloud/seams/proxy": ("cloud/test_proxy*.py",),
    "cloud/seams/rds": ("cloud/test_rds*.py", "cloud/test_proxy*.py"),
    "cloud/seams/rest": ("cloud/test_rest*.py",),
    "cloud/seams/s3": ("cloud/test_s3*.py",),
    "cloud/seams/schedule": ("cloud/test_schedule*.py", "cloud/test_event_rules.py"),
    "cloud/seams/sns": ("cloud/test_sns*.py", "cloud/test_push_seams.py"),
    "cloud/seams/sqs": ("cloud/test_sqs*.py", "unit/test_sqs*.py", "cloud/test_mapping_seams.py"),
    "cloud/seams/states": ("cloud/test_state*.py", "unit/test_states*.py"),
    "cloud/sns/": ("cloud/test_sns*.py",),
    "cloud/sources/": ("cloud/test_stream*.py", "cloud/test_sqs*.py", "unit/test_sqs*.py", "cloud/test_pipes.py"),
    "cloud/sources/sqs": ("cloud/test_sqs*.py", "unit/test_sqs*.py"),
    "cloud/sources/stream": ("cloud/test_stream*.py",),
    "cloud/stacks/": ("cloud/test_*stacks*.py", "cloud/test_sam*.py"),
    "cloud/workflows/": (
        *("cloud/test_state*.py", "unit/test_states*.py", "unit/test_state_machine_rules.py"),
        *("unit/test_json_path.py", "unit/test_workflow_integrations.py"),
    ),
    "drill/": ("unit/test_drill*.py", "cloud/test_drill*.py", "unit/test_capstone.py"),
    "explore/": ("unit/test_explore*.py",),
    "figures/": (
        *("unit/test_*figure*.py", "unit/test_alt_texts.py", "unit/test_figures_lambda.py"),
        *("unit/test_spectrum.py", "unit/test_responsibility.py"),
    ),
    "lab/": ("unit/test_lab*.py", "cloud/test_lab*.py", "cloud/test_deployed_code.py", "labs"),
    "reach/": ("unit/test_reach.py",),
    "simulate/": (
        "unit/test_simulat*.py",
        "unit/test_pool.py",
        "unit/test_availability*.py",
        "unit/test_connections*.py",
    ),
    "site/": ("unit/test_site.py", "unit/test_whole_site.py"),
    "wheelhouse/": ("unit/test_wheelhouse.py",),
    "": ("unit",),
}
OTHER = {
    "facts.yml": ("unit/test_facts.py", "unit/test_prices.py", "notebooks"),
    "docs/": ("unit/test_words.py", "unit/test_alt_texts.py"),
    "slides/": ("unit/test_deck.py", "unit/test_build_slides.py"),
    "tools/": ("unit/test_setup*.py", "unit/test_rooms.py", "unit/test_seeded_faults.py"),
}
MODULE = re.compile(r"(?:modules|notebooks|labs|solutions)/((\d\d)-[\w-]+)")
JUDGES = re.compile(r"modules/[\w-]+/(?:checks\w*\.py|mistakes/)")  # files that lessons and slides don't use
LABS = "tests/labs/test_labs.py"


def changed_files(root: Path, since: str = "") -> list[str]:
    """The files that differ from a commit, new ones among them, as paths relative to the root.

    Args:
        root: The checkout.
        since: The commit to compare with. If empty, the point where the branch left its upstream, or HEAD~1 if it has
            no upstream.

    Raises:
        SystemExit: Git doesn't know the commit, or `root` isn't a Git checkout.
    """

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, encoding="utf-8", check=False)

    if not since:
        fork = git("merge-base", "HEAD", "@{upstream}")
        since = fork.stdout.strip() if fork.returncode == 0 else "HEAD~1"
    differ = git("diff", "--name-only", "-z", since)
    if differ.returncode:
        first, *_ = differ.stderr.splitlines()
        raise SystemExit(
            f"Git can't compare the checkout with {since!r}: {first}\nSet SINCE to a commit, for example SINCE=HEAD~3."
        )
    new = git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({name for name in (differ.stdout + new.stdout).split("\0") if name})


def select_tests(root: Path, files: Iterable[str]) -> list[str]:
    """The test files and folders that cover these files, as paths relative to the root."""
    chosen = {path for name in files for path in _select(root, name)}
    return sorted(path for path in chosen if not any(parent.as_posix() in chosen for parent in Path(path).parents))


def leave_other_modules_out(root: Path, files: Iterable[str]) -> list[str]:
    """pytest's -k option, which limits the lab tests to the modules that were changed.

    Returns:
        An empty list if no file belongs to a module, because then every selected test must run.
    """
    files = list(files)
    modules = sorted({(module[1], module[2]) for name in files if (module := MODULE.match(name))})
    if not modules:
        return []
    needed_whole = select_tests(root, [name for name in files if not MODULE.match(name)])
    # The ids of tests name a module, as in [05-rds-proxy], or one of its tasks, as in [5.1-no-target].
    words = [word for name, number in modules for word in (name, f"[{int(number)}.")]
    for path in select_tests(root, files):
        if path.endswith(".ipynb") or (path == LABS and LABS not in needed_whole):
            continue
        words += [file.name for file in sorted((root / path).rglob("test_*.py"))] or [Path(path).name]
    return ["-k", " or ".join(dict.fromkeys(words))]


def _select(root: Path, name: str) -> list[str]:
    if name.startswith("tests/"):
        return _tests_with(root, Path(name))
    if module := MODULE.match(name):
        judges = JUDGES.match(name)
        books = [f"{folder}/{module[1]}.ipynb" for folder in ("solutions", *([] if judges else ["notebooks"]))]
        tests = [book for book in books if (root / book).is_file()] + [LABS, *_labs_of(root, module[2])]
        return tests if judges else [*tests, "tests/unit/test_deck.py"]
    table, rest = (ROOMS, name.removeprefix(CODE)) if name.startswith(CODE) else (OTHER, name)
    room = max((start for start in table if rest.startswith(start)), key=len, default=None)
    return [*([] if room is None else matching(root, table[room])), *_importers(root, name)]


def _labs_of(root: Path, number: str) -> list[str]:
    """The files in tests/labs that name a module, for example "08-microservices-and-apis", except test_labs.py."""
    names = re.compile(rf'"{number}(?:-[a-z-]+)?"')
    return [path for path, text in _texts(root).items() if path.startswith("tests/labs/") and names.search(text)]


def _importers(root: Path, name: str) -> list[str]:
    """Tests that import this course file or a name from it; none for `__init__.py` and `__main__.py`."""
    file = Path(name)
    if not name.startswith(CODE) or file.suffix != ".py" or file.stem.startswith("__"):
        return []
    _, *packages, module = file.with_suffix("").parts
    uses = re.compile(rf"\b{re.escape('.'.join(packages))}(?:\.{module}\b| import (?:\([^)]*|.*)\b{module}\b)")
    return [path for path, text in _texts(root).items() if uses.search(text)]


@cache
def _texts(root: Path) -> dict[str, str]:
    """Each file of tests with its text; the paths are relative to the root."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


def _tests_with(root: Path, path: Path) -> list[str]:
    """A file of tests; for a kit, the tests beside it that import it; for a conftest, its folder."""
    if path.name == "conftest.py":
        return [path.parent.as_posix()]
    if path.name.startswith("test_"):
        return [path.as_posix()] if (root / path).is_file() else []
    beside = (root / path).parent.glob("test_*.py")
    uses = re.compile(rf"\b{re.escape(path.stem)}\b")
    return [file.relative_to(root).as_posix() for file in beside if uses.search(file.read_text(encoding="utf-8"))]


def matching(root: Path, patterns: Iterable[str]) -> list[str]:
    """The tests that patterns below tests/ name, as paths relative to the root."""
    return [path.relative_to(root).as_posix() for each in patterns for path in sorted((root / "tests").glob(each))]

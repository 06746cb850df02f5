"""Maps each part of the code, called a room, to the tests that cover it.

`make test-changed` and tools/seeded_faults.py use the map.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

CODE = ("src/serverless_first/", "engine/src/serverless_cloud/")
TESTS = ("tests/", "engine/tests/")
#: Path prefix -> test patterns, both relative to the root; the longest matching prefix wins.
ROOMS: dict[str, tuple[str, ...]] = {
    "engine/src/serverless_cloud/": (
        "engine/tests/test_*.py",
        "tests/cloud/test_s*.py",
        "tests/cloud/test_deploy.py",
        "engine/tests/lambda_/test_handlers.py",
    ),
    "engine/src/serverless_cloud/postgres": (
        "tests/cloud/test_own_server.py",
        "tests/unit/test_bench.py",
    ),
    "engine/src/serverless_cloud/batch/": ("engine/tests/batch",),
    "engine/src/serverless_cloud/core/": ("engine/tests/core",),
    "engine/src/serverless_cloud/core/constraints": (
        "engine/tests/*/test_answers_*.py",
        "engine/tests/test_broken_requests.py",
    ),
    "engine/src/serverless_cloud/core/jackson": (
        "engine/tests/core/test_jackson.py",
        "engine/tests/events/test_patterns.py",
        "engine/tests/*/test_answers_s*.py",
    ),
    "engine/src/serverless_cloud/dynamodb/": (
        "engine/tests/dynamodb",
        "engine/tests/sources/test_stream*.py",
    ),
    "engine/src/serverless_cloud/events/": ("engine/tests/events",),
    "engine/src/serverless_cloud/events/operators": (
        "engine/tests/sns/test_sns_filters.py",
        "engine/tests/events/test_patterns.py",
    ),
    "engine/src/serverless_cloud/gateway/": (
        "engine/tests/sns",
        "engine/tests/sqs",
        "engine/tests/test_broken_requests.py",
    ),
    "engine/src/serverless_cloud/http/": (
        "engine/tests/http",
        "tests/cloud/test_http*.py",
    ),
    "engine/src/serverless_cloud/http/http_api/": (
        "engine/tests/http/test_http*.py",
        "tests/cloud/test_http*.py",
    ),
    "engine/src/serverless_cloud/http/rest/": ("engine/tests/http/test_rest*.py",),
    "engine/src/serverless_cloud/iam/": (
        "engine/tests/iam",
        "engine/tests/*/test_*permission*.py",
        "tests/cloud/test_permission*.py",
    ),
    "engine/src/serverless_cloud/lambda_/": ("engine/tests/lambda_",),
    "engine/src/serverless_cloud/lambda_/delay_queue": (
        "engine/tests/lambda_/test_asynchronous.py",
        "engine/tests/lambda_/test_event_queue.py",
        "engine/tests/sns",
    ),
    "engine/src/serverless_cloud/network/": (
        "engine/tests/network",
        "tests/cloud/test_network*.py",
        "tests/cloud/test_hikari_vpc.py",
    ),
    "engine/src/serverless_cloud/notebook/": (
        "engine/tests/notebook",
        "engine/tests/test_s*.py",
    ),
    "engine/src/serverless_cloud/pipes/": ("engine/tests/pipes",),
    "engine/src/serverless_cloud/rds/": (
        "engine/tests/rds",
        "engine/tests/lambda_/test_lambda_database.py",
        "tests/cloud/test_*database*.py",
    ),
    "engine/src/serverless_cloud/rds_proxy/": (
        "engine/tests/rds_proxy",
        "tests/unit/test_proxy*.py",
    ),
    "engine/src/serverless_cloud/schedules/": ("engine/tests/schedules",),
    "engine/src/serverless_cloud/services/": (
        "engine/tests/services",
        "engine/tests/*/test_*patches.py",
    ),
    "engine/src/serverless_cloud/services/apigateway/http_": (
        "engine/tests/http/test_http*.py",
        "tests/cloud/test_http*.py",
    ),
    "engine/src/serverless_cloud/services/apigateway/rest_": ("engine/tests/http/test_rest*.py",),
    "engine/src/serverless_cloud/services/batch/": ("engine/tests/batch",),
    "engine/src/serverless_cloud/services/dynamodb/": (
        "engine/tests/dynamodb",
        "engine/tests/sources/test_stream*.py",
    ),
    "engine/src/serverless_cloud/services/events/": ("engine/tests/events",),
    "engine/src/serverless_cloud/services/iam/": (
        "engine/tests/iam",
        "engine/tests/*/test_*permission*.py",
        "tests/cloud/test_permission*.py",
    ),
    "engine/src/serverless_cloud/services/lambda_/": ("engine/tests/lambda_",),
    "engine/src/serverless_cloud/services/pipes/": ("engine/tests/pipes",),
    "engine/src/serverless_cloud/services/rds/": (
        "engine/tests/rds",
        "engine/tests/rds_proxy/test_proxy*.py",
    ),
    "engine/src/serverless_cloud/services/s3/": ("engine/tests/services/test_s3*.py",),
    "engine/src/serverless_cloud/services/scheduler/": (
        "engine/tests/schedules",
        "engine/tests/events/test_event_rules.py",
    ),
    "engine/src/serverless_cloud/services/states/": ("engine/tests/workflows",),
    "engine/src/serverless_cloud/sns/": ("engine/tests/sns",),
    "engine/src/serverless_cloud/sns/outbox": (
        "engine/tests/sns",
        "engine/tests/services/test_s3*.py",
    ),
    "engine/src/serverless_cloud/sns/queue_sending": (
        "engine/tests/sns",
        "engine/tests/services/test_s3*.py",
    ),
    "engine/src/serverless_cloud/sources/": (
        "engine/tests/sources",
        "engine/tests/pipes",
    ),
    "engine/src/serverless_cloud/sources/sqs": (
        "engine/tests/sources/test_sqs*.py",
        "engine/tests/sqs",
    ),
    "engine/src/serverless_cloud/sources/stream": ("engine/tests/sources/test_stream*.py",),
    "engine/src/serverless_cloud/sqs/": ("engine/tests/sqs",),
    "engine/src/serverless_cloud/stacks/": ("engine/tests/stacks",),
    "engine/src/serverless_cloud/view/": ("engine/tests/view",),
    "engine/src/serverless_cloud/workflows/": ("engine/tests/workflows",),
    "src/serverless_first/": ("tests/unit",),
    "src/serverless_first/bench/": ("tests/unit/test_bench.py", "tests/unit/test_lab_page.py"),
    "src/serverless_first/cli/commands": (
        *("tests/unit", "tests/cloud/test_aws_cli.py", "tests/cloud/test_deploy.py", "tests/cloud/test_peers.py"),
        *("tests/cloud/test_permissions.py", "tests/cloud/test_security_everything_on.py"),
    ),
    "src/serverless_first/course/table": (
        *("tests/unit", "tests/labs", "tests/browser/test_accessibility.py"),
        *("tests/browser/test_journey_in_browser.py", "tests/browser/test_slides_in_browser.py"),
    ),
    "src/serverless_first/teach/board/": ("tests/unit/test_board*.py",),
    "src/serverless_first/authoring/": (
        *("tests/unit/test_build*.py", "tests/unit/test_deck.py", "tests/unit/test_guide.py"),
        *("tests/unit/test_collapsed.py", "tests/unit/test_lessons_show_what_teaches.py"),
        *("tests/unit/test_minutes.py", "tests/unit/test_prose.py", "tests/notebooks"),
    ),
    "src/serverless_first/teach/classroom/": (
        "tests/unit/test_class*.py",
        "tests/classroom",
    ),
    "src/serverless_first/drill/": (
        "tests/unit/test_drill*.py",
        "tests/cloud/test_drill*.py",
        "tests/unit/test_capstone.py",
    ),
    "src/serverless_first/explore/": ("tests/unit/test_explore*.py",),
    "src/serverless_first/figures/": (
        *("tests/unit/test_*figure*.py", "tests/unit/test_alt_texts.py", "tests/unit/test_figures_lambda.py"),
        *("tests/unit/test_spectrum.py", "tests/unit/test_responsibility.py"),
    ),
    "src/serverless_first/lab/": (
        *("tests/unit/test_lab*.py", "tests/cloud/test_lab*.py", "tests/cloud/test_deployed_code.py"),
        *("tests/labs",),
    ),
    "src/serverless_first/reach/": ("tests/unit/test_reach.py",),
    "src/serverless_first/real_account/": (
        "tests/cloud/test_real_account.py",
        "tests/cloud/test_account*.py",
    ),
    "src/serverless_first/simulate/": (
        *("tests/unit/test_simulat*.py", "tests/unit/test_pool.py", "tests/unit/test_availability*.py"),
        *("tests/unit/test_connections*.py",),
    ),
    "src/serverless_first/publish/site/": (
        "tests/unit/test_site.py",
        "tests/unit/test_whole_site.py",
    ),
    "src/serverless_first/publish/wheelhouse/": ("tests/unit/test_wheelhouse.py",),
}
OTHER = {
    "facts/": (
        "tests/unit/test_facts.py",
        "tests/unit/test_prices.py",
        "tests/unit/test_glossary.py",
        "tests/notebooks",
    ),
    "docs/architecture.md": ("tests/unit/test_architecture.py",),
    "docs/": ("tests/unit/test_words.py", "tests/unit/test_alt_texts.py"),
    "slides/": ("tests/unit/test_deck.py", "tests/unit/test_build_slides.py"),
    "kernel/share/": ("tests/browser/test_panels_in_browser.py",),
    "tools/prose": ("tests/unit/test_prose.py",),
    "tools/shrinking": ("tests/unit/test_prose.py", "tests/unit/test_lessons_show_what_teaches.py"),
    "tools/code_unconverted": ("tests/unit/test_lessons_show_what_teaches.py",),
    "tools/journey": ("tests/browser/test_journey_in_browser.py",),
    "tools/": ("tests/unit/test_setup*.py", "tests/unit/test_rooms.py", "tests/unit/test_seeded_faults.py"),
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
    paths = {path for name in files for path in _select(root, name)}
    return sorted(path for path in paths if not any(parent.as_posix() in paths for parent in Path(path).parents))


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
    if name.startswith(TESTS):
        return _tests_with(root, Path(name))
    if module := MODULE.match(name):
        judges = JUDGES.match(name)
        books = [f"{folder}/{module[1]}.ipynb" for folder in ("solutions", *([] if judges else ["notebooks"]))]
        tests = [book for book in books if (root / book).is_file()] + [LABS, *_labs_of(root, module[2])]
        return tests if judges else [*tests, "tests/unit/test_deck.py"]
    table = ROOMS if name.startswith(CODE) else OTHER
    room = max((start for start in table if name.startswith(start)), key=len, default=None)
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
    *packages, module = file.with_suffix("").parts[name.split("/").index("src") + 1 :]
    uses = re.compile(rf"\b{re.escape('.'.join(packages))}(?:\.{module}\b| import (?:\([^)]*|.*)\b{module}\b)")
    return [path for path, text in _texts(root).items() if uses.search(text)]


@cache
def _texts(root: Path) -> dict[str, str]:
    """Each file of tests with its text; the paths are relative to the root."""
    files = sorted(file for tests in TESTS for file in (root / tests).rglob("test_*.py"))
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


def _tests_with(root: Path, path: Path) -> list[str]:
    """A file of tests; for a kit, the tests that import it; for a conftest, its folder."""
    if path.name == "conftest.py":
        return [path.parent.as_posix()]
    if path.name.startswith("test_"):
        return [path.as_posix()] if (root / path).is_file() else []
    uses = re.compile(rf"\b{re.escape(path.stem)}\b")
    return [name for name, text in _texts(root).items() if uses.search(text)]


def matching(root: Path, patterns: Iterable[str]) -> list[str]:
    """The tests that patterns name, as paths relative to the root."""
    return [path.relative_to(root).as_posix() for pattern in patterns for path in sorted(root.glob(pattern))]

"""Makes all changes in moto, takes them back, and runs moto's own tests in the same process.

    pip download moto==5.2.5 --no-deps --no-binary :all: && tar -xf moto-5.2.5.tar.gz && pip install freezegun
    python engine/tests/moto_own_tests.py moto-5.2.5

Two tests of SQS start functions in Docker, and fail without it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

from serverless_cloud import services
from serverless_cloud.core import patches
from serverless_cloud.core.installer import Installer

SERVICES = ("sqs", "sns", "stepfunctions")


def make_and_undo() -> int:
    """Makes all declared changes and takes them back. Returns how many there were."""
    installer = Installer()
    for service in services.FILES:
        services.load(service)
        installer.apply(patches.declared(service))
    count = len(list(installer.changes))
    installer.undo()
    return count


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status of pytest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="moto's unpacked source package, which has its tests")
    parser.add_argument("services", nargs="*", default=SERVICES, help=f"folders of tests, default {' '.join(SERVICES)}")
    given = parser.parse_args(arguments)
    tests = [given.folder / "tests" / f"test_{service}" for service in given.services]
    if missing := [str(folder) for folder in tests if not folder.is_dir()]:
        parser.error(f"{', '.join(missing)} isn't there. The source package from PyPI has moto's tests; see above.")
    os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.pop("AWS_ENDPOINT_URL", None)
    print(f"{make_and_undo()} changes made and taken back", flush=True)
    sys.path.insert(0, str(given.folder))  # its tests import each other
    root = f"--rootdir={given.folder}"
    return int(pytest.main(["-q", root, "-m", "not network", "-p", "no:cacheprovider", *map(str, tests)]))


if __name__ == "__main__":
    sys.exit(main())

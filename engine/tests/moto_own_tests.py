"""Runs moto's own tests, after all changes in moto were made and taken back, or against a local cloud.

    pip download moto==5.2.5 --no-deps --no-binary :all: && tar -xf moto-5.2.5.tar.gz && pip install freezegun
    python engine/tests/moto_own_tests.py moto-5.2.5
    python engine/tests/moto_own_tests.py moto-5.2.5 --cloud

Without --cloud, two tests of SQS start functions in Docker, and fail without it. With --cloud, only the tests run that
moto's authors have verified on AWS. Stock moto passes all of them, and so must the local cloud, except for those of
calls that it refuses by name.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

import serverless_cloud
from serverless_cloud import services
from serverless_cloud.core import patches
from serverless_cloud.core.installer import Installer

SERVICES = ("sqs", "sns", "stepfunctions")
#: The tests of Step Functions look for a server at port 5000, and those of others need what the local cloud refuses.
VERIFIED = ("dynamodb", "sqs", "sns", "events", "s3", "iam", "logs", "secretsmanager")
#: Words in the names of tests and their files that need what the local cloud refuses by name.
REFUSED = (
    "dynamodb_statements", "dynamodb_export_table", "dynamodb_import_table", "dynamodb_resource_policy",
    "test_key_conditions", "attributes_to_get",
)  # fmt: skip
OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly")


def make_and_undo() -> int:
    """Makes all declared changes and takes them back. Returns how many there were."""
    installer = Installer()
    for service in services.FILES:
        services.load(service)
        installer.apply(patches.declared(service))
    count = len(list(installer.changes))
    installer.undo()
    return count


def undone(folder: Path, tests: list[str]) -> int:
    """Runs tests in this process, in which nothing is changed any more. Returns pytest's exit status."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.pop("AWS_ENDPOINT_URL", None)
    print(f"{make_and_undo()} changes made and taken back", flush=True)
    sys.path.insert(0, str(folder))  # its tests import each other
    return int(pytest.main([*OPTIONS, f"--rootdir={folder}", "-m", "not network", *tests]))


def verified(folder: Path, tests: list[str]) -> int:
    """Runs the tests that were verified on AWS against a local cloud. Returns pytest's exit status."""
    with serverless_cloud.start() as aws:
        server = {"TEST_SERVER_MODE": "true", "TEST_SERVER_MODE_ENDPOINT": aws.endpoint_url}
        without = ["-k", f"not ({' or '.join(REFUSED)})"]
        command = [sys.executable, "-m", "pytest", *OPTIONS, "-m", "aws_verified", *without, *tests]
        return subprocess.run(command, cwd=folder, env={**os.environ, **server}, check=False).returncode


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status of pytest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="moto's unpacked source package, which has its tests")
    parser.add_argument("services", nargs="*", help=f"default {' '.join(SERVICES)}, or {' '.join(VERIFIED)}")
    parser.add_argument("--cloud", action="store_true", help="the tests verified on AWS, against a local cloud")
    options = parser.parse_args(arguments)
    run, usual = (verified, VERIFIED) if options.cloud else (undone, SERVICES)
    folder = options.folder.resolve()
    tests = [folder / "tests" / f"test_{service}" for service in options.services or usual]
    if missing := [str(path) for path in tests if not path.is_dir()]:
        parser.error(f"{', '.join(missing)} isn't there. The source package from PyPI has moto's tests; see above.")
    return run(folder, [str(path) for path in tests])


if __name__ == "__main__":
    sys.exit(main())

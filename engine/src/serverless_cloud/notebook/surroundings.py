"""The changes that `cloud.start()` makes in the notebook's process, and how to undo them.

Only environment variables steer boto3, so that the learner's code is the code that works on AWS. Credentials, profiles
and settings on this machine are neither read nor used. Our own file replaces the AWS files, and has the same profile
names with made-up keys.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serverless_cloud.settings import LOCAL_KEY

# Each of these would lead boto3 past AWS_ENDPOINT_URL, to credentials that are not ours, or to other retries.
REMOVED = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCOUNT_ID", "AWS_CA_BUNDLE",
    "AWS_MAX_ATTEMPTS",
)  # fmt: skip


def local_environ(environ: Mapping[str, str], endpoint_url: str, region: str, folder: Path) -> dict[str, str | None]:
    """The variables to set (None: to remove) so that boto3 finds the local cloud.

    Args:
        environ: the variables as they are.
        folder: where our AWS configuration file is written.
    """
    changes: dict[str, str | None] = {name: None for name in REMOVED if name in environ}
    changes |= {name: None for name in environ if name.startswith("AWS_ENDPOINT_URL_")}
    config = folder / "aws-config"
    config.write_text(_local_config(_profile_names(environ), region), encoding="utf-8")
    return changes | {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": LOCAL_KEY,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # else start_sync_execution looks for the host sync-127.0.0.1
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        **no_proxy_for_this_machine(environ),
    }


def region_environ(region: str) -> dict[str, str | None]:
    """The variables to set for a real account: the Region, and nothing of what leads boto3 to keys and endpoints."""
    return {"AWS_DEFAULT_REGION": region, "AWS_REGION": region}


# Where boto3 goes in a notebook in which cloud.start() has not run: nowhere, with an error that says what to do.
NOWHERE = "http://127.0.0.1:1/run-cloud-start-first"


def nowhere_environ(environ: Mapping[str, str], region: str, folder: Path) -> dict[str, str | None]:
    """The variables to set so that boto3 reaches nothing until cloud.start() has run. Args: as for `local_environ`."""
    changes = local_environ(environ, NOWHERE, region, folder)
    return changes | {"AWS_MAX_ATTEMPTS": "1"}  # it will not answer later either; cloud.start() takes this back


def no_proxy_for_this_machine(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep requests to this machine off any proxy, with what they hold already."""
    no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    # "*" means every host, but only where it stands alone.
    hosts = "*" if no_proxy.strip() == "*" else ",".join(filter(None, [no_proxy, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def apply(changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """Makes the changes in this process. Returns the changes that undo them with `apply`."""
    before = {name: os.environ.get(name) for name in changes}
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return before


def swap_default_session(session: Any) -> Any:
    """Gives boto3 another default session (None: it makes a new one when it needs it); the one that it had.

    A session keeps what it read when it was made, so it must not outlive a change of the environment.
    """
    if "boto3" not in sys.modules:
        return None
    boto3: Any = sys.modules["boto3"]
    before, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
    return before


def _profile_names(environ: Mapping[str, str]) -> list[str]:
    """The names of the learner's profiles; no key and no setting is kept."""
    config = environ.get("AWS_CONFIG_FILE", "~/.aws/config")
    names = set(_sections(environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")))
    for section in _sections(config):
        with contextlib.suppress(ValueError):  # a quotation mark too few
            words = shlex.split(section)
            if words[:1] == ["profile"]:
                names.add(" ".join(words[1:]))
    return sorted(name for name in names if name and "]" not in name)


def _sections(file: str) -> list[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(Path(file).expanduser(), encoding="utf-8")
    except (configparser.Error, OSError, ValueError, RuntimeError):  # RuntimeError: there is no home folder
        return []
    return parser.sections()


def _local_config(profiles: list[str], region: str) -> str:
    """An AWS configuration file with these profiles, each with made-up keys."""
    keys = f"region = {region}\naws_access_key_id = {LOCAL_KEY}\naws_secret_access_key = {LOCAL_KEY}\n"
    sections = ["[default]", *(f"[profile {shlex.quote(p)}]" for p in profiles if p != "default")]
    return "\n".join(f"{section}\n{keys}" for section in sections)

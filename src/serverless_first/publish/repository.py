"""Where others get the course: the address of the repository that this checkout was cloned from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

#: The word for the address in a checkout that doesn't come from a public repository.
UNKNOWN = "URL"
_SSH = re.compile(r"(?:ssh://)?git@(?P<host>[\w.-]+)[:/](?P<path>[\w./-]+)")
_HTTPS = re.compile(r"https://(?:[^@/]+@)?(?P<host>[\w.-]+)/(?P<path>[\w./-]+)")


def address(root: Path) -> str | None:
    """The page of the repository, as in "https://github.com/OWNER/NAME"; None if the remote isn't on the web.

    Args:
        root: The checkout, whose remote "origin" is read.
    """
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        remote = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    parts = _HTTPS.fullmatch(remote) or _SSH.fullmatch(remote)
    return f"https://{parts['host']}/{parts['path'].removesuffix('.git')}" if parts else None

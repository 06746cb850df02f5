"""The notebook's environment variables that the processes of the local cloud inherit, as programs need them to run.

This lists variables to keep, not to drop, because nobody can name every token in a notebook's environment (a hub's,
a board's, a code host's, a model's). Execution environments and jobs keep less still (lambda_/environment.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMES = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"),
    *("USERNAME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS", "NO_PROXY"),
}
_FAMILIES = (
    *("LC_", "XDG_", "LD_", "DYLD_", "CONDA_", "PROCESSOR_"),
    *("PYTHON", "SERVERLESS_FIRST_", "COVERAGE_", "OPENBLAS_", "OMP_", "MKL_", "MPL"),
)
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|COOKIE|(?:^|_)(?:API)?KEY|BOARD")


def variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of `environ` that a process of ours gets."""
    return {name: value for name, value in environ.items() if _is_kept(name.upper())}


def _is_kept(name: str) -> bool:
    return (name in _NAMES or name.startswith(_FAMILIES)) and not _SECRET.search(name)

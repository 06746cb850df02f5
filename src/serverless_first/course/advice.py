"""Advice for the engine's errors, with the course's own commands."""

from __future__ import annotations

from serverless_cloud import errors

_DOCTOR = "Run `serverless-first doctor` in a terminal"
ADVICE = {
    "start": f"{_DOCTOR}. It finds what is missing.",
    "files": f"{_DOCTOR}. It checks what can be written.",
    "package": f"{_DOCTOR}.",
    "cloud": "Run `serverless-first cloud` in another terminal.",
    "real AWS": ", in a JupyterLab that was started with `serverless-first lab --allow-real-aws`",
    "cleanup": "On AWS, cloud.cleanup() removes what you have made, by its tag.",
    "shared": "cloud.cleanup() removes what you have made, if you started with owner=.",
}
errors.advise(ADVICE)

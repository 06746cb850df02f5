"""What the engine's errors tell a learner to do: the course has commands of its own for it."""

from __future__ import annotations

from serverless_cloud import errors

_DOCTOR = "Run `serverless-first doctor` in a terminal"
ADVICE = {
    "start": f"{_DOCTOR}: it finds what is missing.",
    "files": f"{_DOCTOR}: it looks at what can be written.",
    "package": f"{_DOCTOR}.",
    "cloud": "Run `serverless-first cloud` in another terminal.",
    "real AWS": ", in a JupyterLab that was started with `serverless-first lab --allow-real-aws`",
    "cleanup": "On AWS: cloud.cleanup() removes what you have made, by its tag.",
    "shared": "cloud.cleanup() removes what you have made, if you started with owner=.",
}
errors.advise(ADVICE)

"""The fixtures of the local cloud's tests."""

from kits.fixtures import (
    aws,
    cloud_of_module,
    home,
    kit,
    place,
    program,
    program_class,
    pytest_runtest_teardown,
    tools,
    tries,
)

__all__ = [
    "aws", "cloud_of_module", "home", "kit", "place", "program", "program_class", "pytest_runtest_teardown", "tools",
    "tries",
]  # fmt: skip

"""The engine's fixtures, for the course's tests of the local cloud."""

from kits.fixtures import (
    aws,
    cloud_of_module,
    home,
    kit,
    program,
    program_class,
    pytest_runtest_teardown,
    tools,
)

__all__ = ["aws", "cloud_of_module", "home", "kit", "program", "program_class", "pytest_runtest_teardown", "tools"]

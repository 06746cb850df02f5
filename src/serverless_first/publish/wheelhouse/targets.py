"""For which machines packages are collected: a Python, an operating system and a processor."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from packaging import tags

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True)
class Platform:
    """An operating system on a processor.

    Attributes:
        system: as Python says it in `sys.platform`.
        machines: names of the processor in `platform.machine()`, in small letters; the first is the one that
            markers of requirements know.
        wheels: platform tags of the wheels that run there, the best first.
    """

    system: str
    machines: tuple[str, ...]
    wheels: tuple[str, ...]


def _manylinux(machine: str, oldest: int) -> Iterator[str]:
    """The tags for Linux with glibc 2.28 or newer: Debian 10, Ubuntu 20.04, Red Hat 8 and what came later."""
    older = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    for minor in range(28, oldest - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in older:
            yield f"{older[minor]}_{machine}"


PLATFORMS = {
    "linux-x86_64": Platform("linux", ("x86_64", "amd64"), tuple(_manylinux("x86_64", 5))),
    "linux-arm64": Platform("linux", ("aarch64", "arm64"), tuple(_manylinux("aarch64", 17))),
    "macos-arm64": Platform("darwin", ("arm64",), tuple(tags.mac_platforms((13, 0), "arm64"))),
    "macos-x86_64": Platform("darwin", ("x86_64",), tuple(tags.mac_platforms((13, 0), "x86_64"))),
    "windows-x86_64": Platform("win32", ("amd64", "x86_64"), ("win_amd64",)),
}
_WORDS = {  # os.name, platform.system()
    "linux": ("posix", "Linux"),
    "darwin": ("posix", "Darwin"),
    "win32": ("nt", "Windows"),
}


@dataclass(frozen=True)
class Target:
    """A Python of PYTHONS on a platform of PLATFORMS, both by name."""

    python: str
    platform: str

    def __str__(self) -> str:
        return f"Python {self.python} on {self.platform}"

    @property
    def _platform(self) -> Platform:
        return PLATFORMS[self.platform]

    @property
    def markers(self) -> dict[str, str]:
        """The values of the target that a requirement's marker may ask for."""
        os_name, system = _WORDS[self._platform.system]
        machine = self._platform.machines[0]
        return {
            "python_version": self.python,
            # Patch releases do not matter to the locks, but one lock has "3.11.5 or newer".
            "python_full_version": f"{self.python}.9",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.9",
            "platform_python_implementation": "CPython",
            "sys_platform": self._platform.system,
            "os_name": os_name,
            "platform_system": system,
            "platform_machine": "AMD64" if os_name == "nt" else machine,
            "extra": "",
        }

    @cached_property
    def tags(self) -> frozenset[tags.Tag]:
        """The tags of every wheel that can be installed there."""
        version = tuple(map(int, self.python.split(".")))
        wheels = self._platform.wheels
        interpreter = f"cp{version[0]}{version[1]}"
        return frozenset(tags.cpython_tags(version, platforms=wheels)) | frozenset(
            tags.compatible_tags(version, interpreter, wheels)
        )

    def pip_options(self) -> list[str]:
        """The options that make pip choose wheels for the target, whatever machine it runs on."""
        platforms = [f"--platform={wheel}" for wheel in self._platform.wheels]
        return [*platforms, f"--python-version={self.python}", "--implementation=cp", "--only-binary=:all:"]

    def described(self) -> dict[str, object]:
        """As the set-up compares it with the machine it runs on."""
        return {
            "python": self.python,
            "platform": self.platform,
            "system": self._platform.system,
            "machines": list(self._platform.machines),
        }


def this_machine() -> tuple[str, str | None]:
    """(Python, platform) of this machine; None for the platform when it is none of PLATFORMS."""
    machine = platform.machine().lower()
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for name, candidate in PLATFORMS.items():
        if candidate.system == sys.platform and machine in candidate.machines:
            return python, name
    return python, None

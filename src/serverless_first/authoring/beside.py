"""The texts beside a module's notebooks, hints.yml and quiz.yml: the build checks the facts that they cite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from serverless_first.course import Module
from serverless_first.facts import Facts
from serverless_first.facts.cite import CitationError, Marks, render

FILES = ("hints.yml", "quiz.yml")


def citation_problems(module: Module, root: Path, facts: Facts, cited: set[str]) -> list[str]:
    """A line for each citation in a module's hints and quiz that can't be rendered.

    The lab reads these files when a learner asks for a hint, which would be too late. It also says what else is wrong
    with them.

    Args:
        cited: the ids that the files cite are added to it.
    """
    problems: list[str] = []
    for name in FILES:
        source = f"modules/{module.id}/{name}"
        try:
            texts = list(_texts(yaml.load((root / source).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        for text in texts:
            try:
                render(text, facts, Marks(), cited)
            except CitationError as error:
                problems.append(f"{source} ({text.split(chr(10), 1)[0][:57]}): {error}")
    return problems


def _texts(data: object) -> Iterator[str]:
    """Every text in what a YAML file holds."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for entry in data.values() if isinstance(data, dict) else data:
            yield from _texts(entry)

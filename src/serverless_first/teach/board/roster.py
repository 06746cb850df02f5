"""The list of a class: a CSV file with a name in each line."""

from __future__ import annotations

import csv
from pathlib import Path

from serverless_first.teach.board.keys import BadName, proper_name

HEADINGS = ("name", "student", "student_id", "username")


class BadRoster(ValueError):
    """The list cannot be used; the message says why."""


def read_students(file: Path) -> list[str]:
    """The names of a list, in its order.

    The column is the one headed name, student, student_id or username; without such a heading the first one, from the
    first line on. Empty lines are passed over. UTF-8, with or without the mark that Excel writes.

    Raises:
        BadRoster: the file is missing, is not UTF-8 text, is empty, or has a name twice.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except UnicodeDecodeError:
        raise BadRoster(f"{file} is not UTF-8 text. Save it as “CSV UTF-8”.") from None
    except csv.Error as error:
        raise BadRoster(f"{file} cannot be read as CSV: {error}.") from error
    except OSError as error:
        raise BadRoster(f"{file} cannot be read: {error.strerror or error}.") from error
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    column = next((heads.index(heading) for heading in HEADINGS if heading in heads), None)
    names: list[str] = []
    for number, row in enumerate(rows if column is None else rows[1:], 1 if column is None else 2):
        try:
            names.append(proper_name(row[column or 0] if len(row) > (column or 0) else ""))
        except BadName as error:
            raise BadRoster(f"{file}, entry {number}: {error}") from None
    if not names:
        raise BadRoster(f"{file} has no names.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadRoster(
            f"{file} has {twice[0]!r} twice, and two students cannot share a token. Give each student a different name."
        )
    return names

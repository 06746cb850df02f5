"""docs/architecture.md describes the code as it is, and the rules at its end hold."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
COURSE, ENGINE = "src/serverless_first", "engine/src/serverless_cloud"
#: Short paths start in one of these folders.
BASES = ("", ENGINE, COURSE)
MOST_LINES = 199
#: How many of the engine's inner names the course uses. Lower it when the list gets shorter, and never raise it.
INNER_NAMES = 13
MAY_IMPORT_MOTO = ("gateway/", "services/", "server.py", "serving.py")
RULES = "serverless_cloud.rules"
MOST_IN_THE_ROOT = 16  # seven public modules, what starts and connects the engine, and __init__
SAME_IN_SEVERAL_ROOMS = {  # each room has its own, or a room and its patches of moto have one each
    "answers",
    "asynchronous",
    "attributes",
    "buckets",
    "concurrency",
    "errors",
    "functions",
    "gateway",
    "http_apis",
    "instances",
    "integrations",
    "interfaces",
    "intrinsics",
    "jobs",
    "messages",
    "metrics",
    "model",
    "network",
    "parameter_mapping",
    "permissions",
    "policies",
    "provider",
    "rest_apis",
    "rules",
    "settings",
    "shapes",
    "streams",
    "topics",
    "validation",
}

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*(?:::[\w.]+)?|[\w-]+\.(?:py|toml|yml|md)(?:::[\w.]+)?")
_ROOM = re.compile(r"    (\w+) +\S")
_TYPES_ONLY = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
_ENGINE_NAME = re.compile(r"serverless_cloud(?:\.\w+)*")


# ---- the document


def code_spans(text: str) -> list[str]:
    """The texts between backticks, outside of code blocks."""
    return _CODE.findall(_FENCE.sub("", text))


def rooms_in_picture(text: str, package: str) -> list[str]:
    """The rooms that the picture shows below the line with the package's path, from top to bottom."""
    rooms: list[str] = []
    inside = False
    for line in "\n".join(_FENCE.findall(text)).splitlines():
        if not line.startswith(" "):
            inside = line == f"{package}/"
        elif inside and (room := _ROOM.match(line)):
            rooms.append(room[1])
    return rooms


def is_short(text: str) -> bool:
    return len(text.splitlines()) <= MOST_LINES


def wrong_paths(root: Path, text: str) -> list[str]:
    """The paths in the text that lead nowhere or to several places, and the names that their files don't define."""
    paths = [span for span in code_spans(text) if _PATH.fullmatch(span)]
    return sorted({problem for path in paths if (problem := _path_problem(root, path))})


def _path_problem(root: Path, path: str) -> str:
    path, _, name = path.partition("::")
    pattern = path.rstrip("/").replace("NN-name", "[0-9][0-9]-*")
    bases = [base for base in BASES if any((root / base).glob(pattern))]
    if len(bases) != 1:
        return f"{path} is in {' and '.join(base or 'the top folder' for base in bases) or 'no folder'}"
    (file, *_) = (root / bases[0]).glob(pattern)
    return f"{path} does not define {name}" if name and name not in names_defined_in(file) else ""


def names_defined_in(file: Path) -> set[str]:
    """Qualified names of functions and classes, nested ones too, and of the constants of the file and its classes."""

    def walk(parent: ast.AST, prefix: str) -> Iterator[str]:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield prefix + node.name
                yield from walk(node, f"{prefix}{node.name}.")
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(parent, ast.Module | ast.ClassDef):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                parts = [part for target in targets for part in ast.walk(target)]
                yield from (prefix + part.id for part in parts if isinstance(part, ast.Name))

    return set(walk(tree_of(file), ""))


# ---- the code


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(tree: ast.AST, package: tuple[str, ...] = (), *, types: bool = True) -> Iterator[str]:
    """What a file imports, as dotted names; `from lamp import Bulb` gives "lamp.Bulb".

    Args:
        tree: The file, or a part of it.
        package: The package that the file is in, for relative imports.
        types: Whether imports under TYPE_CHECKING count.
    """
    for node in ast.iter_child_nodes(tree):
        if not types and isinstance(node, ast.If) and ast.unparse(node.test) in _TYPES_ONLY:
            for part in node.orelse:
                yield from imports(ast.Module([part], []), package, types=types)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) + 1 - node.level] if node.level else ()
            start = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)
        else:
            yield from imports(node, package, types=types)


@cache
def imports_of(root: Path, package: str, *, types: bool = True) -> list[tuple[str, str]]:
    """Each file of a package, as a path inside it, with each name that it imports."""
    base = root / package
    return [
        (file.relative_to(base).as_posix(), name)
        for file in python_files(base)
        for name in imports(tree_of(file), file.relative_to(base.parent).parent.parts, types=types)
    ]


def forbidden_imports(
    root: Path, package: str, forbidden: str, *, but: str = "", files: tuple[str, ...] = ()
) -> list[str]:
    """Imports that a rule forbids, as "file: name".

    Args:
        root: The checkout.
        package: The package, or a room of it, whose imports are looked at.
        forbidden: What it must not import.
        but: The one name in there that it may import.
        files: The starts of the paths of files that may import everything.
    """
    return [
        f"{file}: {name}"
        for file, name in imports_of(root, package)
        if is_in(name, forbidden) and not (but and is_in(name, but)) and not file.startswith(files)
    ]


def is_in(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def room_folders(root: Path, package: str) -> set[str]:
    return {file.relative_to(root / package).parts[0] for file in python_files(root / package)} - loose_files(
        root, package
    )


def loose_files(root: Path, package: str) -> set[str]:
    return {file.name for file in (root / package).glob("*.py")}


def room_imports(root: Path, package: str) -> set[tuple[str, str]]:
    """Pairs of rooms or loose files, of which the first imports the second. Imports for type checkers don't count."""
    loose = {file.removesuffix(".py") for file in loose_files(root, package)}
    parts, start = room_folders(root, package) | loose, Path(package).name
    pairs = {
        (file.split("/")[0].removesuffix(".py"), name.split(".")[1])
        for file, name in imports_of(root, package, types=False)
        if name.startswith(f"{start}.")
    }
    return {(first, second) for first, second in pairs if first != second and {first, second} <= parts}


def repeated_names(folder: Path) -> set[str]:
    """The names that several files of a package have."""
    numbers = Counter(file.stem for file in python_files(folder))
    return {name for name, number in numbers.items() if number > 1 and not name.startswith("__")}


def rooms_in_cycles(pairs: set[tuple[str, str]]) -> set[str]:
    """The rooms and loose files that import themselves by way of others."""
    ways = set(pairs)
    while more := {(a, d) for a, b in ways for c, d in pairs if b == c} - ways:
        ways |= more
    return {first for first, second in ways if first == second}


def upward_imports(rooms: list[str], pairs: set[tuple[str, str]]) -> list[str]:
    """The imports from a room to one above it in the picture."""
    place = {room: number for number, room in enumerate(rooms)}
    shown = [(first, second) for first, second in pairs if first in place and second in place]
    return sorted(f"{first} imports {second}" for first, second in shown if place[second] < place[first])


def engine_names_used(root: Path) -> set[str]:
    """The engine's modules that the course, its modules (lessons included) and its tools use.

    A string that is such a name counts, because programs are started by name: `python -m serverless_cloud.rds_proxy`.
    """
    names: set[str] = set()
    for folder in (COURSE, "tools", "kernel"):
        for file in python_files(root / folder):
            tree = tree_of(file)
            names |= set(imports(tree))
            names |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    for file in (root / "modules").rglob("*"):
        if file.suffix in (".py", ".md"):
            names |= _imports_by_line(file.read_text(encoding="utf-8"))
    return {_module_of(root, name) for name in names if _ENGINE_NAME.fullmatch(name)}


def _imports_by_line(text: str) -> set[str]:
    """As `imports`, for cells of notebooks, which Python cannot read as a whole."""
    names: set[str] = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] in ("from", "import") and words[1].startswith("serverless_cloud"):
            try:
                names |= set(imports(ast.parse(line.strip())))
            except SyntaxError:  # the statement goes on in the next line
                names.add(words[1])
    return names


def _module_of(root: Path, name: str) -> str:
    """The module that a name of the engine is in."""
    parts = name.split(".")
    while len(parts) > 1:
        path = root.joinpath(ENGINE, *parts[1:])
        if path.is_dir() or path.with_suffix(".py").is_file():
            break
        parts.pop()
    return ".".join(parts)


def engine_names_listed(text: str, beginning: str) -> set[str]:
    """The engine's names in the paragraph or the item that begins in a certain way."""
    items = [part for part in re.split(r"\n\n|\n(?=- )", text) if part.startswith(beginning)]
    assert len(items) == 1, f"{len(items)} items of the document begin with {beginning!r}"
    return {span for span in code_spans(items[0]) if _ENGINE_NAME.fullmatch(span)}


PUBLIC = engine_names_listed(DOCUMENT, "- The course, its modules")
INNER = engine_names_listed(DOCUMENT, "- They still use")


# ---- the document describes the code


def test_the_document_is_short() -> None:
    assert is_short(DOCUMENT)


def test_every_path_and_every_name_in_the_document_exists() -> None:
    extending = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    assert wrong_paths(ROOT, DOCUMENT + extending) == []


@pytest.mark.parametrize("package", [COURSE, ENGINE])
def test_the_picture_shows_the_rooms_that_exist(package: str) -> None:
    assert sorted(rooms_in_picture(DOCUMENT, package)) == sorted(room_folders(ROOT, package))


def test_the_course_has_no_files_beside_its_rooms() -> None:
    assert loose_files(ROOT, COURSE) == {"__init__.py"}


# ---- the rules hold


def test_the_engine_imports_nothing_of_the_course() -> None:
    assert forbidden_imports(ROOT, ENGINE, "serverless_first") == []


def test_simulations_import_only_the_engines_rules() -> None:
    assert forbidden_imports(ROOT, f"{COURSE}/simulate", "serverless_cloud", but=RULES) == []


def test_only_the_services_and_the_server_import_moto() -> None:
    assert forbidden_imports(ROOT, ENGINE, "moto", files=MAY_IMPORT_MOTO) == []


@pytest.mark.parametrize("package", [COURSE, ENGINE])
def test_no_rooms_and_loose_files_import_each_other(package: str) -> None:
    assert rooms_in_cycles(room_imports(ROOT, package)) == set()


@pytest.mark.parametrize("package", [COURSE, ENGINE])
def test_rooms_import_downwards(package: str) -> None:
    assert upward_imports(rooms_in_picture(DOCUMENT, package), room_imports(ROOT, package)) == []


def test_the_course_uses_no_names_of_the_engine_but_those_listed() -> None:
    assert sorted(engine_names_used(ROOT) - PUBLIC - INNER) == []


def test_the_list_of_inner_names_gets_shorter() -> None:
    assert sorted(INNER - engine_names_used(ROOT)) == [], "nobody uses these any more: take them from the list"
    assert len(INNER) == INNER_NAMES, "a shorter list: lower INNER_NAMES; a longer one: use a public name instead"


def test_files_with_the_same_name_do_the_same_in_two_rooms() -> None:
    assert repeated_names(ROOT / ENGINE) == SAME_IN_SEVERAL_ROOMS


def test_the_root_of_the_engine_is_what_starts_and_connects_it() -> None:
    assert len(loose_files(ROOT, ENGINE)) <= MOST_IN_THE_ROOT


def test_tests_of_a_room_are_in_the_folder_with_its_name() -> None:
    folders = {file.parent.name for file in (ROOT / "engine" / "tests").glob("*/test_*.py")}
    assert folders - {"clients"} <= room_folders(ROOT, ENGINE)  # clients: programs of others


# ---- each rule notices when it is broken

PICTURE = f"""
```text
{COURSE}/
    lab         checks
    drill       load
    |
    v
{ENGINE}/
    services    moto
```
"""


def plant(root: Path, **files: str) -> None:
    """Writes files; in their names "__" stands for a slash, and "COURSE" and "ENGINE" for the packages."""
    for name, text in files.items():
        path = root / name.replace("COURSE", COURSE).replace("ENGINE", ENGINE).replace("__", "/")
        path = path.with_name(f"{path.name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_long_document_is_noticed() -> None:
    assert is_short("lamp\n" * 199)
    assert not is_short("lamp\n" * 200)


def test_a_path_that_leads_nowhere_is_noticed(tmp_path: Path) -> None:
    plant(tmp_path, ENGINE__fleet="class Fleet:\n    SIZE = LAMPS\n    def clear(self): self.lamps = lamps = 0\n")
    plant(tmp_path, ENGINE__clock="", COURSE__clock="", modules="")
    right = "`fleet.py`, `fleet.py::Fleet.clear`, `fleet.py::Fleet.SIZE`, `engine/src/`, `cloud.start()`, `modules.py`"
    assert wrong_paths(tmp_path, right) == []
    assert wrong_paths(tmp_path, "See `fleet.py::Fleet.close` and\n```\n`not/read.py`\n```") == [
        "fleet.py does not define Fleet.close"
    ]
    assert len(wrong_paths(tmp_path, "`fleet.py::LAMPS`, `fleet.py::Fleet.LAMPS`, `fleet.py::Fleet.clear.lamps`")) == 3
    assert wrong_paths(tmp_path, "See `sources/sqs.py`.") == ["sources/sqs.py is in no folder"]
    assert wrong_paths(tmp_path, "See `clock.py`.") == [f"clock.py is in {ENGINE} and {COURSE}"]


def test_a_path_may_stand_for_all_modules(tmp_path: Path) -> None:
    (tmp_path / "modules" / "05-rds-proxy").mkdir(parents=True)
    (tmp_path / "modules" / "05-rds-proxy" / "hints.yml").touch()
    assert wrong_paths(tmp_path, "`modules/NN-name/hints.yml`") == []
    assert wrong_paths(tmp_path, "`modules/NN-name/quiz.yml`") != []


def test_the_rooms_are_read_from_picture_and_folders(tmp_path: Path) -> None:
    plant(tmp_path, COURSE__lab__kit="", COURSE__shop__static__page="", COURSE__words="")
    assert rooms_in_picture(PICTURE, COURSE) == ["lab", "drill"]
    assert rooms_in_picture(PICTURE, ENGINE) == ["services"]
    assert room_folders(tmp_path, COURSE) == {"lab", "shop"}
    assert loose_files(tmp_path, COURSE) == {"words.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import serverless_first.lab",
        "from serverless_first import lab",
        "def late():\n    from serverless_first.lab import Lab",
        "if TYPE_CHECKING:\n    from serverless_first.lab import Lab",
        "try:\n    import serverless_first\nexcept ImportError: ...",
    ],
)
def test_an_engine_that_imports_the_course_is_noticed(tmp_path: Path, text: str) -> None:
    plant(tmp_path, ENGINE__child=text, ENGINE__clean="import serverless_firsthand")
    (problem,) = forbidden_imports(tmp_path, ENGINE, "serverless_first")
    assert problem.startswith("child.py: ")


def test_a_simulation_that_looks_into_the_engine_is_noticed(tmp_path: Path) -> None:
    plant(
        tmp_path,
        COURSE__simulate__right="from serverless_cloud import rules\nfrom serverless_cloud.rules import Scaling",
        COURSE__simulate__wrong="from serverless_cloud import rules, seat\nimport serverless_cloud",
    )
    wrong = forbidden_imports(tmp_path, f"{COURSE}/simulate", "serverless_cloud", but=RULES)
    assert wrong == ["wrong.py: serverless_cloud.seat", "wrong.py: serverless_cloud"]


def test_a_part_of_the_engine_that_imports_moto_is_noticed(tmp_path: Path) -> None:
    plant(
        tmp_path, ENGINE__services__sqs="import moto", ENGINE__server="import moto", ENGINE__sns__topics="import moto"
    )
    assert forbidden_imports(tmp_path, ENGINE, "moto", files=MAY_IMPORT_MOTO) == ["sns/topics.py: moto"]


def test_a_cycle_of_rooms_is_noticed(tmp_path: Path) -> None:
    plant(
        tmp_path,
        COURSE__lab__kit="from serverless_first.shop import hikari\nfrom serverless_first.lab import show",
        COURSE__shop__hikari="def late():\n    from serverless_first import drill",
        COURSE__drill__run="from ..lab import kit",
        COURSE__figures__drill="from serverless_first.drill import run",
    )
    pairs = room_imports(tmp_path, COURSE)
    assert pairs == {("lab", "shop"), ("shop", "drill"), ("drill", "lab"), ("figures", "drill")}
    assert rooms_in_cycles(pairs) == {"lab", "shop", "drill"}


def test_a_cycle_of_a_room_and_a_loose_file_is_noticed(tmp_path: Path) -> None:
    plant(
        tmp_path,
        ENGINE__iam__gate="from serverless_cloud.permissions import Permissions",
        ENGINE__permissions="from serverless_cloud.iam.policies import parsed",
        ENGINE__iam__policies="from serverless_cloud import errors",
        ENGINE__errors="",
    )
    pairs = room_imports(tmp_path, ENGINE)
    assert pairs == {("iam", "permissions"), ("permissions", "iam"), ("iam", "errors")}
    assert rooms_in_cycles(pairs) == {"iam", "permissions"}


def test_an_import_for_type_checkers_makes_no_cycle(tmp_path: Path) -> None:
    plant(
        tmp_path,
        COURSE__lab__kit="import serverless_first.drill.run",
        COURSE__drill__run="if TYPE_CHECKING:\n  import serverless_first.lab\nelse:\n  import serverless_first.shop",
        COURSE__shop__hikari="if typing.TYPE_CHECKING:\n    from serverless_first.lab import Lab",
    )
    pairs = room_imports(tmp_path, COURSE)
    assert pairs == {("lab", "drill"), ("drill", "shop")}
    assert rooms_in_cycles(pairs) == set()


def test_an_import_upwards_is_noticed() -> None:
    pairs = {("lab", "drill"), ("drill", "lab"), ("drill", "elsewhere")}
    assert upward_imports(["lab", "drill"], pairs) == ["drill imports lab"]


def test_a_name_of_the_engine_is_noticed_wherever_it_is_used(tmp_path: Path) -> None:
    plant(
        tmp_path,
        ENGINE__seat="",
        ENGINE__rds__folder="",
        ENGINE__leftovers="",
        ENGINE__rds_proxy__pool="",
        ENGINE__client="",
        COURSE__lab__kit="from serverless_cloud import Cloud, seat\nif TYPE_CHECKING: import serverless_cloud.client",
        COURSE__bench__speed='COMMAND = ["-m", "serverless_cloud.rds_proxy"]\nTEXT = "serverless_cloud.seat is a room"',
        tools__soak="from serverless_cloud.rds.folder import remove_all",
    )
    lesson = tmp_path / "modules" / "07-spectrum" / "lesson.md"
    lesson.parent.mkdir(parents=True)
    lesson.write_text("%%writefile a.py\n  from serverless_cloud.leftovers import (\n  sweep)\n", encoding="utf-8")
    assert engine_names_used(tmp_path) == {
        *("serverless_cloud", "serverless_cloud.seat", "serverless_cloud.client", "serverless_cloud.rds.folder"),
        *("serverless_cloud.leftovers", "serverless_cloud.rds_proxy"),
    }


def test_the_lists_of_names_are_read_from_the_document() -> None:
    text = "A `serverless_cloud`.\n\n- They use `serverless_cloud.rules`\n  and `lamp`.\n- `serverless_cloud.seat`\n"
    assert engine_names_listed(text, "- They use") == {"serverless_cloud.rules"}

"""The prose in a file, whatever kind of file it is: Markdown, hints and quizzes in YAML, or Python's words."""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from serverless_first import facts
from serverless_first.authoring.reading import Passage, core, passages

_ROLE = re.compile(r"\{(fact|then|then-now|source|minutes)\}`([^`\n]+)`|[ ]?\{(asks)\}`[^`\n]+`")
_SPEAKER = re.compile(r"(?:Say|Ask|Show|They think|Actually|Minutes|Step \d+):")
_CODE_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
_MAGIC = re.compile(r"^[%!:].*$", re.MULTILINE)  # and the tags of the cell
_SECTION = re.compile(r"(?:Args|Returns|Raises|Yields|Attributes):")
_PARAMETER = re.compile(r"^\s*[\w*`, ]+: ", re.MULTILINE)
_QUOTED = re.compile(r":\s+[\"“‘'`(]")
_WORDS_IN_A_LABEL = 5
_WORDS_IN_A_STRING = 4  # a shorter string is a name, a key or a piece of a message


@dataclass(frozen=True)
class Text:
    """The prose of one file.

    Args:
        file: relative to the checkout.
        passages: with lines of the file.
        is_prose: whether its sentences and colons are counted; comments and messages of programs are too short.
    """

    file: str
    passages: tuple[Passage, ...]
    is_prose: bool

    @property
    def words_of_core(self) -> int:
        """How many words a learner reads before *Going further*."""
        return sum(passage.words for passage in core(self.passages) if passage.kind != "message")


def text_of(root: Path, file: str) -> Text:
    """The prose of a file of the checkout.

    Raises:
        SyntaxError: a program that doesn't parse.
        yaml.YAMLError: hints or a quiz that don't.
    """
    source = (root / file).read_text(encoding="utf-8")
    if file.endswith(".py"):
        return Text(file, tuple(_of_python(source)), is_prose=False)
    if file.endswith(".yml"):
        return Text(file, tuple(_of_yaml(source, root)), is_prose=True)
    texts = [*passages(_with_values(source, root)), *_of_cells(source)]
    return Text(file, tuple(sorted(texts, key=lambda passage: passage.line)), is_prose=True)


def colons(passage: Passage) -> list[int]:
    """The offsets of the colons in running prose that introduce neither a list or code nor a quotation.

    The colon after the first words of a list item, after a part of speaker notes and after the number of a step is a
    label.
    """
    text = passage.text
    offsets = [match.start() for match in re.finditer(r":(?=\s|$)", text)]
    if passage.ends_open and offsets and not text[offsets[-1] + 1 :].strip():
        offsets.pop()
    label = _SPEAKER.match(text.lstrip())
    return [
        at
        for at in offsets
        if not _QUOTED.match(text, at)
        and not (label and at < label.end())
        and not (passage.kind == "item" and len(text[:at].split()) <= _WORDS_IN_A_LABEL)
    ]


def _with_values(source: str, root: Path) -> str:
    """The Markdown with each cited fact as its value in a sentence, on the lines where it was."""
    known = _facts(root)

    def value(match: re.Match[str]) -> str:
        if match[3]:
            return ""
        role, name = match[1], match[2].strip()
        if role == "minutes":
            return "10"
        if role in ("then-now", "source") or name not in known:
            return ""
        dated = (known[name].then if role == "then" else None) or known[name].now
        return dated.short or dated.value

    return _ROLE.sub(value, source)


@cache
def _facts(root: Path) -> facts.Facts:
    return facts.load(root)


def _of_cells(source: str) -> Iterator[Passage]:
    """Comments and texts in code cells, such as the question of a prediction."""
    for cell in _CODE_CELL.finditer(source):
        code = _MAGIC.sub("#", cell["code"])
        before = source.count("\n", 0, cell.start("code"))
        try:
            texts = _of_python(code)
        except (SyntaxError, tokenize.TokenError):  # a cell in another language, or one that shows a syntax error
            continue
        yield from (replace(passage, line=before + passage.line, kind="message") for passage in texts)


def _of_yaml(source: str, root: Path) -> Iterator[Passage]:
    for node in _scalars(yaml.compose(source, Loader=yaml.SafeLoader)):
        begins = node.start_mark.line + (1 if node.style in ("|", ">") else 0)
        for passage in passages(_with_values(node.value, root)):
            yield replace(passage, line=begins + passage.line)


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The strings that are values, in order; keys are names."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _scalars(child)
    elif isinstance(node, yaml.MappingNode):
        for _, child in node.value:
            yield from _scalars(child)


def _of_python(source: str) -> list[Passage]:
    texts = [*_comments(source), *_strings(ast.parse(source))]
    return sorted(texts, key=lambda passage: passage.line)


def _comments(source: str) -> Iterator[Passage]:
    """Comments; comments on neighboring lines are one passage."""
    lines: list[str] = []
    begins = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if line != last + 1 and lines:
            yield Passage("\n".join(lines), begins, "message")
            lines = []
        if not lines:
            begins = line
        last = line
        lines.append(_without_code(token.string.lstrip("#:! ")))
    if lines:
        yield Passage("\n".join(lines), begins, "message")


def _strings(tree: ast.AST) -> Iterator[Passage]:
    """Docstrings and messages, with the word X where an f-string fills in a value."""
    nodes = list(ast.walk(tree))
    docstrings = {id(_docstring(node)) for node in nodes}
    inside: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        else:
            continue
        if id(node) in docstrings:
            for passage in passages(inspect.cleandoc(text)):
                yield _of_docstring(replace(passage, line=node.lineno + passage.line - 1))
        elif len(text.split()) >= _WORDS_IN_A_STRING:
            yield Passage(_without_code(text), node.lineno, "message")


def _of_docstring(passage: Passage) -> Passage:
    """A list of parameters has no statements, and the colon after a name isn't one of the prose."""
    if not _SECTION.match(passage.text):
        return passage
    return replace(passage, kind="cell", text=_PARAMETER.sub(lambda name: "-" * len(name[0]), passage.text))


def _docstring(node: ast.AST) -> ast.Constant | None:
    """The string that begins a module, class or function; None where it doesn't begin with one."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    first = node.body[0] if node.body else None
    return first.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None


def _without_code(text: str) -> str:
    """The text with each code between backticks as one word."""
    return re.sub(r"`[^`\n]+`", lambda code: f"`{re.sub(r'[^0-9A-Za-z]', '_', code[0][1:-1])}`", text)

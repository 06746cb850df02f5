"""The other pages of the reading copy: the front page, the labs, the glossary and some documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from serverless_first.authoring import table
from serverless_first.course import Course, Module
from serverless_first.facts.glossary import Glossary, Term
from serverless_first.publish.repository import UNKNOWN
from serverless_first.publish.site import links
from serverless_first.publish.site.lesson import deck_words
from serverless_first.publish.site.text import Text, escaped

_SEEN = {"aws": "AWS", "deck": "deck"}
#: README's moving picture: its alt text and its file.
_PICTURE = re.compile(r"!\[([^\]]+)\]\((docs/images/[^)]+)\)")
#: The documents that become pages, each with its file and with the title and summary of its page.
_DOCUMENTS = {
    "fidelity": (
        "docs/fidelity.md",
        "What is real",
        "where the local cloud behaves like AWS, and where it behaves differently",
    ),
    "offers": (
        "docs/offers.md",
        "What the local cloud offers",
        "which calls, resource types and states it has, and who uses them",
    ),
    "real-account": (
        "docs/real-account.md",
        "A real account",
        "how to run the same code on AWS, what it may cost, and how to clean up",
    ),
    "engine": (
        "engine/README.md",
        "The local cloud",
        "how to use it without the course, in tests and with other tools",
    ),
}


#: The folder of documents that "What is real" links, one for each service.
_SERVICES = "docs/fidelity"


def documents(root: Path) -> dict[str, str]:
    """The names of the documents that become pages, with their files, if the checkout has them."""
    named = {name: file for name, (file, *_) in _DOCUMENTS.items() if (root / file).is_file()}
    return named | {path.stem: f"{_SERVICES}/{path.name}" for path in sorted((root / _SERVICES).glob("*.md"))}


def moving_picture(root: Path) -> tuple[str, Path] | None:
    """The alt text and the file of README's moving picture; None if README has none."""
    readme = root / "README.md"
    match = _PICTURE.search(readme.read_text(encoding="utf-8")) if readme.is_file() else None
    return (match[1], root / match[2]) if match else None


def _address(module: Module) -> str:
    """The source of a lesson's page, from which Sphinx makes the link."""
    return f"{module.id}.md"


def index_page(
    course: Course,
    lessons: Sequence[Module],
    documents: Iterable[str],
    picture: tuple[str, str] | None = None,
    has_task: bool = False,
    repository: str | None = None,
) -> Text:
    """The front page, with a picture, a button to start with, three paths and the modules.

    Args:
        picture: the alt text and the address of the moving picture.
        has_task: whether the site has the page that runs a task in the browser.
        repository: the page of the repository.
    """
    text = Text("course.toml")
    text.add(f"# {course.title}")
    if picture is not None:
        text.add("Sixty customers, twenty database seats. How many orders fail?")
        alt, address = picture
        text.html(f'<p class="film"><img src="{address}" alt="{escaped(alt)}"></p>')
    first = lessons[0].id if lessons else "labs"
    text.html(
        f'<p class="starts"><a class="start" href="{first}.html">Read the first lesson</a> '
        '<a class="start" href="#run-it">Run it on your laptop</a>'
        + ' <a class="start" href="try/index.html">Try a task in your browser</a>' * has_task
        + "</p>"
    )
    text.add(
        "In this course on serverless, you test each claim on your own machine. It follows one conference deck: "
        f"{course.deck}.\n"
        "\n"
        "You're looking at its **reading copy**, which shows the lessons as pages, with the results recorded when the "
        "course was built. Each experiment begins with a question. Answer it, then open *Run it, and see the result*."
    )
    text.add("## Run it\n\nWith Python 3.11 or newer, the last line opens the course in JupyterLab.")
    clone = f"git clone {repository or UNKNOWN} serverless-first\ncd serverless-first\nmake lab"
    text.fenced("{code-block} text", clone)
    if repository is None:
        text.add(f"Write the address of the course's repository instead of {UNKNOWN}.")
    text.add("You don't need an AWS account or Docker. None of your AWS calls leave your machine or cost anything.")
    if course.routes:
        text.add(f"## Three paths\n\n{table.paths(course, _address)}")
    text.add("## The modules")
    rows = "".join(_row(module, module in lessons) for module in course.modules)
    text.html(
        '<div class="wide"><table class="modules"><thead><tr><th scope="col">Module</th>'
        '<th scope="col">What you run</th><th scope="col">Deck slides</th>'
        f'<th scope="col">Minutes, lesson + core tasks of the lab</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    text.add(course.hours)
    text.add("## Other pages")
    text.html(_other_pages(documents, repository))
    text.fenced("{toctree}\n:hidden:\n:caption: Lessons", "\n".join(f"{m.number} {m.title} <{m.id}>" for m in lessons))
    listed = "\n".join(f"{_DOCUMENTS[name][1]} <{name}>" if name in _DOCUMENTS else name for name in documents)
    text.fenced("{toctree}\n:hidden:\n:caption: Other pages", f"labs\nglossary\n{listed}")
    return text


def _other_pages(documents: Iterable[str], repository: str | None) -> str:
    beside = "".join(
        f'<li><a href="{name}.html">{_DOCUMENTS[name][1]}</a>: {_DOCUMENTS[name][2]}.</li>'
        for name in documents
        if name in _DOCUMENTS
    )
    source = repository and f'<li><a href="{escaped(repository)}">The repository</a>, with all sources.</li>'
    return (
        '<ul><li><a href="labs.html">Labs</a>: the tasks, with their minutes.</li><li><a '
        'href="glossary.html">Glossary</a>: the terms in English and Japanese (<span '
        f'lang="ja">用語集</span>).</li>{beside}{source or ""}<li>'
        '<a href="search.html">Search</a>, in English and Japanese, even offline.</li></ul>'
    )


def _row(module: Module, has_page: bool) -> str:
    name = f"{module.number} {escaped(module.title)}"
    page = f"{module.id}.html" if has_page else f"labs.html#{module.id}"  # a module may be only a lab
    first = f'<a href="{page}">{name}</a>' if module.ready else f"{name} (planned)"
    slides = deck_words(module).removeprefix("slides ").removeprefix("slide ")
    minutes = f"{module.lesson_minutes} + {module.lab_of}"
    return f'<tr><th scope="row">{first}</th><td>{escaped(module.summary)}</td><td>{slides}</td><td>{minutes}</td></tr>'


def labs_page(modules: Sequence[Module]) -> Text:
    """The tasks of each lab with their minutes, including modules that have only a lab."""
    text = Text("course.toml")
    text.add("# Labs")
    text.add(
        "Each module has a lab, and you do its tasks in JupyterLab. `make lab` creates your own copies. Each task "
        "has a check that tests what your code does, three hints and a solution."
    )
    for module in modules:
        lesson = f'<a href="{module.id}.html">Lesson</a> · ' if module.lesson_minutes else ""
        text.html(f'<span id="{module.id}" class="anchor"></span>')
        text.add(f"## {module.number} {module.title}")
        rows = "".join(
            f"<tr><th scope='row'>{task.id}</th><td>{escaped(task.title)}{' (optional)' if task.optional else ''}</td>"
            f"<td>{task.minutes}</td></tr>"
            for task in module.tasks
        )
        text.html(
            f"<p>{lesson}{module.lab_words} · "
            f"<code>labs/{module.id}.ipynb</code></p>"
            '<div class="wide"><table><thead><tr><th scope="col">Task</th><th scope="col">What you do</th>'
            f'<th scope="col">Minutes</th></tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return text


def glossary_page(words: Glossary, lessons: Sequence[Module]) -> Text:
    """Each term with its Japanese names, a sentence, and the lesson that first uses it."""
    text, terms = Text("glossary.yml"), words.terms
    titles = {module.number: module for module in lessons}
    text.add("# Glossary")
    text.html(
        f"<p>The course's {len(terms)} terms in English and Japanese, each with the lesson that first uses it. "
        "The search finds them in both languages.</p><p>A mark after a Japanese term says where it was found on "
        f"{words.checked}: in AWS's Japanese documentation (AWS), or in the deck. A term without a mark is the usual "
        'term, and nobody has looked it up.</p><p><a href="#japanese">From Japanese / <span '
        'lang="ja">日本語から引く</span></a></p>'
    )
    letter = ""
    for term in terms:
        if term.sort_key[0].upper() != letter:
            letter = term.sort_key[0].upper()
            text.add(f"## {letter}")
        names = ", ".join(filter(None, dict.fromkeys([term.sort_key, *term.ja, term.reading])))
        text.fenced(f"{{word}} {term.anchor}", names)
        text.html(_entry(term, titles.get(term.first)))
    text.html('<span id="japanese" class="anchor"></span>')
    text.add("## 日本語から引く")
    items = "".join(
        f'<li><span lang="ja">{escaped(term.ja[0])}</span> <a href="#{term.anchor}">{escaped(term.term)}</a></li>'
        for term in sorted(terms, key=lambda term: _kana(term.reading or term.ja[0]))
        if term.ja[0] != term.term
    )
    text.html(f'<ul class="japanese">{items}</ul>')
    return text


def _entry(term: Term, module: Module | None) -> str:
    first, *others = term.ja
    reading = f"（{escaped(term.reading)}）" if term.reading else ""
    also = "".join(f"、{escaped(word)}" for word in others)
    places = f" <small>({', '.join(_SEEN[place] for place in term.places)})</small>" if term.places else ""
    japanese = f'<span lang="ja">{escaped(first)}{reading}{also}</span>{places}'
    if term.ja == (term.term,):
        japanese = "<small>the same in Japanese</small>"
    used = f'First in <a href="{module.id}.html">{module.number} {escaped(module.title)}</a>.' if module else ""
    return (
        f'<dl class="term" id="{term.anchor}"><dt><dfn>{escaped(term.term)}</dfn> {japanese}</dt>'
        f"<dd>{escaped(term.means)} <small>{used}</small></dd></dl>"
    )


def _kana(word: str) -> str:
    """Katakana as hiragana, so that both sort together."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in word)


def document(root: Path, name: str, known: set[str]) -> tuple[Text, list[str]]:
    """A document of the course as a page, and a list of its problems.

    Args:
        root: the checkout.
        name: the document's path in the checkout, such as "docs/fidelity.md".
        known: the ids of the modules and the names of the documents that have a page.
    """
    source = (root / name).read_text(encoding="utf-8")
    text = Text(name)
    problems: list[str] = []

    def broken(address: str) -> None:
        problems.append(f"{name}:{links.line_of(address, source)}: the link to {address} leads nowhere")

    text.add(links.rewritten(source, known, broken))
    return text, problems

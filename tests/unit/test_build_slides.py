"""Slides for the projector: offline, with alt text, and as PDF."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")
pytest.importorskip("sphinx_revealjs", reason="reveal.js comes with the extra `slides`")

from serverless_first.authoring import BuildFailed, build, export_slides, slides as slides_module
from serverless_first.course.chromium import find_chromium, print_pdf

COURSE = Path(__file__).parent / "data" / "build_course"


class Page(HTMLParser):
    """What a page loads, its pictures' alt texts, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.alts: list[str | None] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("script", "link", "img", "iframe"):
            self.loaded += [str(found[key]) for key in ("src", "href") if key in found]
        if tag == "img":
            self.alts.append(found.get("alt"))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course with its slides built, in a folder with a space and Japanese letters in its name."""
    root = Path(shutil.copytree(COURSE, tmp_path_factory.mktemp("slides") / "光 lamps"))
    for name in ("lesson.md", "lab.md"):
        (root / "modules" / "00-lamps" / name).unlink()
    course = (root / "course.toml").read_text(encoding="utf-8").split("[[module.task]]")
    course[0] = re.sub(r"(lesson|lab)_minutes = \d+", r"\1_minutes = 0", course[0])
    (root / "course.toml").write_text(course[0] + course[1][course[1].index("[[module]]") :], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVERLESS_FIRST_ROOT", str(root))
        build(report=lambda _: None)
    return root


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(shutil.copytree(built, tmp_path / "光 copy"))
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    return root


def export(root: Path) -> Page:
    files = export_slides(pdf=False, report=lambda _: None)
    assert files == [root / "slides" / "export" / "00-lamps.html"]
    return Page(files[0].read_text(encoding="utf-8"))


def change(root: Path, old: str, new: str) -> None:
    path = root / "slides" / "00-lamps.ipynb"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_deck_is_one_file_that_loads_nothing(course: Path) -> None:
    page = export(course)
    assert [address for address in page.loaded if not address.startswith("data:")] == []
    assert [path.name for path in (course / "slides" / "export").iterdir()] == ["00-lamps.html"]
    html = (course / "slides" / "export" / "00-lamps.html").read_text(encoding="utf-8")
    styles = "".join(re.findall(r"<style[^>]*>(.*?)</style>", html, flags=re.DOTALL))
    assert not re.search(r"@import|url\([\"']?(?!data:)", styles)


def test_slides_keep_the_alt_text_of_figures(course: Path) -> None:
    assert export(course).alts == ['Step: "100 ms" then, 1 ms now']


def test_a_fact_has_a_mark_and_its_source_stands_at_the_foot(course: Path) -> None:
    export(course)
    html = (course / "slides" / "export" / "00-lamps.html").read_text(encoding="utf-8")
    slide = html[html.index("One step, two prices") :]
    body, foot = slide[: slide.index("<footer>")].split('<div class="sources-foot">')
    marks = re.search(r"a million requests cost <span>\$</span>0\.20\.<sup>(.*?)</sup>", body)
    assert marks
    assert re.findall(r'<a href="([^"]+)"[^>]*>\[(\d)\]</a>', marks[1]) == [("https://aws.example/guide", "3")]
    assert re.sub(r"<[^>]+>|\s+", " ", foot).replace("\xa0", " ").split(" · ")[-1].split() == [
        "[3]",
        "Developer",
        "Guide",
        ",",
        "2026",
    ]


def test_each_slide_knows_its_minutes_and_names_module_and_course(course: Path) -> None:
    words = " ".join(export(course).words.split())
    html = (course / "slides" / "export" / "00-lamps.html").read_text(encoding="utf-8")
    assert re.findall(r'data-timing="(\d+)"', html) == ["60", "120", "60"]
    assert html.count("<footer><span>00 Lamps and totals</span><span>A small course</span>") == 3
    assert "A small course · After the deck's slides 1 to 2 · 4 minutes" in words


def test_speaker_notes_are_notes_and_not_on_the_slide(course: Path) -> None:
    export(course)
    html = (course / "slides" / "export" / "00-lamps.html").read_text(encoding="utf-8")
    notes = html[html.index("A step is rounded up") :]
    notes = notes[: notes.index("</aside>")]
    assert "<strong>Ask:</strong> who has paid for 100 ms?" in notes
    assert html.count("who has paid for 100 ms?") == 1


def test_a_tag_hides_the_code_and_leaves_the_figure(course: Path) -> None:
    assert "Picture.new" in export(course).words
    path = course / "slides" / "00-lamps.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    [cell] = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    cell["metadata"]["tags"] = ["remove-input"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    page = export(course)
    assert "Picture.new" not in page.words
    assert len(page.alts) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("## One step, two prices", "![](lamp.png)", "a picture has no alt text"),
        (
            "## One step, two prices",
            "![A lamp](https://aws.example/lamp.png)",
            "would load https://aws.example/lamp.png",
        ),
    ],
)
def test_slides_that_break_a_rule_are_refused(course: Path, old: str, new: str, says: str) -> None:
    change(course, old, new)
    with pytest.raises(BuildFailed, match=says):
        export_slides(pdf=False, report=lambda _: None)
    assert not (course / "slides" / "export" / "00-lamps.html").exists()


TRACK = """
[[track]]
id = "short"
title = "Short"
[[track.day]]
start = "09:00"
end = "09:10"
parts = [
    { do = "slides", module = "00", without = ["One step, two prices"] },
    { do = "talk", minutes = 5, note = "Close" },
]
"""


@pytest.fixture
def tracked(course: Path) -> Path:
    with (course / "course.toml").open("a", encoding="utf-8") as file:
        file.write(TRACK)
    return course


def test_a_track_s_deck_leaves_out_what_the_track_leaves_out(tracked: Path) -> None:
    export(tracked)
    (file,) = export_slides(track="short", pdf=False, report=lambda _: None)
    assert file == tracked / "slides" / "export" / "short" / "00-lamps.html"
    html = file.read_text(encoding="utf-8")
    assert re.findall(r"<h[12]>(.*?)</h[12]>", html) == ["Lamps &amp; totals", "In a figure"]
    assert re.findall(r"<span>(\d / \d)</span>", html) == ["1 / 2", "2 / 2"]
    assert "Who sells lamps?" in html
    assert "who has paid for 100 ms?" not in html
    assert " · 2 minutes" in html
    whole = (tracked / "slides" / "export" / "00-lamps.html").read_text(encoding="utf-8")
    assert "One step, two prices" in whole


@pytest.mark.parametrize(
    ("modules", "track", "says"),
    [
        (None, "long", r"There is no track 'long'\. The tracks are: short\."),
        (["01"], "short", r"The track short shows no slide of 01-later\."),
    ],
)
def test_what_no_track_shows_is_said(tracked: Path, modules: list[str] | None, track: str, says: str) -> None:
    with pytest.raises(BuildFailed, match=says):
        export_slides(modules, track=track, pdf=False)
    assert not (tracked / "slides" / "export").exists()


def test_a_track_without_slides_says_so(tracked: Path) -> None:
    file = tracked / "course.toml"
    text = file.read_text(encoding="utf-8")
    part = '{ do = "slides", module = "00", without = ["One step, two prices"] },'
    file.write_text(text.replace(part, '{ do = "talk", minutes = 2, note = "Open" },'), encoding="utf-8")
    with pytest.raises(BuildFailed, match=r"The track short shows no slides\."):
        export_slides(track="short", pdf=False)


def test_a_track_that_names_a_slide_which_is_not_built_says_what_to_do(tracked: Path) -> None:
    change(tracked, "## In a figure", "## In a picture")
    with pytest.raises(BuildFailed, match=r'slides/00-lamps\.ipynb has no slide In a figure: run "make build"'):
        export_slides(track="short", pdf=False)


def test_slides_that_are_not_built_yet_say_what_to_do(course: Path) -> None:
    (course / "slides" / "00-lamps.ipynb").unlink()
    with pytest.raises(BuildFailed, match=r'slides/00-lamps\.ipynb is missing: run "make build"'):
        export_slides(pdf=False)


def test_another_file_that_is_missing_is_not_taken_for_the_slides(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(*_: object) -> str:
        raise FileNotFoundError(2, "No such file or directory", "page.html.j2")

    assert course.is_dir()
    monkeypatch.setattr(slides_module, "page", page)
    with pytest.raises(FileNotFoundError, match=r"page\.html\.j2"):
        export_slides(pdf=False)


def test_without_a_browser_the_pdf_is_left_out_and_said_so(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slides_module, "find_chromium", lambda: None)
    lines: list[str] = []
    assert [file.suffix for file in export_slides(report=lines.append)] == [".html"]
    assert any("no PDF" in line for line in lines)
    assert (course / "slides" / "export" / "00-lamps.html").is_file()


@pytest.mark.skipif(find_chromium() is None, reason="needs Chromium")
def test_both_pdfs_have_a_page_for_each_slide_with_its_text(course: Path) -> None:
    files = export_slides(report=lambda _: None)
    assert [file.name for file in files] == ["00-lamps.html", "00-lamps.pdf", "00-lamps-notes.pdf"]
    for name, size in (("00-lamps.pdf", (960, 540)), ("00-lamps-notes.pdf", (595, 842))):  # in points: 16 to 9, and A4
        pdf = (course / "slides" / "export" / name).read_bytes()
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 3
        assert b"/FontFile" in pdf  # blank pages carry no font
        box = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", pdf)
        assert box
        assert (round(float(box[1])), round(float(box[2]))) == size


def test_a_browser_that_makes_nothing_is_an_error_and_the_old_pdf_stays(tmp_path: Path) -> None:
    page, target = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text("<p>lamps</p>", encoding="utf-8")
    target.write_bytes(b"old")
    false = shutil.which("false")
    if false is None:
        pytest.skip("needs a program that does nothing")
    with pytest.raises(RuntimeError, match=r"did not make a PDF of page\.html"):
        print_pdf(false, page, target)
    assert target.read_bytes() == b"old"

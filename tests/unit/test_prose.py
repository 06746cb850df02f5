"""The prose lint finds the families of the house style, says which rewrite it wants, and its list only shrinks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools import prose
from tools.prose_texts import text_of

RULES = prose.load()
EXAMPLES = prose.examples()

# Sentences of this course, as they were and as they should have been.
BEFORE_AND_AFTER = [
    ("With each word a team stops to do something.", "Each word on the slide lets a team stop doing some work."),
    (
        "Who finds no seat gets an error, and on RDS an ordinary role never gets the last five.",
        "Clients that find no free seat get an error. On RDS, an ordinary role can never take the last five seats.",
    ),
    ("The handler is that of module 04, without a change.", "This is module 04's handler, unchanged."),
    (
        "The tools are those of module 04, too. New is `proxy_events`: the proxy keeps a log of all that it does.",
        "You already know the tools from module 04. One is new: `proxy_events` returns the local proxy's log of "
        "everything it did. AWS doesn't offer such a log.",
    ),
    (
        "Who connects to the proxy must know the same password. The proxy checks it.",
        "A client must present the same password. The proxy checks it, then uses it to log in to the database.",
    ),
    (
        "Who cannot be served hears so after 3 s at the latest.",
        "Customers you can't serve get an error within 3 seconds.",
    ),
    (
        "At last it takes all connections of your pool, and orders.",
        "Finally, the check takes every connection in your pool and places an order.",
    ),
    ("The answers find back.", "Replies find their way back."),
    ("Every line of the store is another one.", "Every line of the store has changed."),
    (
        "Who needs long sends `send_task_heartbeat` now and then.",
        "If the work takes long, call `send_task_heartbeat` regularly.",
    ),
    (
        "One of them is a moment too late. That is no error.",
        "One order arrived just after the deadline. That isn't an error in your code; run the check again.",
    ),
    ("Keys are no business of its own.", "The server must not see the user's AWS keys."),
    (
        "After 60 s it is still not so that orders-db is available.",
        "orders-db is still not available after 60 s.",
    ),
    ("`lamp` is no setting.", "Unknown setting 'idle_expry_s'. Did you mean 'idle_expiry_s'?"),
    (
        "An execution may have 25,000 (AWS Step Functions Developer Guide, as of August 2026) events; then it fails.",
        "A Standard execution fails once its history reaches 25,000 events.",
    ),
]


def hits(folder: Path, text: str, name: str = "page.md") -> list[prose.Hit]:
    """The hits of a file with this text."""
    (folder / name).write_text(text, encoding="utf-8")
    return list(prose.hits(text_of(folder, name), RULES))


def names(found: list[prose.Hit]) -> set[str]:
    return {hit.rule for hit in found}


@pytest.mark.parametrize(("rule", "bad"), [(rule, bad) for rule, (bads, _) in EXAMPLES.items() for bad in bads])
def test_a_sentence_of_the_family_is_found(tmp_path: Path, rule: str, bad: str) -> None:
    assert rule in names(hits(tmp_path, bad))


@pytest.mark.parametrize(("rule", "good"), [(rule, good) for rule, (_, goods) in EXAMPLES.items() for good in goods])
def test_a_sentence_that_only_looks_like_it_is_left_alone(tmp_path: Path, rule: str, good: str) -> None:
    assert rule not in names(hits(tmp_path, good))


def test_each_rule_has_examples_and_a_rewrite() -> None:
    assert all(bads and goods for bads, goods in EXAMPLES.values())
    assert all(len(rule.want) > 15 for rule in RULES.rules)


@pytest.mark.parametrize(("before", "after"), BEFORE_AND_AFTER)
def test_sentences_as_they_were_are_found_and_their_rewrites_are_not(tmp_path: Path, before: str, after: str) -> None:
    assert hits(tmp_path, before)
    assert hits(tmp_path, after) == []


def test_a_hit_names_the_line_the_words_and_the_rewrite(tmp_path: Path) -> None:
    [hit] = hits(tmp_path, "# Lamps\n\nHikari sells lamps,\nand each runs in a process of its own.\n")
    assert str(hit) == (
        "page.md:4: own-after-the-noun: lamps, and each runs in a process of its own.\n"
        '    Put "its own" or "your own" before the noun: "its own process", not "a process of its own".'
    )


def test_code_is_left_alone_and_what_it_says_to_the_learner_is_not(tmp_path: Path) -> None:
    page = """Call `whoever(simply)`.

```python
obviously = "code"
```

```{code-cell} ipython3
:tags: [demo]

lab.predict("burst", "How many fail?", ["none: who finds no seat waits a little"])
simply = {"just": 1}
```
"""
    [hit] = hits(tmp_path, page)
    assert (hit.line, hit.rule) == (10, "who-in-mid-sentence")


def test_hints_are_read_in_their_lines(tmp_path: Path) -> None:
    [hit] = hits(tmp_path, '"0.1":\n  - >-\n    Lambda calls\n    you.\n  - |-\n    Simply call it.\n', "hints.yml")
    assert (hit.line, hit.rule) == (6, "banned-words")


def test_comments_docstrings_and_messages_of_a_program_are_read(tmp_path: Path) -> None:
    program = '''"""Lamps.

Whoever buys a lamp gets it.
"""
# a process of
# its own
def lamp(name: str) -> str:
    """A lamp.

    Args:
        name: what it is called.
    """
    key = "simply"
    raise ValueError(f"The lamp {name} is no lamp")
'''
    found = hits(tmp_path, program, "lamps.py")
    assert sorted({(hit.line, hit.rule) for hit in found}) == [
        (3, "who-as-subject"),
        (3, "who-in-mid-sentence"),
        (5, "own-after-the-noun"),
        (14, "is-no"),
    ]


def test_a_list_a_quotation_and_a_label_may_have_their_colon(tmp_path: Path) -> None:
    page = 'She asks: "Why?" The steps:\n\n- **Deploy**: send the zip.\n- **Call**: send an event.\n\nSay: It works.\n'
    assert hits(tmp_path, page) == []


def test_more_than_four_colons_in_a_thousand_words_are_too_many(tmp_path: Path) -> None:
    page = "It waits: the lamp is out.\n\n" * 2 + "Hikari sells lamps.\n\n" * 80
    [hit] = hits(tmp_path, page)
    assert hit.words == "2 colons, in lines 1, 3"
    assert "252 words of running prose may have 1." in hit.want
    assert hits(tmp_path, page + "Hikari sells lamps.\n\n" * 80) == []


def test_long_sentences_and_long_paragraphs_are_found(tmp_path: Path) -> None:
    assert names(hits(tmp_path, " ".join(["lamp"] * 31) + ".")) == {"sentence-length"}
    assert names(hits(tmp_path, "A lamp. " * 5)) == {"paragraph-length"}
    assert hits(tmp_path, " ".join(["lamp"] * 30) + ".\n\n" + "A lamp. " * 4) == []


def test_the_core_of_a_lesson_has_at_most_2200_words(tmp_path: Path) -> None:
    lesson = "# Lamps\n\n" + "Hikari sells three lamps.\n\n" * 550
    [hit] = hits(tmp_path, lesson, "lesson.md")
    assert (hit.rule, hit.want.split(";")[0]) == ("words-of-core", "2201 words")
    assert hits(tmp_path, "Hi.\n\n" + lesson[9:].replace("Hikari", "## Going further\n\nHikari", 1), "lesson.md") == []


# --- the list of what isn't converted


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a good page, and a bad one that is on the list."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "bad.md").write_text("You simply call it.\n", encoding="utf-8")
    (tmp_path / "docs" / "good.md").write_text("You call it.\n", encoding="utf-8")
    (tmp_path / prose.UNCONVERTED).write_text("# not yet\ndocs/bad.md\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Aki", "-c", "user.email=aki@hikari.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Change the lamps", "--allow-empty")


def test_what_is_on_the_list_is_not_judged(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prose.main([], checkout) == 0
    assert "1 files judged, 0 hits; 1 of 2 files are not converted yet." in capsys.readouterr().out


def test_a_file_can_be_asked_for_although_it_is_on_the_list(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prose.main(["docs/bad.md"], checkout) == 1
    assert "docs/bad.md:1: banned-words" in capsys.readouterr().out
    assert prose.main(["docs"], checkout) == 1
    assert prose.main(["docs/lamps.md"], checkout) == 2


def test_a_file_without_hits_leaves_the_list(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "docs" / "bad.md").write_text("You call it.\n", encoding="utf-8")
    assert prose.main([], checkout) == 1
    assert "docs/bad.md has no hit any more. Take the line off." in capsys.readouterr().out
    (checkout / "docs" / "bad.md").unlink()
    assert prose.main([], checkout) == 1
    assert "docs/bad.md has no file that is judged." in capsys.readouterr().out


@pytest.mark.parametrize("committed", [False, True])
def test_the_list_does_not_grow(checkout: Path, capsys: pytest.CaptureFixture[str], committed: bool) -> None:
    (checkout / "docs" / "good.md").write_text("You simply call it.\n", encoding="utf-8")
    (checkout / prose.UNCONVERTED).write_text("docs/bad.md\ndocs/good.md\n", encoding="utf-8")
    if committed:
        commit(checkout)
        commit(checkout)
    assert prose.main([], checkout) == 1
    assert "docs/good.md is new. The list may only shrink: rewrite the hits" in capsys.readouterr().out


def test_a_folder_on_the_list_may_become_its_files(checkout: Path) -> None:
    (checkout / prose.UNCONVERTED).write_text("docs/\n", encoding="utf-8")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "--amend", "-m", "Start with the folder")
    (checkout / prose.UNCONVERTED).write_text("docs/bad.md\n", encoding="utf-8")
    assert prose.main([], checkout) == 0

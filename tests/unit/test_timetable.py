"""Tracks on the clock: what is right, and what is told of one that cannot be given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serverless_first import course
from serverless_first.authoring import minutes
from serverless_first.course import places, timetable
from serverless_first.course.timetable import BadTimetable, clock

MODULE = """
[[module]]
id = "{id}"
title = "Lamps"
summary = "s"
deck_slides = [1]
needs = {needs}
lesson_minutes = {lesson}
lab_minutes = 30
"""
TASK = """
[[module.task]]
id = "{id}"
title = "Light it"
minutes = {minutes}
"""
SLIDES = """# Lamps

Minutes: 2

## A lamp

```{code-cell} ipython3
# not a heading
# Minutes: 99
```

**Minutes:** 8

## Two lamps

Minutes: 15
"""


class Room:
    """A course of modules 00, 03 and 04, and 05 which is planned; `problems` puts one day of a track into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        text = 'title = "t"\ndeck = "d"\ndeck_slide_count = 1\n'
        modules = (("00-start", 20, ""), ("03-inside", 60, "00"), ("04-seats", 50, "03"), ("05-planned", 60, "04"))
        for name, lesson, needed in modules:
            number = int(name[:2])
            text += MODULE.format(id=name, lesson=lesson, needs=[needed] if needed else [])
            text += TASK.format(id=f"{number}.1", minutes=10) + TASK.format(id=f"{number}.2", minutes=12)
            if number < 5:
                (root / "modules" / name).mkdir(parents=True)
                (root / "modules" / name / "slides.md").write_text(SLIDES, "utf-8")
        self.text = text

    def load(self, *parts: str, start: str = "09:00", end: str = "10:00", more: str = "") -> timetable.Track:
        day = f'[[track.day]]\nstart = "{start}"\nend = "{end}"\nparts = [{", ".join(parts)}]\n'
        track = f'[[track]]\nid = "short"\ntitle = "Short"\n{day}{more}'
        (self.root / "course.toml").write_text(self.text + track, encoding="utf-8")
        (made,) = timetable.load(self.root)
        return made

    def problems(self, *parts: str, start: str = "09:00", end: str = "10:00") -> str:
        with pytest.raises(BadTimetable) as caught:
            self.load(*parts, start=start, end=end)
        return "\n".join(caught.value.problems)


LESSON_00 = '{ do = "lesson", module = "00" }'
SLIDES_03 = '{ do = "slides", module = "03" }'


def talk(minutes: int) -> str:
    return f'{{ do = "talk", minutes = {minutes}, note = "On lamps" }}'


def pause(minutes: int) -> str:
    return f'{{ do = "break", minutes = {minutes}, note = "Coffee" }}'


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_parts_follow_each_other_on_the_clock_with_the_minutes_of_the_course(room: Room) -> None:
    lab = '{ do = "lab", module = "00", tasks = ["0.1"] }'
    track = room.load(talk(5), LESSON_00, lab, SLIDES_03)
    (day,) = track.days
    assert [(clock(row.start_minutes), clock(row.end_minutes), row.do) for row in day.rows] == [
        ("09:00", "09:05", "talk"),
        ("09:05", "09:25", "lesson"),
        ("09:25", "09:35", "lab"),
        ("09:35", "10:00", "slides"),  # 2, 8 and 15 minutes by the notes of its slides
    ]
    assert day.reserve_minutes == 0
    assert (track.minutes("lesson", "lab"), track.minutes("slides", "talk")) == (30, 30)


def test_a_lab_without_tasks_is_the_whole_lab(room: Room) -> None:
    track = room.load(LESSON_00, '{ do = "lab", module = "00" }')
    assert track.days[0].rows[-1].tasks == ("0.1", "0.2")
    assert track.days[0].rows[-1].minutes == 22


def test_a_lab_may_take_longer_than_its_tasks(room: Room) -> None:
    track = room.load(LESSON_00, '{ do = "lab", module = "00", tasks = ["0.1"], minutes = 15 }', talk(25))
    row = track.days[0].rows[1]
    assert (row.minutes, row.what) == (15, "task 0.1 “Light it”")


@pytest.mark.parametrize("minutes", [40, 60])
def test_a_day_may_end_a_little_early(room: Room, minutes: int) -> None:
    assert room.load(talk(minutes)).days[0].reserve_minutes == 60 - minutes


@pytest.mark.parametrize(
    ("part", "minutes", "what"),
    [
        (SLIDES_03, 25, "all of them"),
        (SLIDES_03.replace(" }", ', without = ["A lamp"] }'), 17, "without “A lamp”"),
        (SLIDES_03.replace(" }", ', only = ["A lamp", "Lamps"] }'), 10, "only “A lamp”, “Lamps”"),
        (SLIDES_03.replace(" }", ', only = ["A lamp"], note = "A bridge" }'), 8, "A bridge"),
        (LESSON_00.replace(" }", ', minutes = 15, note = "to the second call" }'), 15, "to the second call"),
        ('{ do = "demo", module = "00", minutes = 4, note = "the process" }', 4, "the process"),
    ],
)
def test_a_part_may_be_shortened_and_says_how(room: Room, part: str, minutes: int, what: str) -> None:
    row = room.load(LESSON_00, part, talk(35 - minutes)).days[0].rows[1]
    assert (row.minutes, row.what) == (minutes, what)


def test_what_was_on_the_first_day_prepares_the_second(room: Room) -> None:
    more = f'[[track.day]]\nstart = "09:00"\nend = "09:30"\nparts = [{SLIDES_03}]\n'
    track = room.load(LESSON_00, talk(30), more=more)
    assert [clock(day.rows[0].start_minutes) for day in track.days] == ["09:00", "09:00"]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([talk(61)], "the parts end at 10:01, 1 minute after 10:00. Cut a part"),
        ([talk(39)], "the parts end at 09:39, 21 minutes before 10:00"),
        ([talk(60).replace("60", "0")], "minutes is 0, but must be a whole number from 1"),
        ([talk(60).replace("60", '"60"')], "minutes is '60', but must be a whole number from 1"),
        ([talk(60).replace("60", "true")], "minutes is True"),
        (['{ do = "talk", minutes = 60 }'], "a talk needs minutes and a note"),
        (['{ do = "nap", minutes = 60 }'], "do is 'nap', but must be one of talk, slides, demo"),
        (["{ minutes = 60 }"], "do is None"),
        (
            [talk(60).replace("note", "notes")],
            "notes is unknown. A part may have do, minutes, module, note, only, tasks, without",
        ),
        (['{ do = "lesson", module = "07" }'], "There is no module '07'"),
        (['{ do = "lesson" }'], "There is no module ''"),
        (['{ do = "lesson", module = "05" }'], "05-planned is planned, but it isn't ready yet"),
        (['{ do = "slides", module = "overview" }'], "course.toml has no overview"),
        ([LESSON_00.replace(" }", ", minutes = 21 }")], "takes 21 minutes, but has only 20"),
        ([LESSON_00.replace(" }", ", minutes = 10 }")], "takes 10 of 20 minutes, so say in a note"),
        ([LESSON_00.replace(" }", ', tasks = ["0.1"] }')], "only a lab has tasks, and this part has do = 'lesson'"),
        ([LESSON_00, SLIDES_03.replace(" }", ", minutes = 25 }")], "slides take the minutes of their notes"),
        (
            [LESSON_00, SLIDES_03.replace(" }", ', only = ["A bulb"] }')],
            "has no slide A bulb. Its slides are Lamps, A lamp",
        ),
        (
            [LESSON_00, SLIDES_03.replace(" }", ", without = [] }")],
            'without must be a list of headings, such as ["Lamps"]',
        ),
        (
            [LESSON_00, SLIDES_03.replace(" }", ', only = ["Lamps"], without = ["Lamps"] }')],
            "give either only or without",
        ),
        (
            [LESSON_00, SLIDES_03.replace(" }", ', without = ["Lamps", "A lamp", "Two lamps"] }')],
            "no slide of 03-inside is left",
        ),
        (
            [LESSON_00, SLIDES_03.replace(" }", ', only = ["Lamps", "A lamp", "Lamps"] }')],
            "only names Lamps more than once",
        ),
        (
            [LESSON_00, SLIDES_03.replace(" }", ', without = ["Lamps", "Lamps"] }')],
            "without names Lamps more than once",
        ),
        ([SLIDES_03], "03-inside builds on module 00, which"),
        ([LESSON_00, '{ do = "slides", module = "04" }'], "04-seats builds on module 03, which"),
        (['{ do = "lab", module = "00" }', LESSON_00], "comes before the rest of its module"),
        (
            [LESSON_00, '{ do = "lab", module = "00", minutes = 5 }'],
            "minutes of its tasks or more, which is 22 here, not 5",
        ),
        ([LESSON_00, '{ do = "lab", module = "00", tasks = ["3.1"] }'], "has no task 3.1. It has 0.1, 0.2"),
        ([LESSON_00, '{ do = "lab", module = "00", tasks = ["0.2"] }'], "begin with 0.1"),
        ([LESSON_00, '{ do = "lab", module = "00", tasks = [] }'], "tasks must be a list such as"),
        ([LESSON_00, '{ do = "lab", module = "00", tasks = "0.1" }'], "tasks must be a list such as"),
        ([talk(50), pause(10)], "it begins or ends with a break"),
        ([], "it has no parts"),
    ],
)
def test_what_is_wrong_in_a_part_is_told_with_its_place(room: Room, parts: list[str], says: str) -> None:
    problems = room.problems(*parts)
    assert says in problems
    assert problems.startswith("course.toml, track short, day 1")
    assert "part 0" not in problems


def test_nobody_sits_for_longer_than_is_good(room: Room) -> None:
    assert "101 minutes without a break of 10 from 09:00" in room.problems(talk(101), end="10:50")
    # a pause of five minutes is no break; the hundred minutes begin again after each one that is
    assert "110 minutes without" in room.problems(talk(50), pause(5), talk(55), end="11:00")
    assert room.load(talk(100), pause(10), talk(100), end="12:30").minutes("break") == 10


def test_a_whole_day_has_time_to_eat(room: Room) -> None:
    morning = [talk(90), pause(15), talk(90)]
    assert "needs a break of 45 minutes to eat" in room.problems(*morning, pause(15), talk(100), end="14:10")
    assert len(room.load(*morning, pause(45), talk(100), end="14:40").days[0].rows) == 5


@pytest.mark.parametrize(("start", "end"), [("9:00", "10:00"), ("09:00", "24:00"), ("09:00", ""), ("nine", "10:00")])
def test_times_are_on_a_clock_of_24_hours(room: Room, start: str, end: str) -> None:
    assert 'start and end must be times such as "09:00"' in room.problems(talk(60), start=start, end=end)


def test_a_day_that_ends_before_it_starts_is_told(room: Room) -> None:
    assert "it ends at 08:00, before it starts at 09:00" in room.problems(talk(60), end="08:00")


def test_every_thing_that_is_wrong_is_told_at_once(room: Room) -> None:
    problems = room.problems('{ do = "nap" }', talk(61), SLIDES_03, end="10:00")
    assert len(problems.splitlines()) == 3


def test_two_tracks_need_two_names(room: Room) -> None:
    day = f'[[track.day]]\nstart = "09:00"\nend = "10:00"\nparts = [{talk(60)}]\n'
    again = f'[[track]]\nid = "short"\ntitle = "Again"\n{day}'
    with pytest.raises(BadTimetable, match="two tracks are called short"):
        room.load(talk(60), more=again)


def test_a_track_needs_a_title_and_a_day(room: Room) -> None:
    (room.root / "course.toml").write_text(room.text + '[[track]]\nid = "bare"\n', encoding="utf-8")
    with pytest.raises(BadTimetable, match=r"needs an id and a title(.|\n)*has no"):
        timetable.load(room.root)


# --- the course's own


def test_the_course_s_tracks_can_be_given() -> None:
    tracks = {track.id: track for track in timetable.load()}
    assert [len(track.days) for track in tracks.values()] == [1, 1, 2]
    for track in tracks.values():
        assert track.minutes("lesson", "lab") >= track.minutes("break")
    two_days = {row.module.number for day in tracks["two-days"].days for row in day.rows if row.module}
    assert two_days >= {f"{number:02}" for number in range(12)}


@pytest.mark.parametrize("name", ["half-day", "one-day", "two-days"])
def test_at_least_half_of_a_track_is_hands_on(name: str) -> None:
    (track,) = (track for track in timetable.load() if track.id == name)
    hands_on, listening = track.minutes("lesson", "lab"), track.minutes("talk", "slides", "demo")
    assert hands_on >= listening, f"{name}: {hands_on} minutes of lessons and labs, {listening} of slides and talk"


def test_a_day_of_the_course_s_tracks_leaves_only_a_few_minutes() -> None:
    reserves = {track.id: [day.reserve_minutes for day in track.days] for track in timetable.load()}
    assert all(0 <= reserve <= 5 for days in reserves.values() for reserve in days), reserves


UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TEENS = ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def spelled(number: int) -> str:
    """A number from 1 to 99 in words: "sixty-three"."""
    if number < 20:
        return (UNITS + TEENS)[number - 1]
    return TENS[number // 10 - 2] + (f"-{UNITS[number % 10 - 1]}" if number % 10 else "")


def in_words(minutes: int) -> set[str]:
    """The ways in which the course says how long something takes."""
    hours, rest = divmod(minutes, 60)
    ways = {f"{minutes} minutes"} | ({f"{spelled(minutes)} minutes"} if minutes < 100 else set())
    if not rest:
        ways.add("an hour" if hours == 1 else f"{spelled(hours)} hours")
    return ways | ({"half an hour"} if minutes == 30 else set())


def test_lengths_are_told_in_figures_or_in_words() -> None:
    assert in_words(63) == {"63 minutes", "sixty-three minutes"}
    assert in_words(60) == {"60 minutes", "sixty minutes", "an hour"}
    assert in_words(240) == {"240 minutes", "four hours"}
    assert "half an hour" in in_words(30)
    assert "half an hour" not in in_words(65)


# Where a length stands: in the lab its first words, in the lesson the way to the lab, in the slides' notes.
LENGTHS = {
    "lab.md": r"^# [^\n]+\n\n\*\*([^*,.]+)[,.]?",
    "lesson.md": r"\.\./labs/[\w-]+\.ipynb\).*?\btakes\s+([\w -]+)[,.]",
    "slides.md": r"\blab\s+takes\s+((?:[\w-]+\s+minutes)|an hour|half an hour)\b",
}


def test_lessons_labs_and_slides_say_how_long_a_lab_takes_as_course_toml_does() -> None:
    for module in course.load().ready_modules:
        for name, pattern in LENGTHS.items():
            file = places.module_dir(module.id) / name
            if not file.is_file():
                continue
            text = minutes.in_text(file.read_text(encoding="utf-8"), module)
            told = re.findall(pattern, text, re.DOTALL)
            assert told, (module.id, name)
            whole = re.findall(r"\bor (\d+)\s+with\s+the\s+optional\s+tasks", text)
            assert set(whole) <= {str(module.lab_minutes)}, (module.id, name)
            right = in_words(module.lab_minutes) | in_words(module.core_lab_minutes)
            assert {" ".join(length.lower().split()) for length in told} <= right, (module.id, name)


def test_a_lesson_s_first_words_are_its_minutes() -> None:
    for module in course.load().ready_modules:
        lesson = places.module_dir(module.id) / "lesson.md"
        if lesson.is_file():
            text = minutes.in_text(lesson.read_text(encoding="utf-8"), module)
            assert f"\n**In {module.lesson_minutes} minutes you will**\n" in text, module.id


def test_prerequisites_are_those_that_the_lessons_tell() -> None:
    for module in course.load().ready_modules:
        room = places.module_dir(module.id)
        first = next(file for file in (room / "lesson.md", room / "lab.md") if file.is_file())
        sentence = re.search(r"\bYou need\b(.*?)\.\s", first.read_text(encoding="utf-8"), re.DOTALL)
        assert sentence, module.id
        told = set(re.findall(r"\b(\d\d)\b", sentence[1]))
        assert told == set(module.needs), module.id

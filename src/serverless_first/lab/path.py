"""The next step for a learner: the lesson or lab that comes next on the path that they have chosen.

The front page and the panel of a passed check both name this step, so they never send a learner different ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from serverless_first.course import Course, Module, Route
from serverless_first.course.layout import copy_path
from serverless_first.course.words import count
from serverless_first.lab import progress
from serverless_first.lab.progress import Data

Part = tuple[Module, str]


@dataclass(frozen=True)
class Step:
    """A lesson or lab to go on with.

    Attributes:
        module: its module.
        kind: "lesson" or "lab".
        longer: the path that goes on with it after the learner has finished the chosen, shorter path.
        optional: whether only optional tasks are left.
    """

    module: Module
    kind: str
    longer: Route | None = None
    optional: bool = False

    @property
    def name(self) -> str:
        """As in "lesson 04"."""
        return f"{self.kind} {self.module.number}"

    @property
    def words(self) -> str:
        """A sentence, as in "Next: lesson 04, Lambda and a relational database, about 40 minutes."."""
        where = f"{self.name}, {self.module.title}"
        if self.optional:
            return f"Optional tasks are left in {where}."
        lead = f"The path “{self.longer.title}” goes on with" if self.longer else "Next:"
        return f"{lead} {where}, about {count(self.minutes, 'minute')}."

    @property
    def minutes(self) -> int:
        """How long it takes, without optional tasks."""
        return self.module.lesson_minutes if self.kind == "lesson" else self.module.core_lab_minutes

    @property
    def file(self) -> str:
        """The learner's copy, as a path in the learner's folder."""
        return copy_path(self.module.id, self.kind)


def selected_route(the_course: Course, data: Data) -> Route | None:
    """The path that the learner has chosen, or None."""
    return next((route for route in the_course.routes if route.title == data.get("path")), None)


def following(the_course: Course, data: Data, exists: Callable[[Part], bool] = lambda _part: True) -> Step | None:
    """The step after what the learner did last. Without a chosen path, it is the whole course from top to bottom.

    After the end of a path, its next longer path goes on. Labs in which only optional tasks are open come last.

    Args:
        exists: whether a lesson or lab can be opened; others are left out.

    Returns:
        None if the learner has finished everything.
    """
    route = selected_route(the_course, data)
    steps = list(_ahead(the_course.parts if route is None else route.parts, data))
    if route is not None:
        longer = the_course.routes[the_course.routes.index(route) + 1 :]
        steps += [Step(*part, longer=other) for other in longer for part in other.parts]
    for step in steps:
        if exists((step.module, step.kind)) and not finished(data, step.module, step.kind):
            return step
    labs = (step for step in _ahead(the_course.parts, data) if step.kind == "lab" and exists((step.module, "lab")))
    return next((Step(lab.module, "lab", optional=True) for lab in labs if progress.open_tasks(data, lab.module)), None)


def finished(data: Data, module: Module, kind: str) -> bool:
    """Whether the learner has finished a lesson, or passed a lab's required tasks."""
    if kind == "lesson":
        return progress.lesson_finished(data, module)
    return not progress.required(progress.open_tasks(data, module))


def _ahead(parts: tuple[Part, ...], data: Data) -> Iterator[Step]:
    """All parts of a path, beginning with the module that the learner worked on last."""
    last = progress.last_module(data)
    place = next((index for index, (module, _) in enumerate(parts) if module.id == last), 0)
    return (Step(*part) for part in (*parts[place:], *parts[:place]))

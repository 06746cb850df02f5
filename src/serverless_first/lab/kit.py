"""`Lab`: everything a learner calls in a notebook."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING

from serverless_cloud.core import seat
from serverless_first import course
from serverless_first.course import Module, Task, UnknownModule
from serverless_first.course.places import module_dir
from serverless_first.course.words import count
from serverless_first.lab import citing, course_map, panel, path, progress, sharing, summary, welcome
from serverless_first.lab.checks import load_checks, run_check
from serverless_first.lab.failures import CheckFailed, UnknownLab, UnknownTask, listed
from serverless_first.lab.progress import Change, ProgressFile
from serverless_first.lab.quiz import load_quiz, show_quiz
from serverless_first.lab.show import say, show
from serverless_first.lab.texts import TIERS, load_hints, solution_cells

if TYPE_CHECKING:
    from serverless_first.lab.predict import Choices, Prediction


class Lab:
    """The lab of one module.

    Args:
        module: its id or its number, as in "05-rds-proxy" or "05".

    Raises:
        UnknownLab: there is no such module, or it is planned and not ready.
    """

    def __init__(self, module: str) -> None:
        self._course = course.load()
        try:
            self._module: Module = self._course.module(module)
        except UnknownModule as error:
            raise UnknownLab(str(error)) from None
        if not self._module.ready:
            ready = listed([m.id for m in self._course.ready_modules])
            raise UnknownLab(f"Module {self._module.id} is planned, but it isn't ready yet. Ready: {ready}.")
        self._progress = ProgressFile()
        self._choices: dict[str, Choices] = {}

    def __repr__(self) -> str:
        return f"Lab({self._module.id!r})"

    def help(self) -> None:
        """Prints what you can call, with the lab's first task as the example."""
        task = f'"{self._module.tasks[0].id}"' if self._module.tasks else '"5.1"'
        calls = {
            f"lab.check({task})": "checks your work on a task",
            f"lab.hint({task})": "shows the next of three hints",
            f"lab.solution({task})": "shows a solution, after a pass or all three hints",
            "lab.progress()": "lists what has passed and what is next",
            "lab.summary()": "makes a page to keep, in your folder",
            "lab.quiz()": "asks about this module",
            "lab.recall()": "asks about an earlier module",
            "lab.share(True)": "lets the instructor's board see your progress, if there is one",
        }
        say("\n".join(f"  {call:<22} {what}" for call, what in calls.items()))

    def check(self, task_id: str = "") -> None:
        """Checks what your deployed work does, and shows a panel that says what passed or what is wrong.

        In JupyterLab the panel has buttons for the calls that may come next.

        Raises:
            CheckFailed: the task does not pass. The message says what was called, what came back, what was
                expected and where to look. Its text contains "not started" while the task is untouched.
            UnknownTask: the lab has no such task; the message lists those it has.
        """
        task = self._task(task_id)
        checks = load_checks(self._module)
        try:
            with seat.turn():
                run_check(checks[task.id], task, module_dir(self._module.id))
        except CheckFailed as failure:
            question = ""
            if failure.state == "failed":
                self._record(progress.judged(self._module.id, task.id, passed=False))
                question = sharing.after_check(self._progress, self._module.id, task.id, failure.problem)
            following = panel.after(self._course, self._module, task, self._progress.read())
            text = "\n".join([failure.text(), *([question] if question else [])])
            # Last, because the panel hides the error that follows it.
            show(text, html=panel.failed(self._module, task, failure, following, question))
            raise
        self._record(progress.judged(self._module.id, task.id, passed=True))
        question = sharing.after_check(self._progress, self._module.id, task.id, "")
        data = self._progress.read()
        done = progress.task_progress(data, self._module.id, task.id)
        following = panel.after(self._course, self._module, task, data)
        text = "\n".join([f"{task.id} passed: {task.title}.", *([question] if question else [])])
        show(text, html=panel.passed(self._module, task, done, following, question))

    def hint(self, task_id: str = "", *, upto: int | None = None) -> None:
        """Shows the hints that you have seen and the next of three: a question, a pointer, nearly the code.

        After a pass it shows all three, and they are not counted.

        Args:
            upto: show the hints up to this one (1 to 3), however often you call.

        Raises:
            UnknownTask: the lab has no such task.
        """
        task = self._task(task_id)
        hints = load_hints(self._module)[task.id]
        done = progress.task_progress(self._progress.read(), self._module.id, task.id)
        number = len(hints) if done.passed else done.hints + 1
        number = min(number if upto is None else max(upto, 1), len(hints))
        self._record(progress.hint_seen(self._module.id, task.id, number))
        headings = [f"{task.id}, hint {n} of {len(hints)}: {tier}" for n, tier in enumerate(TIERS, 1)]
        seen_now = list(zip(headings, hints, strict=True))[:number]
        last = f'That was the last hint. `lab.solution("{task.id}", sure=True)` shows a solution.'
        end = [last] if number == len(hints) else []
        plain = "\n\n".join(f"{heading}\n\n{hint}" for heading, hint in seen_now)
        markdown = "\n\n".join(f"**{heading}**\n\n{hint}" for heading, hint in seen_now)
        show(
            "\n\n".join([citing.plain_with_sources(plain), *end]),
            markdown="\n\n".join([citing.with_sources(markdown), *end]),
        )

    def solution(self, task_id: str = "", *, sure: bool = False) -> None:
        """Shows a solution after a pass, or after the third hint with `sure=True`. Otherwise it says what is missing.

        Raises:
            UnknownTask: the lab has no such task.
        """
        task = self._task(task_id)
        done = progress.task_progress(self._progress.read(), self._module.id, task.id)
        call = f'lab.solution("{task.id}", sure=True)'
        if not done.passed and done.hints < len(TIERS):
            say(
                f"You can see the solution to {task.id} after you pass, or after the third hint. You have seen "
                f'{done.hints} of {len(TIERS)} hints. lab.hint("{task.id}") shows the next one.'
            )
        elif not done.passed and not sure:
            text = f"You have seen every hint for {task.id}. Try once more first. If you are sure, call {call}"
            show(text, html=panel.sure(self._module, task, text))
        else:
            cells = solution_cells(self._module, task.id)
            self._record(progress.solution_seen(self._module.id, task.id))
            heading = (
                f"One solution of {task.id}. Others can also be right, because the check looks at what the code does."
            )
            fenced = "\n\n".join(f"````python\n{cell}\n````" for cell in cells)
            show("\n\n".join([heading, *cells]), markdown=f"{heading}\n\n{fenced}")

    def progress(self) -> None:
        """Shows a picture of the course, and what has passed, attempts, hints and what is next.

        In a terminal it prints one line for each module that was begun instead of the picture.
        """
        data = self._progress.read()
        states: dict[str, str] = {}
        lines = [f"{self._module.id}: {self._module.title}"]
        for task in self._module.tasks:
            done = progress.task_progress(data, self._module.id, task.id)
            begun = "open" if done.attempts or done.hints else "not started"
            states[task.id] = state = "passed" if done.passed else "caught up" if done.caught_up else begun
            notes = [count(done.attempts, "attempt"), count(done.hints, "hint")]
            notes += ["solution seen"] if done.solution_shown else []
            optional = " (optional)" if task.optional else ""
            lines.append(f"  {task.id:<5} {state:<12} {', '.join(notes)}: {task.title}{optional}")
        open_here = progress.open_tasks(data, self._module)
        required_here = progress.required(open_here)
        following = [f"Next: {task.id}, about {count(task.minutes, 'minute')}." for task in required_here[:1]]
        if open_here and not required_here:
            more = "; ".join(f"{task.id}, about {count(task.minutes, 'minute')}" for task in open_here)
            following = [f"You have passed all required tasks of this lab. Optional: {more}."]
        lines += [*following, "The course:"]
        for module in self._course.ready_modules:
            passed = len(module.tasks) - len(progress.open_tasks(data, module))
            caught_up = sum(_caught_up(data, module, task) for task in module.tasks)
            if passed or caught_up or module.id == self._module.id:
                more = f", {caught_up} caught up" if caught_up else ""
                lines.append(f"  {module.id}: {progress.passed_of(data, module)} passed{more}")
        step = path.following(self._course, data)
        further = step.words if step and step.module != self._module else ""
        done_here = further or ("" if open_here else "You have passed every task that is ready.")
        ends = [line for line in ("" if required_here else done_here, sharing.status_line(data)) if line]
        lines += ends
        picture = course_map.svg(self._course, data, self._module.id)
        tasks = course_map.table(self._module, data, lambda task: states[task.id])
        total = course_map.total(self._course, data)
        before, *after = (f"<div>{escape(line)}</div>" for line in (total, *following, *ends))
        show("\n".join(lines), html=f'<div class="lab-progress">{picture}{before}{tasks}{"".join(after)}</div>')

    def share(self, agreed: bool, *, forget: bool = False) -> None:
        """Says whether the instructor's board may see your progress. Without your answer, it sees nothing.

        The board gets module, task, passed or not, tries, hints, the sentence that says what is wrong, and the time. It
        never gets your code.

        Args:
            agreed: True to send what you have done so far and each later check, False to send nothing more.
            forget: with False, the board also deletes what it has about you.

        Raises:
            ValueError: the answer is neither True nor False, or `forget` goes with True.
        """
        if not isinstance(agreed, bool) or (agreed and forget):
            raise ValueError("Call lab.share(True), lab.share(False) or lab.share(False, forget=True).")
        sharing.share(self._progress, agreed, forget=forget)

    def summary(self, name: str = "") -> None:
        """Makes `summary.html` in your folder: a page to keep, with what you did and what comes next.

        Args:
            name: your name for the heading, if you want it there.
        """
        try:
            page = summary.write(name=name)
        except summary.NoSummary as error:
            say(str(error))
        else:
            say(f"{page.name} is in your folder, {page.parent.name}. Open it, print it, keep it. Nothing was sent.")

    def predict(self, key: str, question: str, choices: Choices) -> Prediction:
        """Asks a question before you run an experiment, and saves the pick at once.

        Args:
            key: name of the prediction in this module.
            choices: at least two different texts. In a dict, each has the result that it stands for: a value, a
                range or list of values, a function that is true for the result, or `...` for any other result.

        Raises:
            ValueError: fewer than two choices, or the same one twice.
        """
        if isinstance(choices, str) or len(choices) < 2 or len(set(choices)) != len(choices):
            raise ValueError(f"predict({key!r}) needs a list of at least two different choices.")
        from serverless_first.lab.predict import Prediction  # ipywidgets takes a moment to load

        first = not self._choices
        self._choices[key] = choices
        pick = progress.prediction(self._progress.read(), self._module.id, key).get("pick")

        def save(picked: str) -> None:
            self._record(progress.predicted(self._module.id, key, pick=picked))

        return Prediction(question, list(choices), pick, save, instructions=first)

    def predicted(self, key: str, answer: object) -> None:
        """Shows your prediction beside what happened.

        Args:
            key: name of the prediction, as in `predict`.
            answer: the experiment's result, which one of the choices stands for.

        Raises:
            ValueError: none of the choices stands for `answer`, or several do.
        """
        if key in self._choices:
            from serverless_first.lab.predict import outcome_of

            answer = outcome_of(key, self._choices[key], answer)
        elif not isinstance(answer, str):  # the kernel was restarted, and only the question's cell knows the choices
            say("Run the cell with the question again, then this one.")
            return
        pick = progress.prediction(self._progress.read(), self._module.id, key).get("pick")
        if pick is None:
            happened = f"What happened: {answer}"
            if "SERVERLESS_FIRST_QUIET" in os.environ:  # the site looks for the line in the stored notebook
                say(happened)
            else:
                show(happened, html=panel.prediction(happened, hit=False))
            return
        self._record(progress.predicted(self._module.id, key, outcome=answer))
        true, run = progress.came_true(self._progress.read())
        verdict = "As you predicted." if pick == answer else "Not as predicted: read on to see why."
        both = f"You predicted: {pick}", f"What happened: {answer}"
        so_far = f"Predictions that came true so far: {true} of {run}."
        html = panel.prediction(verdict, *both, so_far, hit=pick == answer)
        show("\n".join([*both, f"{verdict} {so_far}"]), html=html)

    def measured(self, value: object, words: str, holds: bool = True) -> object:
        """A measurement, to be printed, that differs from run to run.

        Args:
            value: what was measured; you see it when you run the cell.
            words: what the stored notebook says instead, the same in each run: "15 or more".
            holds: whether the words are true of the value. If not, the stored notebook says the value too.
        """
        return words if holds and "SERVERLESS_FIRST_QUIET" in os.environ else value

    def quiz(self) -> None:
        """Shows the questions on this module, and the next step; each answer is explained when you click it."""
        if self._module.lesson_minutes:
            self._record(progress.lesson_ended(self._module.id))
        self._show_quiz("quiz")
        step = path.following(self._course, self._progress.read())
        if step and "SERVERLESS_FIRST_QUIET" not in os.environ:  # a stored notebook's reader has no progress
            show(step.words, html=panel.lesson_ended(self._module, step))

    def recall(self) -> None:
        """Shows questions on an earlier module, because recalling beats rereading."""
        self._show_quiz("recall")

    def _record(self, change: Change) -> None:
        """Saves a change of the learner's progress, and shows it on the front page."""
        self._progress.update(change)
        welcome.refresh()

    def _show_quiz(self, section: str) -> None:
        show_quiz(self._module.id, section, load_quiz(self._module)[section])

    def _task(self, task_id: str) -> Task:
        if task := self._module.task(task_id):
            return task
        tasks = listed([t.id for t in self._module.tasks])
        example = f'Name it in quotes, as in lab.check("{self._module.tasks[0].id}").' if self._module.tasks else ""
        if task_id == "":
            raise UnknownTask(f"Which task? The tasks in {self._module.id} are {tasks}. {example}")
        quotes = "" if isinstance(task_id, str) else f" {example}"
        raise UnknownTask(f"There is no task {task_id!r} in {self._module.id}. Its tasks are {tasks}.{quotes}")


def _caught_up(data: progress.Data, module: Module, task: Task) -> bool:
    done = progress.task_progress(data, module.id, task.id)
    return done.caught_up and not done.passed

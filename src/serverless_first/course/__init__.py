"""The course as a thing on disk: its modules (course.toml), its places, the learner's copies, and JupyterLab on them.

`from serverless_first import course; course.load()` reads course.toml. This room imports no other room.
"""

from serverless_first.course.table import Course, Module, Route, Task, UnknownModule, load

"""The task of the page: the learner's first version, its tests, a solution and hints.

The files run unchanged in the browser, so they import nothing of the course.
"""

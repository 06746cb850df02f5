"""The task of the page: what the learner gets, its tests, right answers and mistakes that the tests reject.

The files run in the browser as they are here, so they import nothing of the course.
"""

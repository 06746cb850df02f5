"""Figures of the course: one style, a title that says the finding, alt text, colours that survive colour blindness.

from serverless_first import figures
figures.show(figures.timeline(aws.timeline("orders"), title="..."), alt="...")
"""

from serverless_first.figures.distribution import counts, distribution
from serverless_first.figures.environments import timeline
from serverless_first.figures.history import history, history_table
from serverless_first.figures.lifecycle import lifecycle
from serverless_first.figures.style import show
from serverless_first.figures.table import table

__all__ = ["counts", "distribution", "history", "history_table", "lifecycle", "show", "table", "timeline"]

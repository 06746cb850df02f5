"""The capstone's drill: orders over HTTP, faults at points of progress, a record, and a score of only the record.

from serverless_first import drill
record = drill.run("hikari-shop", orders=300, seed=7)
drill.score(record).passed
record.save("work/12-capstone/record.json")
"""

from serverless_first.drill.finding import DESIGNS, Cost, Finding, Score
from serverless_first.drill.record import Record, RecordError
from serverless_first.drill.run import clear, run
from serverless_first.drill.score import score
from serverless_first.drill.shop import DrillError

__all__ = [
    "DESIGNS",
    "Cost",
    "DrillError",
    "Finding",
    "Record",
    "RecordError",
    "Score",
    "clear",
    "run",
    "score",
]

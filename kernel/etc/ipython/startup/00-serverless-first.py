# Runs at the start of each kernel of the environment that the course is installed in (see pyproject.toml).
from serverless_first.course import first_cell

first_cell.install()
del first_cell

# Runs at the start of each kernel of the environment that the course is installed in (see pyproject.toml).
from serverless_first.course import first_cell, kernel_folder

first_cell.install()
kernel_folder.install()
del first_cell, kernel_folder

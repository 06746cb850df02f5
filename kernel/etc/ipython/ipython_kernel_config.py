# Runs in each kernel of the environment that the course is installed in, before it opens its channels (pyproject.toml).
from serverless_first.course import kernel_pipe

kernel_pipe.install()
del kernel_pipe

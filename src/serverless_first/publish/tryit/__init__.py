"""A page of the reading copy on which a visitor does a checked task in the browser, without installing anything.

The page runs boto3, moto and pytest on Pyodide, which is Python for the browser. `packages` collects the Python files
that the task needs, `pyodide` gets Pyodide from npm, and `make` puts both into the site with the page itself.
"""

"""The learner's lab from the solution, by nbgrader's own preprocessors."""

from __future__ import annotations

import copy
from typing import Any

from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    LockCells,
)
from traitlets.config import Config

from serverless_first.authoring import nbio
from serverless_first.authoring.problems import BuildFailed

STUB = '# YOUR CODE HERE\nraise NotImplementedError("not started: write your code here")'


def lab_from(solution: Any, source: str) -> Any:
    """The lab: solutions replaced by the stub, no outputs, check cells locked.

    Task and check cells are tagged raises-exception, so that Run All goes through an unsolved lab to its end.

    Args:
        solution: the solution's notebook, executed or not; it is not changed.
        source: the path of lab.md, for messages.

    Raises:
        BuildFailed: nbgrader refuses the notebook, or a solution would be left in the lab.
    """
    lab = copy.deepcopy(solution)
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    resources: dict[str, Any] = {"metadata": {"name": "lab"}}
    steps = (LockCells, ClearSolutions, ClearHiddenTests, ClearMarkScheme, ClearOutput, CheckCellMetadata)
    try:
        for step in steps:
            lab, resources = step(config=config, parent=None).preprocess(lab, resources)
    except Exception as error:
        # nbgrader raises RuntimeError and its own ValidationError, both for a slip of the author.
        raise BuildFailed([f"{source}: nbgrader refuses the lab: {' '.join(str(error).split())}"]) from None
    for cell in lab.cells:
        if "SOLUTION" in cell.source and ("BEGIN SOLUTION" in cell.source or "END SOLUTION" in cell.source):
            raise BuildFailed([f"{source}: a solution marker is left in the lab; each BEGIN needs its END"])
        if cell.cell_type == "code":
            cell.execution_count = None
            if "nbgrader" in cell.metadata:
                tags = list(cell.metadata.get("tags", []))
                cell.metadata["tags"] = [*tags, *({"raises-exception"} - set(tags))]
    return nbio.new(lab.cells, lab.metadata)

"""State machines are checked, changed and deleted as on AWS.

- The definition is checked by workflows/definition.py (moto checks whether it can read it). A name that is taken by
  another definition is refused (moto answers with the old machine).
- Executions that run end with their machine.
- Revisions exist; versions, aliases and activities are refused, as is UpdateMapRun.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, NoReturn

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.stepfunctions import models
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import DATA_PLANE, Patch, Service
from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.services.states.answers import FIRST_REVISION, asked, settings_of
from serverless_cloud.services.states.arns import require_arn
from serverless_cloud.services.states.executions import machine_of
from serverless_cloud.services.states.running import program_of
from serverless_cloud.workflows.definition import problems
from serverless_cloud.workflows.problems import Problem, as_text

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

REFUSED = (
    "create_activity", "create_state_machine_alias", "delete_state_machine_alias", "describe_state_machine_alias",
    "list_state_machine_aliases", "update_map_run", "update_state_machine_alias",
)  # fmt: skip
#: moto's backend without the interpreter's own look at definitions.
_PLAIN: Any = models.StepFunctionBackend


def _require_definition(text: str, kind: str) -> None:
    """Raises InvalidDefinition unless a machine may be created, and can run here. `kind`: STANDARD or EXPRESS."""
    if errors := problems(text, kind):
        raise AWSError(as_text(errors), "InvalidDefinition")
    if wrong := _unreadable(text):
        raise AWSError(as_text([wrong]), "InvalidDefinition")


def _unreadable(text: str) -> Problem | None:
    """The interpreter's problem with a correct definition; None if it can run it."""
    try:
        program_of(text)
    except Exception as error:
        return Problem("NOT_SUPPORTED_HERE", f"The local cloud can't run this definition: {error}", None)
    return None


@patches.replaces(
    "moto.stepfunctions.parser.models:StepFunctionsParserBackend.create_state_machine",
    expects=(
        "self, name, definition, roleArn, tags=None, publish=None, loggingConfiguration=None, "
        "tracingConfiguration=None, encryptionConfiguration=None, version_description=None, sm_type=None"
    ),
    upstream="A name that is taken by another definition is refused.",
)
def create_state_machine_of_backend(
    backend: parser_models.StepFunctionsParserBackend, name: str, definition: str, roleArn: str, **given: Any
) -> Any:
    kind = given.get("sm_type") or "STANDARD"
    _require_logging(given.get("loggingConfiguration"))
    _require_definition(definition, kind)
    known = next((each for each in backend.state_machines if each.name == name), None)
    if known is not None and not _is_same(known, definition, kind, given):
        raise AWSError(f"State Machine Already Exists: '{known.arn}'", "StateMachineAlreadyExists")
    machine = _PLAIN.create_state_machine(backend, name, definition, roleArn, **given)
    machine.type = machine.sm_type = kind
    if known is None:
        machine.revision_id = FIRST_REVISION
    return machine


@patches.replaces(
    "moto.stepfunctions.parser.models:StepFunctionsParserBackend.update_state_machine",
    expects=(
        "self, arn, definition=None, role_arn=None, logging_configuration=None, tracing_configuration=None, "
        "encryption_configuration=None, publish=None, version_description=None"
    ),
)
def update_state_machine_of_backend(
    backend: parser_models.StepFunctionsParserBackend,
    arn: str,
    definition: str | None = None,
    role_arn: str | None = None,
    **given: Any,
) -> Any:
    machine = machine_of(backend, arn)
    settings = [given.get(f"{name}_configuration") for name in ("logging", "tracing", "encryption")]
    if not any([definition, role_arn, *settings]):
        raise AWSError(
            "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the "
            "EncryptionConfiguration must be specified",
            "MissingRequiredParameter",
        )
    _require_logging(given.get("logging_configuration"))
    if definition is not None:
        _require_definition(definition, machine.type)
    machine.revision_id = str(uuid.uuid4())
    _PLAIN.update_state_machine(backend, arn, definition, role_arn, **given)
    return machine


@patches.replaces("moto.stepfunctions.parser.models:StepFunctionsParserBackend.delete_state_machine")
def delete_state_machine(backend: parser_models.StepFunctionsParserBackend, arn: str) -> None:
    require_arn(arn, "stateMachine")
    machine = next((each for each in backend.state_machines if each.arn == arn), None)
    _PLAIN.delete_state_machine(backend, arn)
    if machine is not None:
        for execution in [*machine.executions, *vars(machine).get("express", [])]:
            execution.stop(datetime.now(UTC), None, None)


def _is_same(machine: Any, definition: str, kind: str, given: JsonObject) -> bool:
    """Whether CreateStateMachine would make the same machine again; role and tags don't count."""
    settings = {"loggingConfiguration": {"level": "OFF"}, "tracingConfiguration": {"enabled": False}}
    return (machine.definition, machine.type) == (definition, kind) and all(
        getattr(machine, name) == (given.get(name) or usual) for name, usual in settings.items()
    )


def _require_logging(given: Any) -> None:
    if not given or given.get("level", "OFF") == "OFF":
        return
    wrong, destinations = "", given.get("destinations") or []
    if len(destinations) != 1:
        wrong = "Must specify exactly one Log Destination."
    elif not destinations[0].get("cloudWatchLogsLogGroup", {}).get("logGroupArn", ":*").endswith(":*"):
        wrong = "Log Group ARN must be provided with '*' qualifier."
    if wrong:
        raise AWSError(f"Invalid Logging Configuration: {wrong}", "InvalidLoggingConfiguration")


def _refuse_version(given: JsonObject) -> None:
    if given.get("publish"):
        raise NotHonoured("publish of a state machine")


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.create_state_machine")
def answer_create_state_machine(response: StepFunctionResponse) -> ActionResult:
    _refuse_version(asked(response, "CreateStateMachine"))
    return answer_create_state_machine.original(response)


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.update_state_machine")
def answer_update_state_machine(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "UpdateStateMachine")
    _refuse_version(given)
    answer = answer_update_state_machine.original(response)
    result: Any = answer.result
    result["revisionId"] = machine_of(response.stepfunction_backend, given["stateMachineArn"]).revision_id
    return answer


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.describe_state_machine")
def describe_state_machine(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "DescribeStateMachine")
    machine = machine_of(response.stepfunction_backend, given["stateMachineArn"])
    told = {
        "stateMachineArn": machine.arn,
        "status": "ACTIVE",
        "roleArn": machine.roleArn,
        "type": machine.type,
        "creationDate": machine.creation_date,
    } | settings_of(machine)
    if given.get("includedData") == "METADATA_ONLY":
        told["definition"] = "{}"
    return ActionResult(told)


@patches.replaces(
    "moto.stepfunctions.responses:StepFunctionResponse.validate_state_machine_definition",
    expects="",
    upstream="ValidateStateMachineDefinition exists.",
)
def validate_state_machine_definition(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "ValidateStateMachineDefinition")
    if given.get("severity") == "WARNING":
        raise NotHonoured("the severity WARNING of validate_state_machine_definition")
    errors = problems(given["definition"], given.get("type", "STANDARD"))
    if not errors and (wrong := _unreadable(given["definition"])):
        errors = [wrong]
    most = given.get("maxResults") or 100
    diagnostics = [
        {"severity": "ERROR", "code": each.code, "message": each.message}
        | ({"location": each.place or "/"} if each.place is not None else {})
        for each in errors[:most]
    ]
    answer = {"result": "FAIL" if errors else "OK", "diagnostics": diagnostics, "truncated": len(errors) > most}
    return ActionResult(answer)


@patches.replaces_each("moto.stepfunctions.responses:StepFunctionResponse", REFUSED, expects="self", defect=DATA_PLANE)
def _refuse(patch: Patch[..., object], _: StepFunctionResponse) -> NoReturn:
    raise NotHonoured(patch.name)

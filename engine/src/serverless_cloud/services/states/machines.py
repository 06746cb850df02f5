"""State machines are checked, changed, published and deleted as on AWS.

- The definition is checked by workflows/definition.py (moto checks whether it can read it). A name that is taken by
  another definition is refused (moto answers with the old machine).
- Executions that run end with their machine.
- Revisions and versions exist.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions import models
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.states.answers import FIRST_REVISION, asked, page, settings_of
from serverless_cloud.services.states.arns import require_arn
from serverless_cloud.services.states.executions import machine_of
from serverless_cloud.services.states.running import program_of
from serverless_cloud.workflows.definition import problems
from serverless_cloud.workflows.problems import Problem, as_text
from serverless_cloud.workflows.warnings import warnings

patches = Service(
    "states", defect="engine/tests/test_states_seams.py::test_stock_moto_still_has_the_defects_that_the_seams_mend"
)

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
        machine.revision_id, machine.published = FIRST_REVISION, _published(given)
        _note_version(machine)
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
    machine, instance, alias = machine_of(backend, arn)
    if instance is not machine or alias:
        raise AWSError(f"Invalid Arn: '{arn}'", "InvalidArn")
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
    _note_version(machine)
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
    known = (machine.definition, machine.type, machine.published)
    return known == (definition, kind, _published(given)) and all(
        getattr(machine, name) == (given.get(name) or usual) for name, usual in settings.items()
    )


def _published(given: JsonObject) -> tuple[bool, str]:
    """Whether CreateStateMachine also publishes a version, and the version's description."""
    return bool(given.get("publish")), given.get("version_description") or ""


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


def _note_version(machine: Any) -> None:
    """A version that was published with the call is of the revision that the call has made."""
    if machine.latest_version is not None and not hasattr(machine.latest_version, "revision_id"):
        machine.latest_version.revision_id = machine.revision_id


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.create_state_machine")
def answer_create_state_machine(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "CreateStateMachine")
    answer = answer_create_state_machine.original(response)
    if not given.get("publish"):
        result: Any = answer.result
        result.pop("stateMachineVersionArn", None)
    return answer


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.update_state_machine")
def answer_update_state_machine(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "UpdateStateMachine")
    answer = answer_update_state_machine.original(response)
    machine, _, _ = machine_of(response.stepfunction_backend, given["stateMachineArn"])
    result: Any = answer.result
    result["revisionId"] = machine.revision_id
    return answer


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.describe_state_machine")
def describe_state_machine(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "DescribeStateMachine")
    machine, instance, _ = machine_of(response.stepfunction_backend, given["stateMachineArn"])
    told = {
        "stateMachineArn": instance.arn,
        "status": "ACTIVE",
        "roleArn": instance.roleArn,
        "type": machine.type,
        "creationDate": instance.creation_date,
    } | settings_of(instance)
    if instance.description:
        told["description"] = instance.description
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
    errors = problems(given["definition"], given.get("type", "STANDARD"))
    if not errors and (wrong := _unreadable(given["definition"])):
        errors = [wrong]
    found = [("ERROR", each) for each in errors]
    if not errors and given.get("severity") == "WARNING":
        found = [("WARNING", each) for each in warnings(given["definition"])]
    most = given.get("maxResults") or 100
    diagnostics = [
        {"severity": severity, "code": each.code, "message": each.message}
        | ({"location": each.place or "/"} if each.place is not None else {})
        for severity, each in found[:most]
    ]
    answer = {"result": "FAIL" if errors else "OK", "diagnostics": diagnostics, "truncated": len(found) > most}
    return ActionResult(answer)


@patches.replaces(
    "moto.stepfunctions.responses:StepFunctionResponse.publish_state_machine_version",
    expects="",
    upstream="PublishStateMachineVersion exists.",
)
def publish_state_machine_version(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "PublishStateMachineVersion")
    machine, _, _ = machine_of(response.stepfunction_backend, given["stateMachineArn"])
    if given.get("revisionId") not in (None, machine.revision_id):
        raise AWSError(
            f"Failed to publish the State Machine version for revision {given['revisionId']}. "
            f"The current State Machine revision is {machine.revision_id}.",
            "ConflictException",
        )
    latest = machine.latest_version
    if latest is None or latest.revision_id != machine.revision_id:
        machine.publish(given.get("description"))
        _note_version(machine)
        latest = machine.latest_version
    return ActionResult({"creationDate": latest.creation_date, "stateMachineVersionArn": latest.arn})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.list_state_machine_versions", expects="")
def list_state_machine_versions(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "ListStateMachineVersions")
    machine, _, _ = machine_of(response.stepfunction_backend, given["stateMachineArn"])
    found = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
    listed = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in found]
    items, token = page(listed, given)
    return ActionResult({"stateMachineVersions": items, "nextToken": token})


@patches.replaces("moto.stepfunctions.responses:StepFunctionResponse.delete_state_machine_version", expects="")
def delete_state_machine_version(response: StepFunctionResponse) -> ActionResult:
    given = asked(response, "DeleteStateMachineVersion")
    arn = given["stateMachineVersionArn"]
    if len(require_arn(arn, "stateMachine")) < 8:
        raise AWSError(f"Invalid Arn: '{arn}'", "InvalidArn")
    base, _, number = arn.rpartition(":")
    machine, _, _ = machine_of(response.stepfunction_backend, base)
    used = [
        alias.name
        for alias in machine.aliases.values()
        if any(route["stateMachineVersionArn"] == arn for route in alias.routing_configuration)
    ]
    if used:
        raise AWSError(
            "Version to be deleted must not be referenced by an alias. "
            f"Current list of aliases referencing this version: [{', '.join(used)}]",
            "ConflictException",
        )
    if number.isdigit():
        machine.versions.pop(int(number), None)
    return EmptyResult()

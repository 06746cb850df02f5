"""Seam: state machines are checked, changed, published and deleted as on AWS (moto 5.2.5).

Replaced:

- `StepFunctionsParserBackend.create_state_machine`, `update_state_machine`: the definition is checked by
  workflows/definition.py (moto checks whether it can read it); a name that is taken by another definition is refused
  (moto answers with the old machine).
- `StepFunctionsParserBackend.delete_state_machine`: executions that run end.
- `StepFunctionResponse.create_state_machine`, `update_state_machine`, `_describe_state_machine`: revisions.
- added: `validate_state_machine_definition`, `publish_state_machine_version`, `list_state_machine_versions`,
  `delete_state_machine_version`, `test_state` (refused by name).
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

from serverless_cloud.plane import DataPlane
from serverless_cloud.refusals import INSTEAD, NotHonoured
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.states_answers import asked, page
from serverless_cloud.seams.states_executions import machine_of
from serverless_cloud.seams.states_running import program_of
from serverless_cloud.workflows.definition import problems
from serverless_cloud.workflows.problems import Problem, as_text

_FIRST = "INITIAL"
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


def install(plane: DataPlane) -> None:
    """Lets machines be made and changed as on AWS."""
    del plane
    _Machines.install()
    _Answers.install()


class _Machines(Replacement, of=parser_models.StepFunctionsParserBackend):
    def create_state_machine(self: Any, name: str, definition: str, roleArn: str, **given: Any) -> Any:
        kind = given.get("sm_type") or "STANDARD"
        _require_logging(given.get("loggingConfiguration"))
        _require_definition(definition, kind)
        known = next((each for each in self.state_machines if each.name == name), None)
        if known is not None and (known.definition, known.type) != (definition, kind):
            raise AWSError(f"State Machine Already Exists: '{known.arn}'", "StateMachineAlreadyExists")
        machine = _PLAIN.create_state_machine(self, name, definition, roleArn, **given)
        machine.type = machine.sm_type = kind
        if known is None:
            machine.revision_id = _FIRST
            _note_version(machine)
        return machine

    def update_state_machine(
        self: Any, arn: str, definition: str | None = None, role_arn: str | None = None, **given: Any
    ) -> Any:
        machine, instance, alias = machine_of(self, arn)
        if instance is not machine or alias:
            raise AWSError(f"Invalid State Machine Arn: '{arn}'", "InvalidArn")
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
        _PLAIN.update_state_machine(self, arn, definition, role_arn, **given)
        _note_version(machine)
        return machine

    def delete_state_machine(self: Any, arn: str) -> None:
        machine = next((each for each in self.state_machines if each.arn == arn), None)
        _PLAIN.delete_state_machine(self, arn)
        if machine is not None:
            for execution in [*machine.executions, *vars(machine).get("express", [])]:
                execution.stop(datetime.now(UTC), None, None)


def _require_logging(given: Any) -> None:
    if given and given.get("level", "OFF") != "OFF" and len(given.get("destinations") or []) != 1:
        raise AWSError(
            "Invalid Logging Configuration: Must specify exactly one Log Destination.", "InvalidLoggingConfiguration"
        )


def _note_version(machine: Any) -> None:
    """A version that was published with the call is of the revision that the call has made."""
    if machine.latest_version is not None and not hasattr(machine.latest_version, "revision_id"):
        machine.latest_version.revision_id = machine.revision_id


class _Answers(Replacement, of=StepFunctionResponse):
    def create_state_machine(self: Any) -> Any:
        asked(self, "CreateStateMachine")
        return _Answers.moto.create_state_machine(self)

    def update_state_machine(self: Any) -> Any:
        given = asked(self, "UpdateStateMachine")
        answer = _Answers.moto.update_state_machine(self)
        machine, _, _ = machine_of(self.stepfunction_backend, given["stateMachineArn"])
        answer.result["revisionId"] = machine.revision_id
        return answer

    def _describe_state_machine(self: Any, arn: str) -> Any:
        machine, instance, _ = machine_of(self.stepfunction_backend, arn)
        answer = _Answers.moto._describe_state_machine(self, instance.arn)
        if (revision := getattr(instance, "revision_id", _FIRST)) != _FIRST:
            answer.result["revisionId"] = revision
        answer.result["type"] = machine.type
        return answer

    def validate_state_machine_definition(self: Any) -> Any:
        given = asked(self, "ValidateStateMachineDefinition")
        found = problems(given["definition"], given.get("type", "STANDARD"))
        if not found and (wrong := _unreadable(given["definition"])):
            found = [wrong]
        most = given.get("maxResults") or 100
        diagnostics = [
            {"severity": "ERROR", "code": each.code, "message": each.message}
            | ({"location": each.place or "/"} if each.place is not None else {})
            for each in found[:most]
        ]
        answer = {"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": len(found) > most}
        return ActionResult(answer)

    def publish_state_machine_version(self: Any) -> Any:
        given = asked(self, "PublishStateMachineVersion")
        machine, _, _ = machine_of(self.stepfunction_backend, given["stateMachineArn"])
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

    def list_state_machine_versions(self: Any) -> Any:
        given = asked(self, "ListStateMachineVersions")
        machine, _, _ = machine_of(self.stepfunction_backend, given["stateMachineArn"])
        found = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
        listed = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in found]
        items, token = page(listed, given)
        return ActionResult({"stateMachineVersions": items, "nextToken": token})

    def delete_state_machine_version(self: Any) -> Any:
        given = asked(self, "DeleteStateMachineVersion")
        base, _, number = given["stateMachineVersionArn"].rpartition(":")
        machine, _, _ = machine_of(self.stepfunction_backend, base)
        arn = given["stateMachineVersionArn"]
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

    def test_state(self: Any) -> Any:
        raise NotHonoured("test_state", INSTEAD.format("{}", "Start an execution of a state machine."))

"""The calls of CloudFormation on stacks. Calls on change sets are in change_sets.py.

Each takes the parameters of the API reference and answers as it says.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from serverless_cloud.core import constraints
from serverless_cloud.stacks import answers, documents, settings
from serverless_cloud.stacks.engine import Engine
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.macros import Macros
from serverless_cloud.stacks.planning import plan_of, require_capabilities, require_expansion, text_of, uses_macros
from serverless_cloud.stacks.preview import Preview
from serverless_cloud.stacks.stack import Stack, StackSpec, now
from serverless_cloud.stacks.store import Store
from serverless_cloud.stacks.summaries import summary_of
from serverless_cloud.stacks.template import Template

_NAME, _NAME_CHARACTERS = "[a-zA-Z][-a-zA-Z0-9]*", 128
_NO_STACK = "Stack [{}] does not exist"

Request = Mapping[str, Any]
Answer = dict[str, Any]

_CANNOT_UPDATE = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED",
                  "UPDATE_ROLLBACK_FAILED")  # fmt: skip


class Operations:
    """CloudFormation in one account."""

    def __init__(self, store: Store, account_id: str) -> None:
        self._store, self._account_id = store, account_id

    # ---- changing stacks

    def create_stack(self, request: Request, region: str) -> Answer:
        settings.check(request, region)
        text, acknowledged = text_of(request, region), request.get("Capabilities", [])
        require_expansion(text, acknowledged)
        macros = Macros(region, self._account_id)
        plan = plan_of(text, request.get("Parameters", []), tags_of(request), macros)
        require_capabilities(plan, acknowledged)
        settings.require_types(request, plan.template)
        on_failure = request.get("OnFailure")
        if on_failure is not None and "DisableRollback" in request:
            raise StackError("You can set either DisableRollback or OnFailure, but not both.")
        stack = new_stack(request, region, self._account_id, plan)
        Preview(stack, plan).check()
        self._store.add(stack)
        stack.become("CREATE_IN_PROGRESS", "User Initiated")
        on_failure = on_failure or ("DO_NOTHING" if stack.disable_rollback else "ROLLBACK")
        self._store.work(stack, lambda engine: engine.create(plan, on_failure))
        return {"StackId": stack.id}

    def update_stack(self, request: Request, region: str) -> Answer:
        settings.check(request, region)
        stack = self.updatable(request["StackName"], region)
        text = text_of(request, region, stack)
        tags = tags_of(request) if "Tags" in request else (stack.plan.tags if stack.plan else {})
        require_expansion(text, request.get("Capabilities", []))
        macros = Macros(region, self._account_id)
        plan = plan_of(text, request.get("Parameters", []), tags, macros, stack=stack)
        require_capabilities(plan, request.get("Capabilities", []))
        settings.require_types(request, plan.template)
        self.check_update(stack, plan)
        if plan.same_as(stack.plan) and not uses_macros(text):  # a macro may do something else each time
            raise StackError("No updates are to be performed.")
        settings.keep(request, stack)
        self.start_update(stack, plan, disable_rollback=bool(request.get("DisableRollback")))
        return {"StackId": stack.id}

    def start_update(self, stack: Stack, plan: StackSpec, *, disable_rollback: bool) -> None:
        """Begins an update that has been checked."""
        stack.updated = now()
        stack.become("UPDATE_IN_PROGRESS", "User Initiated")
        self._store.work(stack, lambda engine: engine.update(plan, disable_rollback=disable_rollback))

    def updatable(self, name: str, region: str) -> Stack:
        """A stack that may be updated.

        Raises:
            StackError: there is none, or it is in a state in which it may not.
        """
        stack = self._store.find(region, name, _NO_STACK)
        if stack.status in _CANNOT_UPDATE or stack.status.endswith("_IN_PROGRESS") or not stack.is_there:
            raise StackError(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        return stack

    def check_update(self, stack: Stack, plan: StackSpec) -> None:
        """Raises StackError for what an update may not do."""
        Preview(stack, plan).check()
        changed = [
            name
            for name, resource in plan.template.resources.items()
            if name in stack.resources and stack.resources[name].type != resource["Type"]
        ]
        if changed:
            raise StackError(
                "Update of resource type is not permitted. The new template modifies resource type of the following "
                f"resources: [{', '.join(changed)}]"
            )
        outputs = plan.template.section("Outputs")
        export_names = {
            str(output["Export"].get("Name"))
            for output in outputs.values()
            if isinstance(output.get("Export"), Mapping)
        }
        if not any(isinstance((output.get("Export") or {}).get("Name"), Mapping) for output in outputs.values()):
            for name in stack.exports:
                if name not in export_names and (users := self._store.importers(stack.region, name)):
                    raise StackError(f"Export {name} cannot be deleted as it is in use by {', '.join(users)}")

    def delete_stack(self, request: Request, region: str) -> Answer:
        try:
            stack = self._store.find(region, request["StackName"])
        except StackError:
            return {}  # that it is not there is no error
        if not stack.is_there:
            return {}
        if stack.termination_protection:
            raise StackError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        retained = request.get("RetainResources", [])
        if retained and stack.status != "DELETE_FAILED":
            raise StackError(
                "Invalid operation on stack. RetainResources may only be specified when the stack is in a "
                "DELETE_FAILED state"
            )
        for name in stack.exports:
            if users := self._store.importers(region, name):
                raise StackError(f"Export {name} cannot be deleted as it is in use by {', '.join(users)}")

        def job(engine: Engine) -> None:  # behind the work that is going on
            if stack.is_there:
                stack.token = request.get("ClientRequestToken")
                stack.become("DELETE_IN_PROGRESS", "User Initiated")
                engine.delete(retained)

        self._store.work(stack, job)
        return {}

    def update_termination_protection(self, request: Request, region: str) -> Answer:
        stack = self._store.find(region, request["StackName"], _NO_STACK)
        stack.termination_protection = bool(request["EnableTerminationProtection"])
        return {"StackId": stack.id}

    # ---- looking at stacks

    def describe_stacks(self, request: Request, region: str) -> Answer:
        if name := request.get("StackName"):
            stacks = [self._store.find(region, name)]
        else:
            stacks = [stack for stack in self._store.all(region) if stack.is_there]
        parents = self._store.parents(region)
        return {"Stacks": [answers.stack(stack, parents) for stack in stacks]}

    def list_stacks(self, request: Request, region: str) -> Answer:
        statuses = request.get("StackStatusFilter")
        stacks = [stack for stack in self._store.all(region) if not statuses or stack.status in statuses]
        parents = self._store.parents(region)
        return {"StackSummaries": [answers.summary(stack, parents) for stack in stacks]}

    def describe_stack_events(self, request: Request, region: str) -> Answer:
        return {"StackEvents": list(reversed(self._store.find(region, request["StackName"], _NO_STACK).events))}

    def describe_stack_resources(self, request: Request, region: str) -> Answer:
        name, physical = request.get("StackName"), request.get("PhysicalResourceId")
        if bool(name) == bool(physical):
            raise StackError("You must specify either StackName or PhysicalResourceId, but not both.")
        if physical:
            stack = next((stack for stack in self._store.all(region) if stack.is_there and any(
                resource.physical_id == physical for resource in stack.resources.values())), None)  # fmt: skip
            if stack is None:
                raise StackError(f"Stack for {physical} does not exist")
        else:
            stack = self._store.find(region, str(name))
        logical_id = request.get("LogicalResourceId")
        resources = [
            resource for resource in stack.visible_resources.values() if logical_id in (None, resource.logical_id)
        ]
        if logical_id and not resources:
            raise StackError(f"Resource {logical_id} does not exist for stack {name}")
        return {"StackResources": [answers.resource(stack, resource) for resource in resources]}

    def describe_stack_resource(self, request: Request, region: str) -> Answer:
        name, logical_id = request["StackName"], request["LogicalResourceId"]
        stack = self._store.find(region, name, "Stack '{}' does not exist")
        if logical_id not in stack.visible_resources:
            raise StackError(f"Resource {logical_id} does not exist for stack {name}")
        return {"StackResourceDetail": answers.resource_detail(stack, stack.visible_resources[logical_id])}

    def list_stack_resources(self, request: Request, region: str) -> Answer:
        stack = self._store.find(region, request["StackName"])
        return {
            "StackResourceSummaries": [
                answers.resource_summary(resource) for resource in stack.visible_resources.values()
            ]
        }

    def list_exports(self, request: Request, region: str) -> Answer:
        del request
        return {
            "Exports": [
                {"ExportingStackId": stack.id, "Name": name, "Value": value}
                for stack in self._store.all(region)
                for name, value in stack.exports.items()
            ]
        }

    def list_imports(self, request: Request, region: str) -> Answer:
        name = request["ExportName"]
        users = self._store.importers(region, name)
        if not users:
            raise StackError(f"Export '{name}' is not imported by any stack.")
        return {"Imports": users}

    # ---- templates

    def get_template(self, request: Request, region: str) -> Answer:
        plan = self._plan_to_show(request, region)
        if plan is None:
            return {"StagesAvailable": []}
        processed = request.get("TemplateStage") == "Processed" and uses_macros(plan.original)
        text = documents.dump(plan.template.document) if processed else plan.original
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def _plan_to_show(self, request: Request, region: str) -> StackSpec | None:
        """The plan of a change set or stack. A stack that waits for its first change set has none."""
        if request.get("ChangeSetName"):
            change_set = self._store.change_set(request, region)
            if change_set.plan is None:
                raise StackError(f"ChangeSet [{change_set.name}] has no template: {change_set.reason}")
            return change_set.plan
        if not request.get("StackName"):
            raise StackError("Either StackName or ChangeSetName is required.")
        return self._store.find(region, request["StackName"]).plan

    def get_template_summary(self, request: Request, region: str) -> Answer:
        sources = [name for name in ("StackName", "TemplateBody", "TemplateURL") if request.get(name)]
        if len(sources) != 1:
            raise StackError("You must specify only one of the following: StackName, TemplateBody, TemplateURL.")
        if sources != ["StackName"]:
            return summary_of(text_of(request, region))
        stack = self._store.find(region, request["StackName"])
        if stack.plan is None:
            raise StackError("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
        return summary_of(stack.plan.original)

    def validate_template(self, request: Request, region: str) -> Answer:
        text = text_of(request, region)
        if not uses_macros(text):
            Template(documents.parse(text)).check()
        summary = summary_of(text)
        parameters = [
            {
                name: parameter[name]
                for name in ("ParameterKey", "NoEcho", "DefaultValue", "Description")
                if name in parameter
            }
            for parameter in summary.pop("Parameters")
        ]
        names = ("Description", "Capabilities", "CapabilitiesReason", "DeclaredTransforms")
        return {"Parameters": parameters} | {name: summary[name] for name in names if name in summary}


def tags_of(request: Request) -> dict[str, str]:
    """The stack's tags in a request."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def new_stack(request: Request, region: str, account_id: str, plan: StackSpec | None) -> Stack:
    """A stack that is not kept yet.

    Raises:
        StackError: its name cannot be one.
    """
    name = str(request["StackName"])
    if len(name) > _NAME_CHARACTERS:
        rule = f"Member must have length less than or equal to {_NAME_CHARACTERS}"
        raise StackError(constraints.violation_message("stackName", rule, name))
    if not re.fullmatch(_NAME, name):
        rule = f"Member must satisfy regular expression pattern: {_NAME}"
        raise StackError(constraints.violation_message("stackName", rule, name))
    stack = Stack(
        f"arn:aws:cloudformation:{region}:{account_id}:stack/{name}/{uuid.uuid4()}", name, region, account_id, "", plan
    )
    settings.keep(request, stack)
    stack.timeout_minutes = request.get("TimeoutInMinutes")
    stack.disable_rollback = bool(request.get("DisableRollback")) or request.get("OnFailure") == "DO_NOTHING"
    stack.termination_protection = bool(request.get("EnableTerminationProtection"))
    return stack

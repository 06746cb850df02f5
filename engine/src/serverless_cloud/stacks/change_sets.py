"""The calls of CloudFormation on change sets."""

from __future__ import annotations

import uuid

from serverless_cloud.stacks import answers, parameters, settings
from serverless_cloud.stacks.differences import between, without_values
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.macros import Macros
from serverless_cloud.stacks.operations import Answer, Operations, Request, new_stack, tags_of
from serverless_cloud.stacks.planning import plan_of, require_capabilities, text_of, uses_macros
from serverless_cloud.stacks.preview import Preview
from serverless_cloud.stacks.stack import ChangeSet, Stack, now
from serverless_cloud.stacks.store import Store

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSets:
    """Change sets in one account."""

    def __init__(self, store: Store, operations: Operations, account_id: str) -> None:
        self._store, self._operations, self._account_id = store, operations, account_id

    def create_change_set(self, request: Request, region: str) -> Answer:
        settings.check(request, region)
        name, kind = str(request["ChangeSetName"]), request.get("ChangeSetType", "UPDATE")
        if kind == "IMPORT" or request.get("ResourcesToImport"):
            raise StackError(
                "The local cloud doesn't import resources into a stack (docs/fidelity.md). Let the template create "
                "them."
            )
        stack = self._stack_for(request, region, kind)
        if any(change_set.name == name for change_set in self._waiting(stack)):
            raise StackError(f"ChangeSet {name} cannot be created because it already exists", "AlreadyExistsException")
        text = text_of(request, region, stack)
        before = stack.plan
        tags = tags_of(request) if "Tags" in request or before is None else before.tags
        id = f"arn:aws:cloudformation:{region}:{self._account_id}:changeSet/{name}/{uuid.uuid4()}"
        of_it = ChangeSet(id, name, stack, kind, None, list(request.get("Capabilities", [])), [], request)
        of_it.description, of_it.on_failure = request.get("Description"), request.get("OnStackFailure")
        try:
            macros = Macros(region, self._account_id)
            plan = plan_of(text, request.get("Parameters", []), tags, macros, stack=stack)
            require_capabilities(plan, of_it.capabilities)
            settings.require_types(request, plan.template)
            of_it.plan = plan
            of_it.parameters = parameters.listing(plan.template.section("Parameters"), plan.texts, plan.values)
            if kind == "UPDATE":
                self._operations.check_update(stack, plan)
            else:
                Preview(stack, plan).check()
            of_it.changes = between(stack, plan)
            if kind == "UPDATE" and plan.same_as(before):
                raise StackError(_NO_CHANGES)
        except StackError as error:
            # A macro works after the call has been answered, so its errors, and all after it, are the change set's.
            if error.message != _NO_CHANGES and not uses_macros(text):
                raise
            of_it.status, of_it.execution, of_it.reason = "FAILED", "UNAVAILABLE", error.message
        if stack.id not in self._store.stacks:
            self._store.add(stack)
            stack.become("REVIEW_IN_PROGRESS", "User Initiated")
        self._store.change_sets[id] = of_it
        return {"Id": id, "StackId": stack.id}

    def _stack_for(self, request: Request, region: str, kind: str) -> Stack:
        if kind == "UPDATE":
            return self._operations.updatable(request["StackName"], region)
        try:
            stack = self._store.find(region, request["StackName"])
        except StackError:
            return new_stack(request, region, self._account_id, None)
        if stack.status != "REVIEW_IN_PROGRESS":
            raise StackError(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                f"[{request['ChangeSetName']}]."
            )
        return stack

    def _waiting(self, stack: Stack) -> list[ChangeSet]:
        """The change sets of a stack that haven't been executed: a name may be used again after that."""
        return [
            change_set
            for change_set in self._store.change_sets.values()
            if change_set.stack is stack and not change_set.executed
        ]

    def describe_change_set(self, request: Request, region: str) -> Answer:
        change_set = self._store.change_set(request, region)
        answer = answers.change_set(change_set)
        if not request.get("IncludePropertyValues"):
            answer["Changes"] = [without_values(change) for change in change_set.changes]
        return answer

    def list_change_sets(self, request: Request, region: str) -> Answer:
        stack = self._store.find(region, request["StackName"], "Stack [{}] does not exist")
        names = ("ChangeSetId", "ChangeSetName", "StackId", "StackName", "Status", "StatusReason", "ExecutionStatus",
                 "CreationTime", "Description", "IncludeNestedStacks")  # fmt: skip
        descriptions = [answers.change_set(change_set) for change_set in self._waiting(stack)]
        return {
            "Summaries": [
                {name: description[name] for name in names if name in description} for description in descriptions
            ]
        }

    def delete_change_set(self, request: Request, region: str) -> Answer:
        try:
            del self._store.change_sets[self._store.change_set(request, region).id]
        except StackError as error:
            if error.code != "ChangeSetNotFound":
                raise
        return {}

    def execute_change_set(self, request: Request, region: str) -> Answer:
        change_set = self._store.change_set(request, region)
        stack, plan = change_set.stack, change_set.plan
        if change_set.execution != "AVAILABLE" or plan is None:
            raise StackError(
                f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]",
                "InvalidChangeSetStatus",
            )
        disable_rollback = bool(request.get("DisableRollback"))
        self._forget_others(change_set)
        change_set.execution = "EXECUTE_COMPLETE"
        settings.keep({**change_set.request, "ClientRequestToken": request.get("ClientRequestToken")}, stack)
        stack.change_set_id = change_set.id
        if change_set.kind == "CREATE":
            stack.updated = now()
            stack.become("CREATE_IN_PROGRESS", "User Initiated")
            on_failure = change_set.on_failure or ("DO_NOTHING" if disable_rollback else "ROLLBACK")
            self._store.work(stack, lambda engine: engine.create(plan, on_failure))
        else:
            self._operations.start_update(stack, plan, disable_rollback=disable_rollback)
        return {}

    def _forget_others(self, executed: ChangeSet) -> None:
        """The other change sets of a stack go when one is executed."""
        for id, change_set in list(self._store.change_sets.items()):
            if change_set.stack is executed.stack and change_set is not executed:
                del self._store.change_sets[id]

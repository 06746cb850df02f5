"""All stacks and change sets of a local cloud, and the threads that work on them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from typing import Any

from serverless_cloud.core.background import Tasks
from serverless_cloud.stacks.engine import Engine
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.stack import ChangeSet, Stack

#: How long a call waits for the work that it begins, before it answers that the work is in progress: AWS's waiters look
#: every 30 seconds, and most stacks here take less than one.
PATIENCE_S = 20.0


class Store:
    """The stacks that are kept from call to call.

    Args:
        time_scale: divides AWS's own waits.
    """

    def __init__(self, tasks: Tasks, time_scale: Callable[[], float]) -> None:
        self._tasks, self._time_scale = tasks, time_scale
        self._lock = threading.Lock()
        self.stacks: dict[str, Stack] = {}
        self.change_sets: dict[str, ChangeSet] = {}

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self.stacks, self.change_sets = {}, {}

    def add(self, stack: Stack) -> None:
        """Keeps a new stack.

        Raises:
            StackError: there is one of its name.
        """
        with self._lock:
            for other in self.stacks.values():
                if other.name == stack.name and other.region == stack.region and other.is_there:
                    raise StackError(f"Stack [{stack.name}] already exists", "AlreadyExistsException")
            self.stacks[stack.id] = stack

    def all(self, region: str) -> list[Stack]:
        """The stacks of a Region, the newest first; deleted ones included."""
        return [stack for stack in reversed(self.stacks.values()) if stack.region == region]

    def find(self, region: str, name_or_id: str, missing: str = "Stack with id {} does not exist") -> Stack:
        """A stack by its name, or a deleted one by its id.

        Args:
            missing: AWS's message if there is no such stack, which differs from call to call.

        Raises:
            StackError: there is none.
        """
        for stack in self.all(region):
            if stack.id == name_or_id or (stack.name == name_or_id and stack.is_there):
                return stack
        raise StackError(missing.format(name_or_id))

    def change_set(self, request: Mapping[str, Any], region: str) -> ChangeSet:
        """The change set that a request names: by its ARN also one that has been executed.

        Raises:
            StackError: there is no such change set, or no such stack.
        """
        name, stack_name = str(request["ChangeSetName"]), request.get("StackName")
        if name.startswith("arn:"):
            if name in self.change_sets and self.change_sets[name].stack.region == region:
                return self.change_sets[name]
        elif not stack_name:
            raise StackError("StackName must be specified if ChangeSetName is not specified as an ARN.")
        else:
            stack = self.find(region, stack_name, "Stack [{}] does not exist")
            for change_set in reversed(self.change_sets.values()):
                if change_set.stack is stack and change_set.name == name:
                    return change_set
        raise StackError(f"ChangeSet [{name}] does not exist", "ChangeSetNotFound", 404)

    def parents(self, region: str) -> dict[str, Stack]:
        """The stacks that stacks are embedded in, by the ids of the embedded stacks."""
        return {
            resource.physical_id: stack
            for stack in self.all(region)
            for resource in list(stack.visible_resources.values())
            if resource.type == "AWS::CloudFormation::Stack" and resource.physical_id
        }

    def exporter(self, region: str, name: str) -> Stack | None:
        """The stack that exports a name."""
        return next((stack for stack in self.all(region) if name in stack.exports), None)

    def importers(self, region: str, name: str) -> list[str]:
        """The names of the stacks that import a value."""
        return [stack.name for stack in self.all(region) if name in stack.imports]

    def work(self, stack: Stack, job: Callable[[Engine], Any]) -> None:
        """Works on a stack in the background; returns when that is done, or after `PATIENCE_S`."""
        done = threading.Event()

        def run(stopped: threading.Event) -> None:
            try:
                with stack.busy:
                    exporter = functools.partial(self.exporter, stack.region)
                    importers = functools.partial(self.importers, stack.region)
                    job(Engine(stack, exporter, importers, self._time_scale(), stopped.is_set))
            finally:
                done.set()

        self._tasks.start(f"stack {stack.name}", run)
        done.wait(PATIENCE_S)

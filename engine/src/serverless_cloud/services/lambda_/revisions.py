"""RevisionId, and what a function looks like in the answer of the call that changes it.

AWS answers a change before it is complete: the answer shows a new function or version as Pending and an update as
InProgress, and the RevisionId changes once more when the change is complete. Here a change that needs no network is
complete as soon as it is answered. moto has no revisions of functions, and keeps an alias's forever.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from moto.awslambda.exceptions import PreconditionFailedException
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.services.lambda_.functions import latest

CREATING: JsonObject = {"StateReasonCode": "Creating", "StateReason": "The function is being created."}
IN_PROGRESS: JsonObject = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReasonCode": "Creating",
    "LastUpdateStatusReason": "The function is being created.",
}
#: Lists of functions and versions leave these out.
OF_ONE = ("State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason",
          "LastUpdateStatusReasonCode", "RuntimeVersionConfig")  # fmt: skip
_STALE = (
    "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the latest Revision Id"
)


def of(owner: LambdaFunction | LambdaAlias) -> str:
    """The RevisionId of a function, a version or an alias."""
    found: str | None = vars(owner).get("revision_id")
    return found or renew(owner)


def renew(owner: LambdaFunction | LambdaAlias) -> str:
    """Gives a function, a version or an alias a new RevisionId."""
    vars(owner)["revision_id"] = found = str(uuid.uuid4())
    return found


def require(owner: LambdaFunction | LambdaAlias, wanted: object, call: str = "GetFunction/GetAlias") -> None:
    """Raises if a request names another RevisionId.

    Args:
        wanted: of the request; None or "" if it names none.
        call: the call that returns the latest RevisionId.
    """
    if wanted and wanted != of(owner):
        raise PreconditionFailedException(_STALE.format(call))


def owner(backend: LambdaBackend, name: str, qualifier: str | None) -> LambdaFunction | LambdaAlias:
    """The function, version or alias whose RevisionId a call means.

    Args:
        qualifier: version or alias; None for the function.

    Raises:
        UnknownFunctionException, UnknownAliasException: there is no such function, version or alias.
    """
    function = latest(backend, name)
    if qualifier is None or qualifier == "$LATEST":
        return function
    if qualifier.isdigit():
        return backend.get_function(function.function_name, qualifier)
    return backend.get_alias(qualifier, function.function_name)


def changed(function: LambdaFunction) -> None:
    """Notes that the code or the settings of $LATEST have changed."""
    function.last_modified = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    renew(function)


def answer_of_change(function: LambdaFunction, shown: JsonObject, *, new: bool) -> JsonObject:
    """The answer of the call that creates or changes a function or a version; complete from the next call on.

    Args:
        shown: the function's configuration as it is.
        new: whether the function or version is new.
    """
    renew(function)
    if (function.vpc_config or {}).get("SubnetIds"):  # its network decides on its state
        return shown
    if not new:
        return shown | IN_PROGRESS
    return {k: v for k, v in shown.items() if k != "LastUpdateStatus"} | {"State": "Pending"} | CREATING

"""The resource policies of functions.

moto keeps one list of statements for a function with all its versions and aliases; we read it so too, each statement
belongs to the ARN in its Resource. moto's faults:

- moto accepts a StatementId twice and any action, leaves a principal that is an
  account, a role or a user as a bare text, and FunctionUrlAuthType and InvokedViaFunctionUrl outside of Condition; of
  two conditions with one operator the later wins.
- moto takes no notice of Qualifier, compares RevisionId with a list, and gives a policy its own RevisionId.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    GenericResourcNotFound,
    InvalidParameterValueException,
    UnknownFunctionException,
)
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.iam.models import iam_backends

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.core.refusals import Refusal
from serverless_cloud.services.lambda_ import revisions
from serverless_cloud.services.lambda_.functions import ResourceConflict, arn_of, latest, qualifier_in

patches = Service(
    "lambda",
    defect="engine/tests/iam/test_iam_patches.py::test_stock_moto_still_has_the_defect[a_revision_never_matches]",
)

#: Parameter: operator and condition key.
_CONDITIONS = {
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


def statement_of(arn: str, given: JsonObject) -> JsonObject:
    """The statement that AddPermission makes.

    Args:
        arn: of the function, version or alias.
        given: the parameters of the call.

    Raises:
        InvalidParameterValueException: what AWS refuses.
    """
    statement = {
        "Sid": given.get("StatementId") or str(uuid.uuid4()),
        "Effect": "Allow",
        "Principal": _principal(str(given.get("Principal", ""))),
        "Action": given.get("Action", "lambda:InvokeFunction"),
        "Resource": arn,
    }
    conditions: dict[str, dict[str, str]] = {}
    for name, (operator, key) in _CONDITIONS.items():
        if name in given:
            value = str(given[name])
            conditions.setdefault(operator, {})[key] = value.lower() if operator == "Bool" else value
    return statement | ({"Condition": conditions} if conditions else {})


def _principal(name: str) -> str | dict[str, str]:
    if name == "*":
        return "*"
    if re.fullmatch(r"\d{12}", name):
        return {"AWS": f"arn:aws:iam::{name}:root"}
    if found := re.fullmatch(r"arn:aws:(iam|sts)::(\d{12}):(root|role/.+|user/.+|assumed-role/.+)", name):
        if found.group(1) == "iam" and found.group(3) != "root":
            backend: Any = iam_backends[found.group(2)]["aws"]
            if name not in {each.arn for each in (*backend.roles.values(), *backend.users.values())}:
                raise InvalidParameterValueException(
                    "The provided principal was invalid. Please check the principal and try again."
                )
        return {"AWS": name}
    if re.fullmatch(r"[a-z0-9.-]+\.(amazonaws|amazon)\.com", name):
        return {"Service": name}
    raise InvalidParameterValueException(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _named(function: LambdaFunction, qualifier: str | None) -> str:
    """The ARN that a statement belongs to."""
    return f"{arn_of(function)}:{qualifier}" if qualifier and qualifier != "$LATEST" else arn_of(function)


def _whose(backend: LambdaBackend, name: str, qualifier: str | None) -> tuple[LambdaFunction, str | None]:
    """The function, as $LATEST, and the version or alias that a call names."""
    own = qualifier_in(backend, name)
    return latest(backend, name.removesuffix(f":{own}") if own else name), own or qualifier or None


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.add_permission",
    defect="engine/tests/iam/test_iam_patches.py::test_stock_moto_still_has_the_defect[a_statement_id_is_taken_twice]",
    upstream="AddPermission refuses a second statement of one id, and writes principals and conditions as AWS does.",
)
def add_permission(backend: LambdaBackend, function_name: str, qualifier: str | None, raw: str) -> object:
    function, named = _whose(backend, function_name, qualifier)
    if named == "$LATEST":
        raise InvalidParameterValueException("We currently do not support adding policies for $LATEST.")
    owner = revisions.owner(backend, function.function_name, named)
    given = json.loads(raw)
    revisions.require(owner, given.get("RevisionId"), "GetPolicy")
    statement, statements = statement_of(_named(function, named), given), function.policy.statements
    if any(s["Sid"] == statement["Sid"] and s["Resource"] == statement["Resource"] for s in statements):
        raise ResourceConflict(
            f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or "
            "remove the existing statement."
        )
    statements.append(statement)
    revisions.renew(owner)
    return statement


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.get_policy",
    defect="engine/tests/iam/test_iam_patches.py::test_stock_moto_still_has_the_defect[the_policy_of_a_version_is_shown_for_all]",
    upstream="GetPolicy takes notice of Qualifier, and shows the RevisionId of the function, version or alias.",
)
def get_policy(backend: LambdaBackend, function_name: str, qualifier: str | None = None) -> str:
    try:
        function, named = _whose(backend, function_name, qualifier)
    except UnknownFunctionException as error:
        raise GenericResourcNotFound from error
    owner = revisions.owner(backend, function.function_name, named)
    statements = [s for s in function.policy.statements if s["Resource"] == _named(function, named)]
    if not statements:
        raise GenericResourcNotFound
    policy = _document({"Version": "2012-10-17", "Id": "default", "Statement": statements})
    return json.dumps({"Policy": policy, "RevisionId": revisions.of(owner)})


def _document(content: object) -> str:
    """A policy, or a statement, as AWS writes it: without blanks."""
    return json.dumps(content, separators=(",", ":"))


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.add_permission",
    upstream="AddPermission and GetPolicy write their documents without blanks.",
)
def answer_add_permission(response: LambdaResponse) -> str:
    name, qualifier = unquote(response.path.split("/")[-2]), response.querystring.get("Qualifier", [None])[0]
    return json.dumps({"Statement": _document(add_permission(response.backend, name, qualifier, response.body))})


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.remove_permission",
    expects="self, function_name, sid, revision=''",
    upstream="RemovePermission takes notice of Qualifier and RevisionId.",
)
def remove_permission(
    backend: LambdaBackend, function_name: str, sid: str, revision: str = "", qualifier: str | None = None
) -> None:
    try:
        function, named = _whose(backend, function_name, qualifier)
    except UnknownFunctionException as error:
        arn = str(error.message).removeprefix("Function not found: ")
        raise Refusal("ResourceNotFoundException", f"No policy found for: {arn}", 404) from error
    owner, arn = revisions.owner(backend, function.function_name, named), _named(function, named)
    found = [s for s in function.policy.statements if s["Sid"] == sid and s["Resource"] == arn]
    if not found:
        raise Refusal("ResourceNotFoundException", f"Statement {sid} is not found in resource policy.", 404)
    revisions.require(owner, revision, "GetPolicy")
    function.policy.statements.remove(found[0])
    revisions.renew(owner)


@patches.replaces(
    "moto.awslambda.responses:LambdaResponse.remove_permission",
    upstream="RemovePermission takes notice of Qualifier and RevisionId.",
)
def answer_remove_permission(response: LambdaResponse) -> TYPE_RESPONSE:
    parts = response.path.split("?")[0].split("/")
    revision, qualifier = response._get_param("RevisionId") or "", response._get_param("Qualifier")
    remove_permission(response.backend, unquote(parts[-3]), unquote(parts[-1]), revision, qualifier)
    return 204, {"status": 204}, ""


def forget(function: LambdaFunction, qualifier: str) -> None:
    """Deletes the permissions of an alias or a version that is gone."""
    arn = _named(function, qualifier)
    function.policy.statements[:] = [s for s in function.policy.statements if s["Resource"] != arn]

"""From a request to a plan: the template is fetched, transformed and checked, the parameters get their values."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from serverless_cloud.core import constraints
from serverless_cloud.core.clients import client
from serverless_cloud.stacks import documents, parameters, template_rules
from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import Scope, parameters_of_place
from serverless_cloud.stacks.macros import Macros
from serverless_cloud.stacks.stack import Stack, StackSpec
from serverless_cloud.stacks.template import Template, check_shape, transforms_of
from serverless_cloud.stacks.transform import transformed

_BODY_BYTES = 51_200  # CloudFormation quotas: template body in a request
#: The host of a bucket, here also at the cloud's own port.
_BUCKET_HOST = r"(.+?)\.(?:s3[.-](?:dualstack\.)?(?:[a-z0-9-]+\.)?amazonaws\.com|(?:s3\.(?:[a-z0-9-]+\.)?)?localhost)"
_OBJECT_BYTES = 1_000_000  # CloudFormation quotas: template body in an S3 object


def text_of(request: Mapping[str, Any], region: str, stack: Stack | None = None) -> str:
    """The template of a request.

    Args:
        request: with TemplateBody, TemplateURL or UsePreviousTemplate.
        stack: whose template the last one means.

    Raises:
        StackError: there is none, or more than one, or it cannot be read.
    """
    sources = [name for name in ("TemplateBody", "TemplateURL") if request.get(name)]
    if request.get("UsePreviousTemplate"):
        if sources:
            raise StackError("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        if stack is None or stack.plan is None:
            raise StackError("There is no previous template.")
        return stack.plan.original
    if len(sources) > 1:
        raise StackError("Specify exactly one of 'TemplateBody' or 'TemplateUrl'")
    if not sources:
        raise StackError("Either Template URL or Template Body must be specified.")
    if sources == ["TemplateBody"]:
        text = str(request["TemplateBody"])
        if len(text.encode()) > _BODY_BYTES:
            rule = f"Member must have length less than or equal to {_BODY_BYTES}"
            raise StackError(constraints.violation_message("templateBody", rule))
        return text
    text = _fetched(str(request["TemplateURL"]), region)
    if len(text.encode()) > _OBJECT_BYTES:
        raise StackError(f"Template may not exceed {_OBJECT_BYTES} bytes in size.")
    return text


def plan_of(
    text: str, inputs: list[Mapping[str, Any]], tags: dict[str, str], macros: Macros, *, stack: Stack | None = None
) -> StackSpec:
    """The planned state of a stack.

    Args:
        inputs: Parameters of the request.
        macros: the ones that the template can use, and its Region.
        stack: the one that changes; previous values are its own.

    Raises:
        StackError: the template or a parameter is not as it must be.
    """
    document, region = documents.parse(text), macros.region
    check_shape(document)
    parameters.check(document.get("Parameters") or {})
    before = stack.plan.texts if stack and stack.plan else {}
    values: dict[str, str] = {}
    for parameter in inputs:
        name = parameter["ParameterKey"]
        if parameter.get("UsePreviousValue"):
            if parameter.get("ParameterValue"):
                raise StackError(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty "
                    "value for a parameter"
                )
            if name not in before:
                raise StackError(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter "
                    "key not in the previous template"
                )
            values[name] = before[name]
        else:
            values[name] = str(parameter.get("ParameterValue", ""))
    # Declared ones are checked before the transform, which wants to know their values.
    stored = functools.partial(_stored, region)
    resolved, texts = parameters.resolve(document.get("Parameters") or {}, values, stored)
    known = parameters_of_place(region, macros.account_id)
    template_rules.require(document.get("Rules") or {}, known | resolved)
    if uses_macros(text):
        document = macros.expanded(document, resolved)
    template = Template(transformed(document, resolved, region, functools.partial(_managed_policies, region)))
    template.check()
    declared = template.section("Parameters")
    if set(declared) != set(texts):  # the transform may add parameters with defaults
        resolved, texts = parameters.resolve(declared, {**texts, **values}, stored)
    return StackSpec(_with_policies(template, known | resolved), text, resolved, texts, tags)


def _with_policies(template: Template, values: Mapping[str, Any]) -> Template:
    """The template with its deletion policies worked out, which may be functions of parameters and conditions."""
    names = ("DeletionPolicy", "UpdateReplacePolicy")
    if all(isinstance(resource.get(name, ""), str) for resource in template.resources.values() for name in names):
        return template
    scope = Scope(values, template.section("Mappings"), template.section("Conditions"), {}, str)
    worked_out = {
        logical_id: {**resource, **{name: scope.resolve(resource[name]) for name in names if name in resource}}
        for logical_id, resource in template.resources.items()
    }
    settled = Template({**template.document, "Resources": worked_out})
    settled.check()
    return settled


def require_expansion(text: str, acknowledged: list[str]) -> None:
    """Raises StackError for a template with macros unless the caller has acknowledged that they are expanded."""
    if uses_macros(text) and "CAPABILITY_AUTO_EXPAND" not in acknowledged:
        raise StackError("Requires capabilities : [CAPABILITY_AUTO_EXPAND]", "InsufficientCapabilitiesException")


def require_capabilities(plan: StackSpec, acknowledged: list[str]) -> None:
    """Raises StackError for a capability that the caller has not acknowledged."""
    needed = plan.template.capabilities
    if needed == ["CAPABILITY_IAM"] and "CAPABILITY_NAMED_IAM" in acknowledged:
        needed = []
    if missing := [name for name in needed if name not in acknowledged]:
        raise StackError(f"Requires capabilities : [{', '.join(missing)}]", "InsufficientCapabilitiesException")


def uses_macros(text: str) -> bool:
    """Whether a template is written with a macro such as SAM's; False for a text that can't be read."""
    try:
        return "Fn::Transform" in text or bool(transforms_of(documents.parse(text)))
    except StackError:
        return False


def _managed_policies(region: str) -> dict[str, str]:
    """The ARNs of AWS's own policies by their names, from IAM."""
    paginator = client("iam", region).get_paginator("list_policies")
    pages = paginator.paginate(Scope="AWS", PaginationConfig={"PageSize": 1000})
    return {policy["PolicyName"]: policy["Arn"] for page in pages for policy in page["Policies"]}


def _stored(region: str, name: str) -> str:
    try:
        return str(client("ssm", region).get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError:
        raise StackError(f"Unable to fetch parameters [{name}] from parameter store for this account.") from None


def _fetched(url: str, region: str) -> str:
    """The text of an object of S3 by its URL, in either form."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        raise StackError(f"S3 error: Domain name specified in {parts.netloc} is not a valid S3 domain")
    host, path = parts.hostname or "", unquote(parts.path.lstrip("/"))
    if re.fullmatch(r"s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com|127\.0\.0\.1|(?:s3\.)?localhost", host) and "/" in path:
        bucket, key = path.split("/", 1)
    elif match := re.fullmatch(_BUCKET_HOST, host):
        bucket, key = match[1], path
    else:
        raise StackError("TemplateURL must be a supported URL.")
    try:
        return str(client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read().decode())
    except ClientError as error:
        raise StackError(
            f"S3 error: {error.response['Error']['Message']}\nFor more information check "
            "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ) from error

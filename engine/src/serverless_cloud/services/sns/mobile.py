"""Mobile applications, their devices, and text messages.

moto makes up numbers that have opted out, takes any application, device and setting, tells an application's secrets but
not whether it is enabled, loses a device's own data, reads one of several names of settings, and fails with status 500
on a second deletion.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import PlatformApplication, PlatformEndpoint, SNSBackend
from moto.sns.responses import SNSResponse

from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.sns.topics import refusals, require_arn
from serverless_cloud.sns import mobile as sns_mobile

patches = Service("sns", defect="engine/tests/test_push_seams.py::test_stock_moto_still_has_the_defects")

_APPLICATION, _ENDPOINT = "PlatformApplicationArn", "EndpointArn"
_NAMED_BY = {
    **dict.fromkeys(
        (
            "create_platform_endpoint", "delete_platform_application", "list_endpoints_by_platform_application",
            "get_platform_application_attributes", "set_platform_application_attributes",
        ),
        _APPLICATION,
    ),
    **dict.fromkeys(("get_endpoint_attributes", "set_endpoint_attributes", "delete_endpoint"), _ENDPOINT),
}  # fmt: skip
_ALLOWED = {_APPLICATION: sns_mobile.APPLICATION_ATTRIBUTES, _ENDPOINT: sns_mobile.ENDPOINT_ATTRIBUTES}


@patches.replaces_each(
    "moto.sns.responses:SNSResponse", _NAMED_BY, expects="self", upstream="Calls refuse a text that isn't an ARN."
)
def _answer_named(patch: Patch[..., ActionResult], response: SNSResponse) -> ActionResult:
    parameter = _NAMED_BY[patch.name]
    require_arn(parameter, str(response._get_param(parameter) or ""))
    allowed = sns_mobile.ENDPOINT_ATTRIBUTES if patch.name == "create_platform_endpoint" else _ALLOWED[parameter]
    with refusals():
        sns_mobile.check_names(response._get_param("Attributes") or {}, allowed)
    return patch.original(response)


@patches.replaces(
    "moto.sns.responses:SNSResponse.create_platform_application",
    upstream="CreatePlatformApplication refuses what no platform has.",
)
def create_platform_application(response: SNSResponse) -> ActionResult:
    given = {name: response._get_param(name) for name in ("Name", "Platform")}
    with refusals():
        sns_mobile.check_application(
            str(given["Name"] or ""), str(given["Platform"]), response._get_param("Attributes") or {}
        )
    return create_platform_application.original(response)


def _shown(application: PlatformApplication) -> dict[str, Any]:
    """The attributes of an application that AWS returns, which are not secret."""
    secret = (sns_mobile.CREDENTIAL, sns_mobile.PRINCIPAL)
    return {"Enabled": True} | {name: value for name, value in application.attributes.items() if name not in secret}


@patches.replaces("moto.sns.models:SNSBackend.get_platform_application_attributes")
def get_platform_application_attributes(backend: SNSBackend, arn: str) -> dict[str, Any]:
    return _shown(backend.get_application(arn))


@patches.replaces("moto.sns.responses:SNSResponse.list_platform_applications")
def list_platform_applications(response: SNSResponse) -> ActionResult:
    there = response.backend.list_platform_applications()
    return ActionResult(
        {"PlatformApplications": [{_APPLICATION: each.arn, "Attributes": _shown(each)} for each in there]}
    )


@patches.replaces("moto.sns.models:SNSBackend.delete_platform_application", upstream="A deletion may be repeated.")
def delete_platform_application(backend: SNSBackend, platform_arn: str) -> None:
    if platform_arn in backend.applications:
        delete_platform_application.original(backend, platform_arn)


@patches.replaces(
    "moto.sns.models:SNSBackend.create_platform_endpoint", upstream="A device's own data is one of its attributes."
)
def create_platform_endpoint(
    backend: SNSBackend,
    application: PlatformApplication,
    custom_user_data: str,
    token: str,
    attributes: dict[str, Any],
) -> PlatformEndpoint:
    if custom_user_data:
        attributes = attributes | {"CustomUserData": custom_user_data}
    return create_platform_endpoint.original(backend, application, custom_user_data, token, attributes)


@patches.replaces("moto.sns.models:SNSBackend.check_if_phone_number_is_opted_out")
def check_if_phone_number_is_opted_out(backend: SNSBackend, number: str) -> bool:
    """Never: no text message is sent, so nobody has answered with STOP."""
    del backend, number
    return False


@patches.replaces("moto.sns.models:SNSBackend.list_phone_numbers_opted_out")
def list_phone_numbers_opted_out(backend: SNSBackend) -> list[str]:
    del backend
    return []


@patches.replaces("moto.sns.responses:SNSResponse.set_sms_attributes", upstream="SetSMSAttributes checks its settings.")
def set_sms_attributes(response: SNSResponse) -> ActionResult:
    with refusals():
        sns_mobile.check_sms_attributes(response._get_param("attributes") or {})
    return set_sms_attributes.original(response)


@patches.replaces("moto.sns.responses:SNSResponse.get_sms_attributes", upstream="GetSMSAttributes reads all names.")
def get_sms_attributes(response: SNSResponse) -> ActionResult:
    names = set(response._get_param("attributes") or [])
    return ActionResult({"attributes": response.backend.get_sms_attributes(names)})

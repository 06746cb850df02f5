"""SNS's refusals about telephones and mobile platforms, in its own words. No moto, no I/O.

Rules: Amazon SNS API reference (CreatePlatformApplication, SetPlatformApplicationAttributes, SetEndpointAttributes,
SetSMSAttributes); Developer Guide, "Publishing SMS messages to a mobile phone".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from serverless_cloud.sns.rules import Refused

PLATFORMS = frozenset(
    {
        "ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "FCM", "GCM", "MACOS",
        "MACOS_SANDBOX", "MPNS", "WNS",
    }
)  # fmt: skip
CREDENTIAL, PRINCIPAL = "PlatformCredential", "PlatformPrincipal"
#: Platforms that have no principal.
_WITHOUT_PRINCIPAL = ("FCM", "GCM")
APPLICATION_ATTRIBUTES = frozenset(
    {
        CREDENTIAL, PRINCIPAL, "ApplePlatformBundleID", "ApplePlatformTeamID", "AuthenticationMethod", "Enabled",
        "EventDeliveryFailure", "EventEndpointCreated", "EventEndpointDeleted", "EventEndpointUpdated",
        "FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate",
    }
)  # fmt: skip
ENDPOINT_ATTRIBUTES = frozenset({"CustomUserData", "Enabled", "Token"})
SMS_ATTRIBUTES = frozenset(
    {
        "DefaultSMSType", "DefaultSenderID", "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate",
        "MonthlySpendLimit", "UsageReportS3Bucket",
    }
)  # fmt: skip
_NAME = re.compile(r"[\w.-]{1,256}", re.ASCII)
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}")
_E164 = re.compile(r"\+?[1-9]\d{1,14}")


def check_application(name: str, platform: str, attributes: Mapping[str, str]) -> None:
    """Raises Refused unless there may be an application of this name for a platform."""
    if not name:
        raise Refused("Invalid parameter: PlatformApplicationName Reason: cannot be empty")
    if not _NAME.fullmatch(name):
        raise Refused(
            "Invalid parameter: PlatformApplicationName Reason: must contain only characters 'a'-'z', 'A'-'Z', "
            "'0'-'9', '_', '-', and '.'"
        )
    if platform not in PLATFORMS:
        raise Refused(f"Invalid parameter: Platform Reason: {platform} is not supported")
    check_names(attributes, APPLICATION_ATTRIBUTES)
    has_credential, has_principal = CREDENTIAL in attributes, PRINCIPAL in attributes
    if has_principal and not has_credential:
        raise Refused(f"Invalid parameter: Attributes Reason: {PRINCIPAL} attribute provided without {CREDENTIAL}")
    if not has_credential:
        raise Refused(f"Invalid parameter: Attributes Reason: {CREDENTIAL} is required")
    if not has_principal and platform not in _WITHOUT_PRINCIPAL:
        raise Refused(f"Invalid parameter: Attributes Reason: {CREDENTIAL} attribute provided without {PRINCIPAL}")


def check_names(attributes: Mapping[str, str], allowed: frozenset[str]) -> None:
    """Raises Refused for a name that no application, or no endpoint, has."""
    for name in attributes:
        if name not in allowed:
            raise Refused(f"Invalid parameter: Attributes Reason: Invalid attribute name: {name}")


def check_sms_attributes(attributes: Mapping[str, str]) -> None:
    """Raises Refused unless text messages may have these settings."""
    for name, value in attributes.items():
        if name not in SMS_ATTRIBUTES:
            raise Refused(f"{name} is not a valid attribute")
        if name == "DefaultSMSType" and value not in ("Promotional", "Transactional"):
            raise Refused("DefaultSMSType is invalid")
        if name == "DefaultSenderID" and not _SENDER.fullmatch(value):
            raise Refused("DefaultSenderID is invalid")


def check_number(number: str) -> None:
    """Raises Refused unless a text message may be sent to a telephone number."""
    if not _E164.fullmatch(number):
        raise Refused(f"Invalid parameter: PhoneNumber Reason: {number} is not valid to publish to")

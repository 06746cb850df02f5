"""Signed requests (AWS_IAM): finds the signer, and checks the signature.

Source: IAM User Guide, "Signing AWS API requests", Signature Version 4.
"""

from __future__ import annotations

import calendar
import dataclasses
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from serverless_cloud.http.request import Request

ALGORITHM = "AWS4-HMAC-SHA256"
TOKEN = "X-Amz-Security-Token"
CLOCK_SKEW_S = 300.0  # a signature is good for five minutes
_FIELD = re.compile(r"(\w+)=([^,\s]+)")


MISSING, UNKNOWN_KEY, WRONG = "missing", "unknown key", "wrong"


class BadSignature(Exception):
    """The request is not signed, or not as it should be; the text says why.

    Args:
        kind: MISSING: it is not signed. UNKNOWN_KEY: nobody has this access key. WRONG: all else.
    """

    def __init__(self, text: str, kind: str = WRONG) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Signer:
    """An access key.

    Args:
        access_key: as in the signature.
        user_arn, user_id: whom it belongs to.
        token: the session token that came with the request.
    """

    access_key: str
    secret: str
    user_arn: str
    user_id: str
    account_id: str = "123456789012"
    token: str = ""

    def as_context(self) -> dict[str, str | None]:
        """The signer's facts for a function's requestContext, under "iam" in format 2.0."""
        return {
            "accessKey": self.access_key,
            "accountId": self.account_id,
            "callerId": self.user_id,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": self.user_arn,
            "userId": self.user_id,
        }


#: Finds an access key; None if there is none.
SignerOf = Callable[[str], Signer | None]


def signer(request: Request, service: str, find: SignerOf) -> Signer:
    """The signer of a request.

    Args:
        service: "lambda" for function URLs, "execute-api" for APIs.

    Raises:
        BadSignature: nobody has, or the signature is wrong or too old.
    """
    query = parse_qsl(request.raw_query, keep_blank_values=True)
    parameters = dict(query)
    if parameters.get("X-Amz-Algorithm") == ALGORITHM:
        credential, signed = parameters.get("X-Amz-Credential", ""), parameters.get("X-Amz-SignedHeaders", "")
        signature, date = parameters.get("X-Amz-Signature", ""), parameters.get("X-Amz-Date", "")
        query = [(name, value) for name, value in query if name != "X-Amz-Signature"]
        expires = parameters.get("X-Amz-Expires", "")
        good_for_s = float(expires) if expires.isascii() and expires.isdigit() else 0.0
    else:
        header = request.header("authorization")
        if not header.startswith(ALGORITHM):
            raise BadSignature("the request has no Authorization header with AWS4-HMAC-SHA256", MISSING)
        fields = dict(_FIELD.findall(header))
        credential, signed = fields.get("Credential", ""), fields.get("SignedHeaders", "")
        signature, date = fields.get("Signature", ""), request.header("x-amz-date")
        good_for_s = CLOCK_SKEW_S
    try:
        access_key, day, region, scope_service, _ = credential.rsplit("/", 4)
        signed_s = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise BadSignature("the signature has no credential scope or no date") from error
    if (
        not -CLOCK_SKEW_S <= time.time() - signed_s <= good_for_s
        or scope_service != service
        or not date.startswith(day)
    ):
        raise BadSignature(f"the signature is too old, or not for the service {service}")
    identity = find(access_key)
    if identity is None:
        raise BadSignature(f"there is no access key {access_key}", UNKNOWN_KEY)
    scope = f"{day}/{region}/{service}/aws4_request"
    payload_hash = request.header("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()
    if payload_hash not in (hashlib.sha256(request.body).hexdigest(), "UNSIGNED-PAYLOAD"):
        raise BadSignature("the body differs from the signed body")
    canonical = _canonical(request, query, signed.split(";"), payload_hash)
    to_sign = "\n".join((ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{identity.secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    right = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
        raise BadSignature("the signature does not match the request")
    return dataclasses.replace(identity, token=request.header("x-amz-security-token") or parameters.get(TOKEN, ""))


def _canonical(request: Request, query: list[tuple[str, str]], signed: list[str], payload_hash: str) -> str:
    # The path as it was sent is encoded once more, as for every service but S3.
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    headers = [f"{name}:{','.join(' '.join(v.split()) for v in request.all_headers(name))}" for name in signed]
    return "\n".join(
        (
            request.method,
            quote(request.raw_path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *headers,
            "",
            ";".join(signed),
            payload_hash,
        )
    )

"""A function URL as it answers. No moto.

Source: AWS Lambda Developer Guide, "Creating and managing Lambda function URLs", "Invoking Lambda function URLs" and
"Control access to Lambda function URLs".
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from serverless_cloud.errors import AccessDenied, CloudError, TooManyRequests
from serverless_cloud.http import sigv4
from serverless_cloud.http.answers import MalformedAnswer, read_2_0
from serverless_cloud.http.calls import EVENT_BYTES, event_bytes, within_limit
from serverless_cloud.http.cors import Cors, is_preflight
from serverless_cloud.http.proxy_events import Arrival, function_url_event
from serverless_cloud.http.request import Request, Response
from serverless_cloud.lambda_.calling import FunctionGone, Functions

JSON = "application/json"
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_SIGNATURES = {  # what AWS says to a signature that is none of its
    sigv4.UNKNOWN_KEY: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    sigv4.WRONG: (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.",
    ),
}


@dataclass(frozen=True)
class FunctionUrl:
    """The configuration of a function URL.

    Args:
        id: the first label of its host name on AWS.
        function_arn: of the function, or of the alias that the URL belongs to.
        auth_type: "NONE" or "AWS_IAM".
    """

    id: str
    function_arn: str
    auth_type: str
    cors: Cors | None = None
    account_id: str = "123456789012"
    region: str = "us-east-1"


#: Raises `AccessDenied` unless the URL may be called: by anybody (None), or by the signer.
Allow = Callable[[FunctionUrl, sigv4.Signer | None], None]


class FunctionUrls:
    """Answers for all function URLs."""

    def __init__(self, functions: Functions, signer_of: sigv4.SignerOf, allow: Allow) -> None:
        self._functions, self._signer_of, self._allow = functions, signer_of, allow

    def answer(self, url: FunctionUrl, request: Request) -> Response:
        """A function URL's answer to a request."""
        arrival = Arrival(
            api_id=url.id,
            stage="$default",
            route="$default",
            path=request.raw_path,
            account_id="anonymous",
            region=url.region,
        )
        if url.cors is not None and is_preflight(request):
            response = url.cors.preflight(request, 200)
        else:
            response = self._called(url, request, arrival)
            response = url.cors.applied(request, response) if url.cors is not None else response
        ids = (("x-amzn-RequestId", arrival.request_id), ("X-Amzn-Trace-Id", f"{arrival.trace_id};Sampled=0"))
        return Response(response.status, (*response.headers, *ids), response.body)

    def _called(self, url: FunctionUrl, request: Request, arrival: Arrival) -> Response:
        try:
            who = sigv4.signer(request, "lambda", self._signer_of) if url.auth_type == "AWS_IAM" else None
            self._allow(url, who)
        except sigv4.BadSignature as error:
            kind, text = _SIGNATURES.get(error.kind, ("AccessDeniedException", FORBIDDEN))
            return _refused(403, kind, {"Message" if error.kind == sigv4.MISSING else "message": text})
        except AccessDenied:
            return _refused(403, "AccessDeniedException", {"Message": FORBIDDEN})
        if who is not None:
            arrival = dataclasses.replace(arrival, account_id=who.account_id, authorizer={"iam": who.as_context()})
        payload = event_bytes(function_url_event(request, arrival))
        if len(payload) > EVENT_BYTES:
            text = f"Request must be smaller than {EVENT_BYTES} bytes for the InvokeFunction operation"
            return _refused(413, "RequestEntityTooLargeException", {"Message": text})
        return self._invoked(url.function_arn, payload)

    def _invoked(self, arn: str, payload: bytes) -> Response:
        try:
            reply = within_limit(self._functions.invoke(arn, payload))
        except TooManyRequests as error:
            body = {"Reason": error.reason, "Type": "User", "message": "Rate Exceeded."}
            return _refused(429, "TooManyRequestsException", body)
        except FunctionGone:  # the alias was deleted; the URL stays
            return _refused(403, "AccessDeniedException", {"Message": FORBIDDEN})
        except CloudError as error:
            print(f"The function URL of {arn}: {error}", file=sys.stderr)
            return Response(502, (("Content-Type", JSON),), b"Internal Server Error")
        try:
            if not reply.function_error:
                return read_2_0(reply.payload).response(JSON)
            print(f"The function URL of {arn}: the function ended with an error: {reply.payload!r}", file=sys.stderr)
        except MalformedAnswer as error:
            print(f"The function URL of {arn}: the answer is malformed: {error}", file=sys.stderr)
        return Response(502, (("Content-Type", JSON),), b"Internal Server Error")


def _refused(status: int, kind: str, body: Mapping[str, str]) -> Response:
    headers = (("Content-Type", JSON), ("x-amzn-ErrorType", kind))
    return Response(status, headers, json.dumps(body, separators=(",", ":")).encode())

"""The front desk and the providers of services share these: an operation's caller, its request, and its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from serverless_cloud.core import constraints
from serverless_cloud.core.constraints import Dialect
from serverless_cloud.core.json_types import JsonObject


@dataclass(frozen=True)
class Caller:
    """Where a call is made, and by what address.

    Args:
        account_id, region: whose resources it is about.
        host_url: of the local cloud, as the client wrote it: "http://127.0.0.1:4566".
        trace: the header X-Amzn-Trace-Id; empty without one.
        access_key, token: the key that signs, with the session token that goes with it; empty without them.
    """

    account_id: str
    region: str
    host_url: str
    trace: str = ""
    access_key: str = ""
    token: str = ""


class ServiceError(Exception):
    """A service's refusal of a call.

    Args:
        code: as the service's first protocol has it. The front desk finds the name for JSON in the model.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


@dataclass(frozen=True)
class Request:
    """A request as an operation reads it.

    Args:
        protocol: "json", "query" or "rest-json".
        path: of its URL.
        body: of a request in JSON.
        values: of a query, or of the URL.
        labels: the parts of the path that stand for parameters, by their names in the model.
        headers: of a request whose model has parameters in headers.
    """

    protocol: str
    path: str
    body: bytes = b""
    values: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Provider:
    """A service: one method for each operation, with boto3's names for it and its parameters, after the `Caller`.

    Attributes:
        is_part: moto answers the operations that the provider lacks. Without it, the local cloud refuses them.
        dialect: the service's words for parameters that the model doesn't allow.
        invalid: the code of a query with a parameter that the model doesn't allow, or that can't be read.
        unknown_action: the message for a query whose action AWS doesn't have, with braces for the action's name;
            empty if `faults.py` has it.
    """

    is_part: ClassVar[bool] = False
    dialect: ClassVar[Dialect] = Dialect(most_shown=256, maps="keys and values")
    invalid: ClassVar[str] = "ValidationError"
    unknown_action: ClassVar[str] = ""

    def check(self, request: Request, shape: Any, parameters: JsonObject) -> None:
        """Adds parameters that the request has elsewhere, and checks all before the operation gets them.

        Args:
            shape: of the operation's input, in botocore's model.
            parameters: by the names of the model.

        Raises:
            ServiceError: they aren't as the model says.
        """
        if problems := constraints.violations(self.dialect, shape, parameters):
            code = self.invalid if request.protocol == "query" else "ValidationException"
            raise ServiceError(code, constraints.sentence(problems))

"""A REST API as a request finds it: a deployment's snapshot, and the stage that shows it.

Settings are kept as AWS's own JSON (GetMethod, GetStage and so on), so that no name has to be learnt twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
#: The URI of an integration or an authorizer with a function: its ARN is the group.
FUNCTION_URI = re.compile(r":lambda:path/[^/]+/functions/(.+)/invocations$")
#: The credentials of an integration that calls its function with the rights of the caller who signed the request.
CALLERS_CREDENTIALS = "arn:aws:iam::*:user/*"


@dataclass(frozen=True)
class Resource:
    """One path of an API.

    Args:
        id: "a1b2c3".
        path: "/orders/{id}".
        methods: by "GET" or "ANY", as GetMethod answers.
    """

    id: str
    path: str
    methods: Mapping[str, Json]


@dataclass(frozen=True)
class Deployment:
    """An API as it was when it was deployed.

    Args:
        models: schemas, JSON text, by the model's name.
        validators: as GetRequestValidator answers, by id.
        authorizers: as GetAuthorizer answers, by id.
        binary_media_types: whose bodies are passed on as bytes.
        api_key_source: "HEADER" or "AUTHORIZER".
    """

    id: str
    resources: tuple[Resource, ...]
    models: Mapping[str, str] = field(default_factory=dict)
    validators: Mapping[str, Json] = field(default_factory=dict)
    authorizers: Mapping[str, Json] = field(default_factory=dict)
    binary_media_types: tuple[str, ...] = ()
    api_key_source: str = "HEADER"

    def is_binary(self, content_type: str) -> bool:
        """Whether a body of this type is bytes (API Gateway Developer Guide, "Content type conversions")."""
        kind = content_type.split(";")[0].split(",")[0].strip().lower()
        media_types = {media_type.lower() for media_type in self.binary_media_types}
        return bool(kind) and (kind in media_types or "*/*" in media_types or kind.split("/")[0] + "/*" in media_types)


@dataclass(frozen=True)
class Stage:
    """A stage as it is now; changes take effect at once.

    Args:
        api_id, account_id, region: whose it is.
        name: "prod".
        deployment: what it shows.
        method_settings: as GetStage answers: by "*/*" or "~1orders/GET".
        has_cache: whether the cache cluster is on.
        plans: the usage plans of this stage, with the API keys that are in them.
    """

    api_id: str
    account_id: str
    region: str
    name: str
    deployment: Deployment
    variables: Mapping[str, str] = field(default_factory=dict)
    method_settings: Mapping[str, Json] = field(default_factory=dict)
    has_cache: bool = False
    plans: tuple[UsagePlan, ...] = ()

    def settings(self, resource: Resource, method: str) -> tuple[Json, bool]:
        """The settings of a method, and whether they are its own; else the ones of the whole stage."""
        own = f"{resource.path.replace('~', '~0').replace('/', '~1')}/{method}"
        for key in (own, own.replace("~1/", "/", 1)):
            if key in self.method_settings:
                return self.method_settings[key], True
        return self.method_settings.get("*/*", {}), False


@dataclass(frozen=True)
class ApiKey:
    """An API key in a usage plan."""

    id: str
    value: str
    enabled: bool


@dataclass(frozen=True)
class UsagePlan:
    """A usage plan, as far as it concerns one stage.

    Args:
        throttle: {"rateLimit", "burstLimit"} for each key; empty if there is none.
        method_throttles: the same by "/orders/GET", as apiStages has it.
        quota: {"limit", "offset", "period"}; empty if there is none.
    """

    id: str
    throttle: Json
    method_throttles: Mapping[str, Json]
    quota: Json
    keys: tuple[ApiKey, ...]

"""EventBridge's connections and API destinations, as far as their settings go: nothing is sent to an API destination.

A connection with OAuth stays AUTHORIZING, and its API destinations INACTIVE, because nothing here leaves the machine.

The patches and their reasons:

- `Connection.__init__`, `describe`, `describe_short`: states, times and the secret's name and content are AWS's.
  Answers leave out passwords and keys.
- `EventsBackend.create_connection`, `create_api_destination`: moto overwrites an older one of the same name, and takes
  destinations without a connection.
- `EventsBackend.update_connection`, `update_api_destination`: moto changes neither times nor the secret.
- `EventsBackend.describe_connection`, `describe_api_destination`: AWS's words if there is none of this name.
- `EventsBackend.delete_connection`: the state is AWS's.
- `EventsHandler.deauthorize_connection`: moto has none.
- `EventsHandler.list_connections`, `list_api_destinations`: moto ignores all parameters and leaves out fields.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from moto.core.utils import unix_time
from moto.events.exceptions import ResourceAlreadyExistsException, ResourceNotFoundException
from moto.events.models import Connection, Destination, EventsBackend, get_secrets_manager_backend
from moto.events.responses import EventsHandler
from moto.utilities.utils import CamelToUnderscoresWalker, get_partition

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.events.buses import page, without_nulls

patches = Service(
    "events", defect="engine/tests/events/test_answers_events.py::test_stock_moto_still_answers_otherwise"
)

DEFAULT_RATE = 300  # API reference, InvocationRateLimitPerSecond
_SECRETS = ("ApiKeyValue", "Password", "ClientSecret")
_TIMES = ("CreationTime", "LastModifiedTime", "LastAuthorizedTime")


@patches.replaces("moto.events.models:Connection.__init__")
def connection(
    connection: Any,
    name: str,
    account_id: str,
    region_name: str,
    description: str,
    authorization_type: str,
    auth_parameters: JsonObject,
) -> None:
    connection.name, connection.region, connection.description = name, region_name, description
    connection.account_id = account_id
    connection.authorization_type, connection.auth_parameters = authorization_type, auth_parameters
    connection.creation_time = unix_time()
    _authorize(connection)
    here = f"{get_partition(region_name)}:events:{region_name}:{account_id}"
    connection.arn = f"arn:{here}:connection/{name}/{uuid.uuid4()}"
    connection.secret_arn = (
        get_secrets_manager_backend(account_id, region_name)
        .create_managed_secret(
            service_name="events",
            secret_id=f"events!connection/{name}/{uuid.uuid4()}",
            secret_string=json.dumps(_secret(auth_parameters)),
            description=f"Auth parameters for EventBridge connection {name}",
        )
        .arn
    )


def _authorize(connection: Any) -> None:
    """A connection was created or updated. With OAuth, AWS would now ask the authorization endpoint for a token."""
    is_oauth = connection.authorization_type == "OAUTH_CLIENT_CREDENTIALS"
    connection.state = "AUTHORIZING" if is_oauth else "AUTHORIZED"
    connection.last_modified_time = connection.last_authorized_time = unix_time()


def _secret(parameters: JsonObject) -> JsonObject:
    """The text for Secrets Manager: all fields of the authorization side by side, and the parameters of each call."""
    flat: JsonObject = {}
    for name, value in parameters.items():
        if name == "ConnectivityParameters":  # where a private endpoint is, and no secret
            continue
        flat |= {name: value} if name == "InvocationHttpParameters" else value
    flat |= flat.pop("ClientParameters", {})
    made: JsonObject = CamelToUnderscoresWalker.parse(flat)
    return {name.replace("o_auth", "oauth"): value for name, value in made.items()}


def _told(value: Any) -> Any:
    """The parameters of an authorization without what must stay secret."""
    if isinstance(value, list):
        return [_told(each) for each in value]
    if not isinstance(value, dict):
        return value
    hidden = (*_SECRETS, "Value") if value.get("IsValueSecret") else _SECRETS
    return {name: _told(inner) for name, inner in value.items() if name not in hidden}


@patches.replaces("moto.events.models:Connection.describe")
def describe_connection(connection: Any) -> JsonObject:
    return without_nulls(
        {
            "ConnectionArn": connection.arn,
            "Name": connection.name,
            "Description": connection.description,
            "ConnectionState": connection.state,
            "AuthorizationType": connection.authorization_type,
            "SecretArn": connection.secret_arn,
            "AuthParameters": _told(connection.auth_parameters),
            "CreationTime": connection.creation_time,
            "LastModifiedTime": connection.last_modified_time,
            "LastAuthorizedTime": connection.last_authorized_time,
        }
    )


@patches.replaces("moto.events.models:Connection.describe_short")
def describe_connection_shortly(connection: Any) -> JsonObject:
    return _only(connection.describe(), "ConnectionArn", "ConnectionState", *_TIMES)


def _only(answer: JsonObject, *names: str) -> JsonObject:
    return {name: answer[name] for name in names if name in answer}


@patches.replaces("moto.events.models:EventsBackend.create_connection", upstream="A connection isn't overwritten.")
def create_connection(
    backend: EventsBackend, name: str, description: str, authorization_type: str, auth_parameters: JsonObject
) -> Connection:
    if name in backend.connections:
        raise ResourceAlreadyExistsException(f"Connection {name} already exists.")
    return create_connection.original(backend, name, description, authorization_type, auth_parameters)


@patches.replaces("moto.events.responses:EventsHandler.create_connection")
def answer_create_connection(response: EventsHandler) -> str:
    wanted = ("Name", "Description", "AuthorizationType", "AuthParameters")
    made = response.events_backend.create_connection(*[response._get_param(name) for name in wanted])
    answer = made.describe_short()
    answer.pop("LastAuthorizedTime", None)  # only CreateConnection leaves it out
    return json.dumps(answer)


@patches.replaces("moto.events.models:EventsBackend.update_connection", upstream="UpdateConnection changes the secret.")
def update_connection(backend: EventsBackend, name: str, **kwargs: Any) -> JsonObject:
    found: Any = _connection(backend, name)
    update_connection.original(backend, name=name, **kwargs)
    _authorize(found)
    if kwargs.get("auth_parameters"):
        secrets = get_secrets_manager_backend(backend.account_id, backend.region_name)
        text = json.dumps(_secret(found.auth_parameters))
        secrets.update_secret(found.secret_arn, secret_string=text, client_request_token=str(uuid.uuid4()))
    return found.describe_short()  # type: ignore[no-any-return]


@patches.replaces("moto.events.models:EventsBackend.delete_connection")
def delete_connection(backend: EventsBackend, name: str) -> JsonObject:
    found = _connection(backend, name)
    found.state = "DELETING"
    delete_connection.original(backend, name)
    return found.describe_short()


@patches.replaces(
    "moto.events.responses:EventsHandler.deauthorize_connection", expects="", upstream="DeauthorizeConnection exists."
)
def deauthorize_connection(response: EventsHandler) -> str:
    found = _connection(response.events_backend, response._get_param("Name"))
    found.state = "DEAUTHORIZED"
    return json.dumps(found.describe_short() | {"ConnectionState": "DEAUTHORIZING"})


@patches.replaces_each(
    "moto.events.models:EventsBackend", ("describe_connection", "describe_api_destination"), expects="self, name"
)
def _describe(patch: Patch[..., JsonObject], /, backend: EventsBackend, name: str) -> JsonObject:
    """Moto's answer, with AWS's words if nothing has this name."""
    kind = "connection" if patch.name == "describe_connection" else "api-destination"
    try:
        return patch.original(backend, name)
    except ResourceNotFoundException as error:
        raise ResourceNotFoundException(f"Failed to describe the {kind}(s). {error.message}") from error


def _connection(backend: EventsBackend, name: str) -> Connection:
    if name not in backend.connections:
        raise ResourceNotFoundException(f"Connection '{name}' does not exist.")
    return backend.connections[name]


def _destination(backend: EventsBackend, name: str) -> Destination:
    if name not in backend.destinations:
        raise ResourceNotFoundException(f"An api-destination '{name}' does not exist.")
    return backend.destinations[name]


@patches.replaces("moto.events.responses:EventsHandler.list_connections")
def list_connections(response: EventsHandler) -> str:
    prefix, state = response._get_param("NamePrefix") or "", response._get_param("ConnectionState")
    names = ("ConnectionArn", "Name", "ConnectionState", "AuthorizationType", *_TIMES)
    found = [
        _only(each.describe(), *names)
        for each in response.events_backend.list_connections()
        if each.name.startswith(prefix) and state in (None, each.state)
    ]
    return page(response, "Connections", found)


# ---- API destinations


@patches.replaces("moto.events.models:Destination.describe")
def describe_destination(destination: Any) -> JsonObject:
    return without_nulls(
        {
            "ApiDestinationArn": destination.arn,
            "Name": destination.name,
            "Description": destination.description,
            "ApiDestinationState": destination.state,
            "ConnectionArn": destination.connection_arn,
            "InvocationEndpoint": destination.invocation_endpoint,
            "HttpMethod": destination.http_method,
            "InvocationRateLimitPerSecond": destination.invocation_rate_limit_per_second,
            "CreationTime": destination.creation_time,
            "LastModifiedTime": getattr(destination, "last_modified_time", destination.creation_time),
        }
    )


@patches.replaces("moto.events.models:Destination.describe_short")
def describe_destination_shortly(destination: Any) -> JsonObject:
    return _only(destination.describe(), "ApiDestinationArn", "ApiDestinationState", "CreationTime", "LastModifiedTime")


@patches.replaces(
    "moto.events.models:EventsBackend.create_api_destination", upstream="An API destination has a connection."
)
def create_api_destination(
    backend: EventsBackend,
    name: str,
    description: str,
    connection_arn: str,
    invocation_endpoint: str,
    invocation_rate_limit_per_second: Any,
    http_method: str,
) -> JsonObject:
    if name in backend.destinations:
        raise ResourceAlreadyExistsException(f"An api-destination '{name}' already exists.")
    state = _state(backend, connection_arn)
    rate = invocation_rate_limit_per_second or DEFAULT_RATE
    create_api_destination.original(backend, name, description, connection_arn, invocation_endpoint, rate, http_method)
    backend.destinations[name].state = state
    return backend.destinations[name].describe_short()


def _state(backend: EventsBackend, connection_arn: str) -> str:
    """Of an API destination with this connection. Raises unless there is such a connection."""
    for each in backend.list_connections():
        if each.arn == connection_arn:
            return "ACTIVE" if each.state == "AUTHORIZED" else "INACTIVE"
    raise ResourceNotFoundException(f"Connection '{connection_arn.split('/')[-2]}' does not exist.")


@patches.replaces("moto.events.models:EventsBackend.update_api_destination")
def update_api_destination(backend: EventsBackend, name: str, **kwargs: Any) -> JsonObject:
    found: Any = _destination(backend, name)
    found.state = _state(backend, kwargs.get("connection_arn") or found.connection_arn)
    update_api_destination.original(backend, name=name, **kwargs)
    found.last_modified_time = unix_time()
    return found.describe_short()  # type: ignore[no-any-return]


@patches.replaces("moto.events.responses:EventsHandler.list_api_destinations")
def list_api_destinations(response: EventsHandler) -> str:
    prefix, connection_arn = response._get_param("NamePrefix") or "", response._get_param("ConnectionArn")
    found = [
        {name: value for name, value in each.describe().items() if name != "Description"}
        for each in response.events_backend.list_api_destinations()
        if each.name.startswith(prefix) and connection_arn in (None, each.connection_arn)
    ]
    return page(response, "ApiDestinations", found)

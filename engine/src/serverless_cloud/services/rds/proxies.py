"""DB proxies and their targets.

moto keeps names and settings, opens no port, drops InitQuery, DefaultAuthScheme and network types, clamps
IdleClientTimeout in silence, registers instances that do not exist, fails with KeyError for unknown names, and knows
neither ModifyDBProxy nor endpoints. A secret that changes reaches the proxies that use it.

The proxies are asked for their metrics when somebody looks, one datum for each metric and minute. They are published
under the dimension set ProxyName only. AWS has three more sets (EndpointName; TargetGroup with Target or TargetRole),
but moto's GetMetricStatistics takes any metric that has the wanted dimensions among its own, and would add them up.
AvailabilityPercentage, which AWS has only with TargetRole, is left out for that reason.

Ranges, error codes and defaults: botocore's model of RDS (1.44.8). The local cloud refuses what it doesn't support.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

from moto.cloudwatch.models import MetricDatum
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.rds.exceptions import (
    DBInstanceNotFoundError,
    DBProxyAlreadyExistsFault,
    DBProxyNotFoundFault,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBProxy, DBProxyTarget, DBProxyTargetGroup, rds_backends
from moto.rds.responses import RDSResponse
from moto.secretsmanager.models import SecretsManagerBackend

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import ANY, Patch, Service
from serverless_cloud.errors import CloudError
from serverless_cloud.plane import DataPlane
from serverless_cloud.rds_proxy.manager import Key, Order
from serverless_cloud.services.rds.proxy_rules import (
    change_pool,
    extended_protocol_pins,
    read_users,
    refuse_settings,
    valid_auth,
    valid_name,
)

patches = Service("rds")

HOST = "127.0.0.1"
_SECRET_CALLS = ("put_secret_value", "update_secret", "rotate_secret", "update_secret_version_stage", "delete_secret")


def connect(plane: DataPlane) -> None:
    """Publishes the metrics of proxies."""
    plane.metric_sources.append(_metrics)


@patches.replaces("moto.rds.responses:RDSResponse.create_db_proxy")
def create_db_proxy(response: RDSResponse) -> ActionResult:
    given, backend = response.params, response.backend
    name = valid_name(given["DBProxyName"])
    if name in backend.db_proxies:
        raise DBProxyAlreadyExistsFault(name)
    if given["EngineFamily"] != "POSTGRESQL":
        raise InvalidParameterValue(
            f"EngineFamily is {given['EngineFamily']}, but the local cloud runs only PostgreSQL. Give POSTGRESQL."
        )
    refuse_settings(given)
    auth = valid_auth(given.get("Auth") or [])
    passwords = read_users(auth)
    pins = extended_protocol_pins(given.get("Tags") or [])
    proxy = backend.create_db_proxy(
        db_proxy_name=name,
        engine_family="POSTGRESQL",
        auth=auth,
        role_arn=given["RoleArn"],
        vpc_subnet_ids=given["VpcSubnetIds"],
        vpc_security_group_ids=given.get("VpcSecurityGroupIds"),
        require_tls=given.get("RequireTLS", False),
        idle_client_timeout=given.get("IdleClientTimeout", 1800),
        debug_logging=given.get("DebugLogging", False),
        tags=given.get("Tags") or [],
    )
    proxy.endpoint, proxy.status = HOST, "creating"
    vars(proxy).update(
        default_auth_scheme="NONE",
        endpoint_network_type="IPV4",
        target_connection_network_type="IPV4",
        extended_protocol_pins=pins,
    )

    def ready() -> None:
        proxy.status = "available"

    current.plane.proxies.create(_key(proxy), _order(proxy, passwords), ready)
    return ActionResult({"DBProxy": proxy})


@patches.replaces("moto.rds.responses:RDSResponse.modify_db_proxy", expects="", upstream="ModifyDBProxy exists.")
def modify_db_proxy(response: RDSResponse) -> ActionResult:
    given = response.params
    proxy = _proxy(response)
    if given.get("NewDBProxyName", proxy.db_proxy_name) != proxy.db_proxy_name:
        raise InvalidParameterValue(
            "The local cloud doesn't rename proxies. Leave out NewDBProxyName, and create another proxy."
        )
    refuse_settings(given)
    auth = valid_auth(given["Auth"]) if "Auth" in given else proxy.auth
    passwords = read_users(auth)
    members = {
        "RequireTLS": "require_tls",
        "IdleClientTimeout": "idle_client_timeout",
        "DebugLogging": "debug_logging",
        "RoleArn": "role_arn",
        "SecurityGroups": "vpc_security_group_ids",
    }
    for member, attribute in members.items():
        if member in given:
            setattr(proxy, attribute, given[member])
    proxy.auth, proxy.updated_date = auth, utcnow()
    _configure(proxy, passwords)
    return ActionResult({"DBProxy": proxy})


@patches.replaces(
    "moto.rds.responses:RDSResponse.delete_db_proxy",
    upstream="An unknown proxy or target group is refused with its own fault.",
)
def delete_db_proxy(response: RDSResponse) -> ActionResult:
    proxy = _proxy(response)
    del response.backend.db_proxies[proxy.db_proxy_name]
    current.plane.proxies.delete(_key(proxy))
    proxy.status = "deleting"
    return ActionResult({"DBProxy": proxy})


@patches.replaces(
    "moto.rds.responses:RDSResponse.modify_db_proxy_target_group",
    upstream="An unknown proxy or target group is refused with its own fault.",
)
def modify_db_proxy_target_group(response: RDSResponse) -> ActionResult:
    proxy = _proxy(response)
    group = _group(response, proxy)
    if response.params.get("NewName", "default") != "default":
        raise InvalidParameterValue("The default target group can't be renamed. Leave out NewName.")
    change_pool(group, response.params.get("ConnectionPoolConfig") or {})
    group.updated_date = utcnow()
    _configure(proxy, read_users(proxy.auth, strict=False))
    return ActionResult({"DBProxyTargetGroup": group})


@patches.replaces("moto.rds.responses:RDSResponse.register_db_proxy_targets")
def register_db_proxy_targets(response: RDSResponse) -> ActionResult:
    proxy = _proxy(response)
    group = _group(response, proxy)
    if response.params.get("DBClusterIdentifiers"):
        raise InvalidParameterValue(
            "The local cloud doesn't have clusters. Leave out DBClusterIdentifiers, and give DBInstanceIdentifiers."
        )
    wanted = response.params.get("DBInstanceIdentifiers") or []
    if len(wanted) != 1:
        raise InvalidParameterValue(
            f"DBInstanceIdentifiers has {len(wanted)} members. Give exactly one DB instance, because a proxy has "
            "one target."
        )
    identifier = wanted[0].lower()
    if identifier not in response.backend.databases:
        raise DBInstanceNotFoundError(wanted[0])
    if group.targets:
        raise RDSClientError(
            "DBProxyTargetAlreadyRegisteredFault",
            f"The proxy {proxy.db_proxy_name} already has the target {group.targets[0].rds_resource_id}. "
            "Deregister it first.",
        )
    target = DBProxyTarget(response.backend, identifier, None, "RDS_INSTANCE")
    group.targets.append(target)
    _configure(proxy, read_users(proxy.auth, strict=False))
    return ActionResult({"DBProxyTargets": [_target_row(proxy, target)]})


@patches.replaces("moto.rds.responses:RDSResponse.deregister_db_proxy_targets")
def deregister_db_proxy_targets(response: RDSResponse) -> ActionResult:
    proxy = _proxy(response)
    group = _group(response, proxy)
    wanted = {n.lower() for n in response.params.get("DBInstanceIdentifiers") or []}
    wanted |= {n.lower() for n in response.params.get("DBClusterIdentifiers") or []}
    there = {t.rds_resource_id for t in group.targets}
    if unknown := wanted - there or ({"(none)"} if not wanted else set()):
        raise RDSClientError(
            "DBProxyTargetNotFoundFault",
            f"{', '.join(sorted(unknown))} is not a target of {proxy.db_proxy_name}. Its targets: {sorted(there)}.",
        )
    group.targets = [t for t in group.targets if t.rds_resource_id not in wanted]
    _configure(proxy, read_users(proxy.auth, strict=False))
    return EmptyResult()


@patches.replaces("moto.rds.responses:RDSResponse.describe_db_proxy_targets")
def describe_db_proxy_targets(response: RDSResponse) -> ActionResult:
    proxy = _proxy(response)
    rows = [_target_row(proxy, target) for target in _group(response, proxy).targets]
    return ActionResult({"Targets": rows})


@patches.replaces("moto.rds.responses:RDSResponse.describe_db_proxy_target_groups")
def describe_db_proxy_target_groups(response: RDSResponse) -> ActionResult:
    return ActionResult({"TargetGroups": [_group(response, _proxy(response))]})


@patches.replaces(
    "moto.rds.responses:RDSResponse.describe_db_proxy_endpoints",
    expects="",
    upstream="DescribeDBProxyEndpoints exists.",
)
def describe_db_proxy_endpoints(response: RDSResponse) -> ActionResult:
    # Endpoints that the user makes; whether AWS lists the default one as well was not found in its documentation.
    if "DBProxyName" in response.params:
        _proxy(response)
    if endpoint := response.params.get("DBProxyEndpointName"):
        raise RDSClientError("DBProxyEndpointNotFoundFault", f"There is no DB proxy endpoint {endpoint}.")
    return ActionResult({"DBProxyEndpoints": []})


@patches.replaces("moto.rds.responses:RDSResponse.create_db_proxy_endpoint", expects="")
def create_db_proxy_endpoint(_: RDSResponse) -> ActionResult:
    raise InvalidParameterValue(
        "The local cloud doesn't support create_db_proxy_endpoint. Use the proxy's default endpoint."
    )


@patches.replaces_each("moto.secretsmanager.models:SecretsManagerBackend", _SECRET_CALLS, expects=ANY)
def _tell_proxies(patch: Patch[..., object], /, secrets: SecretsManagerBackend, *args: object, **kw: object) -> object:
    answer = patch.original(secrets, *args, **kw)
    backend = rds_backends[secrets.account_id][secrets.region_name]
    for proxy in list(backend.db_proxies.values()):
        with contextlib.suppress(CloudError):
            current.plane.proxies.change_users(_key(proxy), read_users(proxy.auth, strict=False))
    return answer


def _key(proxy: DBProxy) -> Key:
    return proxy.account_id, proxy.region, proxy.db_proxy_name.lower()


def _proxy(response: RDSResponse) -> DBProxy:
    name = response.params["DBProxyName"]
    try:
        return response.backend.db_proxies[name]
    except KeyError:
        raise DBProxyNotFoundFault(name) from None


def _group(response: RDSResponse, proxy: DBProxy) -> DBProxyTargetGroup:
    name = response.params.get("TargetGroupName", "default")
    try:
        return proxy.proxy_target_groups[name]
    except KeyError:
        text = f"The proxy {proxy.db_proxy_name} has no target group {name}. Its only target group is default."
        raise RDSClientError("DBProxyTargetGroupNotFoundFault", text) from None


def _order(proxy: DBProxy, users: dict[str, str]) -> Order:
    group = proxy.proxy_target_groups["default"]
    settings = {
        "name": proxy.db_proxy_name,
        "idle_client_timeout_s": int(proxy.idle_client_timeout),
        "require_tls": bool(proxy.require_tls),
        "extended_protocol_pins": vars(proxy)["extended_protocol_pins"],
        "debug_logging": bool(proxy.debug_logging),
        "users": users,
        "pool": {
            "max_connections_percent": int(group.max_connections),
            "max_idle_connections_percent": int(group.max_idle_connections),
            "borrow_timeout_s": int(group.borrow_timeout),
            "init_query": getattr(group, "init_query", ""),
            "session_pinning_filters": [],
        },
    }
    return Order(settings, group.targets[0].rds_resource_id if group.targets else None)


def _configure(proxy: DBProxy, users: dict[str, str]) -> None:
    try:
        current.plane.proxies.configure(_key(proxy), _order(proxy, users))
    except CloudError as error:
        raise RDSClientError("InvalidDBProxyStateFault", str(error)) from error


@patches.replaces(
    "moto.rds.models:DBProxyTargetGroup.connection_pool_config",
    kind="property",
    upstream="A target group keeps InitQuery.",
)
def connection_pool_config(group: DBProxyTargetGroup) -> JsonObject:
    return {
        "MaxConnectionsPercent": group.max_connections,
        "MaxIdleConnectionsPercent": group.max_idle_connections,
        "ConnectionBorrowTimeout": group.borrow_timeout,
        "SessionPinningFilters": [],
        "InitQuery": getattr(group, "init_query", ""),
    }


def _target_row(proxy: DBProxy, target: DBProxyTarget) -> JsonObject:
    where = current.plane.proxies.target(_key(proxy))
    row = {
        "RdsResourceId": target.rds_resource_id,
        "TargetArn": f"arn:aws:rds:{proxy.region}:{proxy.account_id}:db:{target.rds_resource_id}",
        "Type": "RDS_INSTANCE",
        "Role": "READ_WRITE",
        "TargetHealth": _health(proxy, where),
    }
    return row | ({"Endpoint": where["host"], "Port": where["port"]} if where else {})


def _health(proxy: DBProxy, where: JsonObject | None) -> dict[str, str]:
    process = current.plane.proxies.get(*_key(proxy))
    if not read_users(proxy.auth, strict=False):
        return _unavailable("AUTH_FAILURE", "None of the proxy's secrets contains a username and a password.")
    if where is None:
        return _unavailable("UNREACHABLE", "The DB instance is not available.")
    if process is None or not process.port:
        return {"State": "REGISTERING"}
    try:
        state = process.answer("metrics")["target"]
    except CloudError as error:
        return _unavailable("PENDING_PROXY_CAPACITY", str(error))
    if state == "AVAILABLE":
        return {"State": "AVAILABLE"}
    return _unavailable("CONNECTION_FAILED", "The proxy has no connection to the DB instance.")


def _unavailable(reason: str, description: str) -> dict[str, str]:
    return {"State": "UNAVAILABLE", "Reason": reason, "Description": description}


def _metrics(account: str, region: str) -> list[MetricDatum]:
    """The metrics of all proxies of an account and Region."""
    return [datum for name in current.plane.proxies.names(account, region) for datum in _data(account, region, name)]


def _data(account: str, region: str, name: str) -> list[MetricDatum]:
    proxy = current.plane.proxies.get(account, region, name)
    minutes: list[JsonObject] = []
    with contextlib.suppress(CloudError):  # it has ended: there is nothing to tell
        minutes = proxy.answer("metrics")["minutes"] if proxy is not None and proxy.port else []
    return [
        MetricDatum(
            "AWS/RDS",
            metric,
            float(value),
            [{"Name": "ProxyName", "Value": name}],
            # moto compares with times without a zone
            datetime.fromtimestamp(minute["minute"] * 60, UTC).replace(tzinfo=None),
            "Microseconds" if metric.endswith("Latency") else "Count",
        )
        for minute in minutes
        for metric, value in minute["values"].items()
    ]

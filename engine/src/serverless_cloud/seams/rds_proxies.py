"""Seam: DB proxies and their targets (moto 5.2.5).

Replaced here: the calls of RDS Proxy on `RDSResponse`. moto keeps names and settings, opens no port, drops InitQuery,
DefaultAuthScheme and network types, clamps IdleClientTimeout in silence, registers instances that do not exist, fails
with KeyError for unknown names, and knows neither ModifyDBProxy nor endpoints. `SecretsManagerBackend`: a secret that
changes reaches the proxies that use it.

`CloudWatchBackend.aws_metric_data`, moto's own place for metrics that AWS services publish: the proxies are asked for
theirs when somebody looks, one datum for each metric and minute. They are published under the dimension set ProxyName
only. AWS has three more sets (EndpointName; TargetGroup with Target or TargetRole), but moto's GetMetricStatistics
takes any metric that has the wanted dimensions among its own, and would add them up. AvailabilityPercentage, which AWS
has only with TargetRole, is left out for that reason.

Ranges, error codes and defaults: botocore's model of RDS (1.44.8). The local cloud refuses what it doesn't support.

Worth an upstream change: ModifyDBProxy, DescribeDBProxyEndpoints, the faults for unknown names.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.rds import models
from moto.rds.exceptions import (
    DBInstanceNotFoundError,
    DBProxyAlreadyExistsFault,
    DBProxyNotFoundFault,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.responses import RDSResponse
from moto.secretsmanager.models import SecretsManagerBackend

from serverless_cloud.errors import CloudError
from serverless_cloud.plane import DataPlane
from serverless_cloud.rds_proxy.manager import Key, Order, Proxies
from serverless_cloud.seams.rds_proxy_rules import (
    change_pool,
    extended_protocol_pins,
    read_users,
    refuse_settings,
    valid_auth,
    valid_name,
)
from serverless_cloud.seams.replacement import Replacement

HOST = "127.0.0.1"
_SECRET_CALLS = ("put_secret_value", "update_secret", "rotate_secret", "update_secret_version_stage", "delete_secret")


def install(plane: DataPlane) -> None:
    """Replaces moto's calls with ours."""
    _Calls.install(proxies=plane.proxies)
    _Metrics.install()
    group_class: Any = models.DBProxyTargetGroup
    group_class.connection_pool_config = property(_pool_config)
    for name in _SECRET_CALLS:
        _tell_proxies_after(name)


class _Calls(Replacement, of=RDSResponse):
    proxies: Proxies

    def create_db_proxy(self: Any) -> Any:
        given, backend = self.params, self.backend
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
        proxy.endpoint, proxy.status, proxy.default_auth_scheme = HOST, "creating", "NONE"
        proxy.endpoint_network_type = proxy.target_connection_network_type = "IPV4"
        proxy.extended_protocol_pins = pins

        def ready() -> None:
            proxy.status = "available"

        _Calls.proxies.create(_key(proxy), _order(proxy, passwords), ready)
        return ActionResult({"DBProxy": proxy})

    def modify_db_proxy(self: Any) -> Any:
        given = self.params
        proxy = _proxy(self)
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

    def delete_db_proxy(self: Any) -> Any:
        proxy = _proxy(self)
        del self.backend.db_proxies[proxy.db_proxy_name]
        _Calls.proxies.delete(_key(proxy))
        proxy.status = "deleting"
        return ActionResult({"DBProxy": proxy})

    def modify_db_proxy_target_group(self: Any) -> Any:
        proxy = _proxy(self)
        group = _group(self, proxy)
        if self.params.get("NewName", "default") != "default":
            raise InvalidParameterValue("The default target group can't be renamed. Leave out NewName.")
        change_pool(group, self.params.get("ConnectionPoolConfig") or {})
        group.updated_date = utcnow()
        _configure(proxy, read_users(proxy.auth, strict=False))
        return ActionResult({"DBProxyTargetGroup": group})

    def register_db_proxy_targets(self: Any) -> Any:
        proxy = _proxy(self)
        group = _group(self, proxy)
        if self.params.get("DBClusterIdentifiers"):
            raise InvalidParameterValue(
                "The local cloud doesn't have clusters. Leave out DBClusterIdentifiers, and give DBInstanceIdentifiers."
            )
        wanted = self.params.get("DBInstanceIdentifiers") or []
        if len(wanted) != 1:
            raise InvalidParameterValue(
                f"DBInstanceIdentifiers has {len(wanted)} members. Give exactly one DB instance, because a proxy has "
                "one target."
            )
        identifier = wanted[0].lower()
        if identifier not in self.backend.databases:
            raise DBInstanceNotFoundError(wanted[0])
        if group.targets:
            raise RDSClientError(
                "DBProxyTargetAlreadyRegisteredFault",
                f"The proxy {proxy.db_proxy_name} already has the target {group.targets[0].rds_resource_id}. "
                "Deregister it first.",
            )
        target = models.DBProxyTarget(self.backend, identifier, None, "RDS_INSTANCE")
        group.targets.append(target)
        _configure(proxy, read_users(proxy.auth, strict=False))
        return ActionResult({"DBProxyTargets": [_target_row(proxy, target)]})

    def deregister_db_proxy_targets(self: Any) -> Any:
        proxy = _proxy(self)
        group = _group(self, proxy)
        wanted = {n.lower() for n in self.params.get("DBInstanceIdentifiers") or []}
        wanted |= {n.lower() for n in self.params.get("DBClusterIdentifiers") or []}
        there = {t.rds_resource_id for t in group.targets}
        if unknown := wanted - there or ({"(none)"} if not wanted else set()):
            raise RDSClientError(
                "DBProxyTargetNotFoundFault",
                f"{', '.join(sorted(unknown))} is not a target of {proxy.db_proxy_name}. Its targets: {sorted(there)}.",
            )
        group.targets = [t for t in group.targets if t.rds_resource_id not in wanted]
        _configure(proxy, read_users(proxy.auth, strict=False))
        return EmptyResult()

    def describe_db_proxy_targets(self: Any) -> Any:
        proxy = _proxy(self)
        rows = [_target_row(proxy, target) for target in _group(self, proxy).targets]
        return ActionResult({"Targets": rows})

    def describe_db_proxy_target_groups(self: Any) -> Any:
        return ActionResult({"TargetGroups": [_group(self, _proxy(self))]})

    def describe_db_proxy_endpoints(self: Any) -> Any:
        # Endpoints that the user makes; whether AWS lists the default one as well was not found in its documentation.
        if "DBProxyName" in self.params:
            _proxy(self)
        if endpoint := self.params.get("DBProxyEndpointName"):
            raise RDSClientError("DBProxyEndpointNotFoundFault", f"There is no DB proxy endpoint {endpoint}.")
        return ActionResult({"DBProxyEndpoints": []})

    def create_db_proxy_endpoint(self: Any) -> Any:
        raise InvalidParameterValue(
            "The local cloud doesn't support create_db_proxy_endpoint. Use the proxy's default endpoint."
        )


def _tell_proxies_after(name: str) -> None:
    original = getattr(SecretsManagerBackend, name)

    def call(self: Any, *args: Any, **more: Any) -> Any:
        answer = original(self, *args, **more)
        backend = models.rds_backends[self.account_id][self.region_name]
        for proxy in list(backend.db_proxies.values()):
            with contextlib.suppress(CloudError):
                _Calls.proxies.change_users(_key(proxy), read_users(proxy.auth, strict=False))
        return answer

    setattr(SecretsManagerBackend, name, call)


def _key(proxy: Any) -> Key:
    return proxy.account_id, proxy.region, proxy.db_proxy_name.lower()


def _proxy(response: Any) -> Any:
    name = response.params["DBProxyName"]
    try:
        return response.backend.db_proxies[name]
    except KeyError:
        raise DBProxyNotFoundFault(name) from None


def _group(response: Any, proxy: Any) -> Any:
    name = response.params.get("TargetGroupName", "default")
    try:
        return proxy.proxy_target_groups[name]
    except KeyError:
        text = f"The proxy {proxy.db_proxy_name} has no target group {name}. Its only target group is default."
        raise RDSClientError("DBProxyTargetGroupNotFoundFault", text) from None


def _order(proxy: Any, users: dict[str, str]) -> Order:
    group = proxy.proxy_target_groups["default"]
    settings = {
        "name": proxy.db_proxy_name,
        "idle_client_timeout_s": int(proxy.idle_client_timeout),
        "require_tls": bool(proxy.require_tls),
        "extended_protocol_pins": proxy.extended_protocol_pins,
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


def _configure(proxy: Any, users: dict[str, str]) -> None:
    try:
        _Calls.proxies.configure(_key(proxy), _order(proxy, users))
    except CloudError as error:
        raise RDSClientError("InvalidDBProxyStateFault", str(error)) from error


def _pool_config(group: Any) -> dict[str, Any]:
    return {
        "MaxConnectionsPercent": group.max_connections,
        "MaxIdleConnectionsPercent": group.max_idle_connections,
        "ConnectionBorrowTimeout": group.borrow_timeout,
        "SessionPinningFilters": [],
        "InitQuery": getattr(group, "init_query", ""),
    }


def _target_row(proxy: Any, target: Any) -> dict[str, Any]:
    where = _Calls.proxies.target(_key(proxy))
    row = {
        "RdsResourceId": target.rds_resource_id,
        "TargetArn": f"arn:aws:rds:{proxy.region}:{proxy.account_id}:db:{target.rds_resource_id}",
        "Type": "RDS_INSTANCE",
        "Role": "READ_WRITE",
        "TargetHealth": _health(proxy, where),
    }
    return row | ({"Endpoint": where["host"], "Port": where["port"]} if where else {})


def _health(proxy: Any, where: dict[str, Any] | None) -> dict[str, str]:
    process = _Calls.proxies.get(*_key(proxy))
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


class _Metrics(Replacement, of=CloudWatchBackend):
    @property
    def aws_metric_data(self: Any) -> list[Any]:
        found = list(_Metrics.moto.aws_metric_data.fget(self))
        for name in _Calls.proxies.names(self.account_id, self.region_name):
            found += _data(self.account_id, self.region_name, name)
        return found


def _data(account: str, region: str, name: str) -> list[Any]:
    proxy = _Calls.proxies.get(account, region, name)
    minutes: list[dict[str, Any]] = []
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

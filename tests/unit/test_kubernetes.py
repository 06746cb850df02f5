"""The class on Kubernetes gives no student a right over others, in JupyterHub's own reading of the values."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from serverless_first.course.places import course_root

pytest.importorskip("jupyterhub", reason="needs JupyterHub")

from jupyterhub import orm, roles
from jupyterhub.auth import DummyAuthenticator
from jupyterhub.scopes import expand_scopes
from traitlets.config import Config

STUDENTS = ("student-1", "student-2")
STRANGERS = ("instructor", "admin", "root", "student-3")
#: Scopes that let somebody act as another, read another's files, or give out rights.
POWER = ("access:", "tokens", "read:tokens", "users", "admin:", "servers", "groups", "services", "shares", "proxy")


@pytest.fixture
def values() -> dict[str, Any]:
    """What the chart reads."""
    read: dict[str, Any] = yaml.safe_load((course_root() / "deploy" / "kubernetes" / "values.yaml").read_text("utf-8"))
    return read


def _authenticator(values: dict[str, Any]) -> DummyAuthenticator:
    """Any sign-in, with the rules of the values for who gets in and who is an administrator."""
    authenticator = DummyAuthenticator(config=Config({"Authenticator": values["hub"]["config"]["Authenticator"]}))
    for names in ("allowed_users", "admin_users"):  # as the hub does at its start
        setattr(authenticator, names, {name.lower() for name in getattr(authenticator, names)})
    return authenticator


def _sign_in(values: dict[str, Any], name: str) -> dict[str, Any] | None:
    authenticator = _authenticator(values)
    model: dict[str, Any] | None = asyncio.run(
        authenticator.get_authenticated_user(None, {"username": name, "password": ""})
    )
    return model


def test_only_the_people_on_the_list_get_in_and_nobody_as_jupyterhub_s_administrator(values: dict[str, Any]) -> None:
    for name in (*STUDENTS, "administrator"):
        model = _sign_in(values, name)
        assert model is not None
        assert (model["name"], model["admin"]) == (name, None)
    assert [_sign_in(values, name) for name in STRANGERS] == [None] * len(STRANGERS)


def test_no_shared_password_lets_a_student_take_another_name(values: dict[str, Any]) -> None:
    config = values["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == "generic-oauth"
    assert not [name for name in config if "Dummy" in name or "SharedPassword" in name]
    assert "password" not in yaml.safe_dump(values).lower()
    for key in ("authorize_url", "token_url", "userdata_url", "oauth_callback_url"):
        assert urlsplit(config["GenericOAuthenticator"][key]).scheme == "https"


def _scopes(values: dict[str, Any], name: str) -> frozenset[str]:
    """The scopes of a user, once JupyterHub has loaded its default roles and then the roles of the values."""
    session = orm.new_session_factory("sqlite:///:memory:")()
    user = orm.User(name=name)
    session.add(user)
    session.commit()
    for role in roles.get_default_roles():
        roles.create_role(session, role)
    roles.assign_default_roles(session, entity=user)
    for role_name, role in values["hub"]["loadRoles"].items():
        rights = {key: value for key, value in role.items() if key != "users"}
        roles.create_role(session, {"name": role_name} | rights)
        if name in [user.lower() for user in role.get("users", [])]:
            roles.grant_role(session, user, role_name)
    return frozenset(scope for role in user.roles for scope in expand_scopes(role.scopes, owner=user))


def test_no_student_has_a_right_over_others(values: dict[str, Any]) -> None:
    for name in STUDENTS:
        scopes = _scopes(values, name)
        assert scopes
        assert {scope for scope in scopes if not scope.endswith(f"!user={name}")} == set()


def test_the_administrator_stops_servers_and_opens_none(values: dict[str, Any]) -> None:
    own = "!user=administrator"
    others = {scope for scope in _scopes(values, "administrator") if not scope.endswith(own)}
    assert {"list:users", "delete:servers", "admin-ui"} <= others
    assert not [scope for scope in others if scope.startswith(POWER)]


def test_each_server_has_its_own_origin(values: dict[str, Any]) -> None:
    host = urlsplit(values["hub"]["config"]["JupyterHub"]["subdomain_host"])
    name = host.netloc
    assert host.scheme == "https"
    assert values["ingress"]["enabled"]
    assert values["ingress"]["hosts"] == [name, f"*.{name}"]
    assert values["ingress"]["tls"][0]["hosts"] == [name, f"*.{name}"]
    assert values["proxy"]["service"]["type"] == "ClusterIP"

"""JupyterHub's configuration for a class; JupyterHub runs this file. The plan in the class's folder fills it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import tornado.httpserver
from traitlets.config import get_config

from serverless_first.teach.board.addresses import in_an_address
from serverless_first.teach.classroom import plan, roll
from serverless_first.teach.classroom.held_server import HeldServer
from serverless_first.teach.classroom.sign_in import CodeAuthenticator, first_page
from serverless_first.teach.classroom.spawner import SeatSpawner

the = plan.load(Path(os.environ[plan.VARIABLE]))
people = roll.load(the.folder)
hub_port, proxy_port = the.ports
place = the.place
data = the.folder / "hub"
run = [sys.executable, "-m"]
marked = {plan.VARIABLE: str(the.folder)}  # by which a helper is found that has outlived the hub
c = get_config()
# JupyterHub's settings can neither limit requests nor share a port with the class.
tornado.httpserver.HTTPServer = HeldServer  # type: ignore[misc]

c.JupyterHub.bind_url = f"http://{in_an_address(place.host)}:{place.port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = f"sqlite:///{data / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(data / "cookie_secret")
c.JupyterHub.cookie_max_age_days = 1
c.JupyterHub.cleanup_servers = True
c.JupyterHub.cleanup_proxy = True
c.JupyterHub.extra_log_file = ""
if not place.shared_origin:
    c.JupyterHub.subdomain_host = place.address
    c.JupyterHub.hub_routespec = f"{urlsplit(place.address).hostname}/"  # the hub has no page under a seat's name
    # Browsers send such a cookie only to this name and only over TLS. A seat cannot set one for the hub.
    c.JupyterHub.cookie_host_prefix_enabled = place.address.startswith("https:")
c.ConfigurableHTTPProxy.command = [*run, "serverless_first.teach.classroom.proxy", "--strays-to", place.address]
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = str(data / "proxy.pid")

c.JupyterHub.authenticator_class = CodeAuthenticator
c.JupyterHub.default_url = first_page
c.JupyterHub.template_paths = [str(Path(__file__).with_name("templates"))]
c.CodeAuthenticator.folder = str(the.folder)
c.Authenticator.allow_all = True  # anyone with a code; there is no other way in
c.Authenticator.auth_refresh_age = 60
c.Authenticator.refresh_pre_spawn = True

c.JupyterHub.spawner_class = SeatSpawner
c.Spawner.ip = "127.0.0.1"
# Where programs are found, which letters there are, and what the instructor has set for the course. Nothing else: the
# hub's environment holds the proxy's token, and perhaps the instructor's keys.
c.Spawner.env_keep = [
    *("JUPYTERHUB_SINGLEUSER_APP", "PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "LANG", "LC_ALL", "LC_CTYPE", "TZ"),
    *("PYTHONUTF8", "SERVERLESS_FIRST_ROOT", "SERVERLESS_FIRST_POSTGRES"),
]
# A busy machine starts twenty servers in minutes, not seconds, and each asks the hub some things.
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.LocalProcessSpawner.interrupt_timeout = 15
c.LocalProcessSpawner.term_timeout = 5
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 20}
c.JupyterHub.init_spawners_timeout = 30

c.JupyterHub.load_roles = [
    {"name": "admin", "users": []},  # nobody may do everything, whatever an earlier class has stored
    {
        "name": "administrator",
        "description": "Sees who is there and stops servers, but cannot open anyone's files",
        "scopes": ["admin-ui", "list:users", "read:users:activity", "read:servers", "delete:servers"],
        "users": [roll.ADMINISTRATOR],
    },
    {
        "name": "culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["culler"],
    },
]
c.JupyterHub.services = [
    {
        "name": "culler",
        "command": [
            *run,
            "jupyterhub_idle_culler",
            f"--timeout={the.idle_s}",
            f"--cull-every={max(10, the.idle_s // 6)}",
        ],
        "environment": marked,
    },
    {
        # Without a url, so not behind the hub's proxy: there it would share an origin with what students' servers send.
        "name": "board",
        "command": [
            *(*run, "serverless_first.cli", "board", "--no-token", "--held"),
            *("--host", place.host, "--port", str(place.board_port)),
            *("--prefix", plan.PREFIX, "--folder", str(the.board), "--students", str(data / "names.csv")),
        ],
        "cwd": str(the.folder),
        "environment": marked | {name: os.environ[name] for name in ("SERVERLESS_FIRST_ROOT",) if name in os.environ},
    },
]

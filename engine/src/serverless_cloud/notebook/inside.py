"""Calls that a running local cloud offers a notebook beyond AWS's own: to look inside, and to save work."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serverless_cloud.errors import CloudError, CloudNotRunning, advice
from serverless_cloud.lambda_ import course_layers as layers
from serverless_cloud.notebook import burst, other_clouds, progress
from serverless_cloud.notebook.watch import DatabaseWatch
from serverless_cloud.records import CallResult, DatabaseSession, ExecutionEnvironment, Interval, ProxyEvent
from serverless_cloud.view.moment import Moment

if TYPE_CHECKING:
    from serverless_cloud.view.widget import LiveView

# The local cloud talks to itself without any proxy, whatever the machine's settings are.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Inside:
    """The calls of `Cloud` that reach into the local cloud; its attributes are described there."""

    endpoint_url: str
    region: str
    target: str | None
    _view: LiveView | None = None
    _shared: bool | None = None  # whether the target is a local cloud that somebody else has started; None: not asked

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        raise NotImplementedError

    def environments(self, function: str | None = None) -> list[ExecutionEnvironment]:
        """The execution environments of a function, oldest first; of all functions without a name.

        Environments that have ended are included, with state "ended".

        Raises:
            CloudNotRunning: the local cloud was stopped.
            CloudError: a target replaces the local cloud, and only the local cloud can look inside.
        """
        return [
            ExecutionEnvironment(
                created=datetime.fromtimestamp(row.pop("created_s"), UTC),
                last_used=datetime.fromtimestamp(row.pop("last_used_s"), UTC),
                memory=round(row.pop("memory_mb"), 1),
                **row,
            )
            for row in self._call("GET", "environments", function=function)
        ]

    def timeline(self, function: str) -> list[Interval]:
        """The phases of each environment of a function, with their times: "init", "invoke", "frozen".

        Raises:
            CloudNotRunning, CloudError: as for `environments`.
        """
        return [Interval(**row) for row in self._call("GET", "timeline", function=function)]

    def now(self) -> Moment:
        """Everything that runs at this moment: environments, messages, database connections, executions.

        Raises:
            CloudNotRunning, CloudError: as for `environments`.
        """
        moment: Moment = self._call("GET", "now")
        return moment

    def show(self) -> LiveView:
        """A live view of what runs. `display` it before what you want to watch, or make it the last line of a cell.

        It follows environments, queues, database connections and executions, and ends with the first cell in which
        something changes. A recording of the last five minutes then takes its place. You can play it and step through
        it, also when no kernel runs. A view also ends when the next one begins. `aws.show().save("burst.html")` writes
        the recording as one file, to send to a friend.

        Raises:
            CloudNotRunning, CloudError: as for `environments`; CloudError also if anywidget isn't installed.
        """
        try:  # late, because only notebooks need anywidget
            from serverless_cloud.view.widget import LiveView
        except ImportError as error:
            raise CloudError(
                "aws.show() needs the package anywidget. Install it, or run `serverless-cloud --view` for the same "
                "view in a browser tab."
            ) from error
        if self._view is not None:
            self._view.stop()
        self._view = LiveView(self.now, self._view.history if self._view else ())
        return self._view

    def database_address(self, identifier: str) -> tuple[str, int]:
        """The host and the port of an RDS instance or an RDS proxy. AWS's Endpoint of a proxy doesn't have a port.

        Args:
            identifier: its DBInstanceIdentifier or DBProxyName.

        Raises:
            CloudError: nothing has this name, or it is not available yet; also as for `environments`.
            CloudNotRunning: as for `environments`.
        """
        if not self._looks_inside:
            self._require_running()
            return other_clouds.database_address(identifier)
        host, port = self._call("GET", "database", identifier=identifier)
        return host, port

    def local_url(self, url: str) -> str:
        """The address of an API or a function URL on this machine.

        On AWS you build the address of a REST API from its id. Here each API listens on a port of 127.0.0.1.

        Args:
            url: the address on AWS, "https://ID.execute-api.us-east-1.amazonaws.com/prod/orders", or an API's id.

        Returns:
            The same with the host replaced: "http://127.0.0.1:40123/prod/orders".

        Raises:
            CloudError: no API of this cloud has this address; also as for `environments`.
            CloudNotRunning: as for `environments`.
        """
        if self.target == "aws" and "://" in url:
            return url
        return str(self._call("GET", "url", url=url))

    def proxy_events(self, name: str, after: int = 0) -> list[ProxyEvent]:
        """The events of an RDS proxy, the oldest first. It keeps the last 20,000 events.

        Args:
            name: its DBProxyName.
            after: only events with a greater number.

        Raises:
            CloudError: nothing has this name, or it does not answer; also as for `environments`.
            CloudNotRunning: as for `environments`.
        """
        return [ProxyEvent(**row) for row in self._call("GET", "proxy-events", name=name, after=str(after))]

    def database_sessions(self, identifier: str) -> list[DatabaseSession]:
        """The clients that are logged in to an RDS instance now, the longest first. On AWS, look at its monitoring.

        It logs in as RDS's own superuser, so it doesn't take a seat from anybody, and it works even if the instance
        refuses everybody else.

        Args:
            identifier: its DBInstanceIdentifier.

        Raises:
            CloudError: nothing has this name, or it is not available; also as for `environments`.
            CloudNotRunning: as for `environments`.
        """
        return [DatabaseSession(**row) for row in self._call("GET", "database-sessions", identifier=identifier)]

    def watch_database(self, identifier: str, every_s: float = 0.1) -> DatabaseWatch:
        """Looks at the sessions of an RDS instance while a `with` block runs.

        Args:
            identifier: its DBInstanceIdentifier.
            every_s: the time between two looks, in seconds.
        """
        return DatabaseWatch(lambda: self.database_sessions(identifier), every_s)

    def at_once(self, function: str, events: Sequence[object], *, qualifier: str | None = None) -> list[CallResult]:
        """Invokes a function once for each event, all at the same moment, and waits for all the answers.

        Each call that Lambda accepts gets its own execution environment before any handler begins, as on AWS, where
        environments start side by side. A refused call isn't repeated.

        Args:
            function: its name.
            events: the calls' events; anything that JSON can hold.
            qualifier: version or alias.

        Returns:
            The result of each call, in the order of `events`.

        Raises:
            ClientError: boto3's error, for example if there is no such function.
            CloudNotRunning: the local cloud was stopped.
        """
        self._require_running()
        import boto3  # here, because it takes a third of a second
        from botocore.config import Config

        patience = Config(
            max_pool_connections=max(10, len(events)), read_timeout=900, retries={"total_max_attempts": 1}
        )
        client = boto3.Session().client("lambda", config=patience)  # its own client, because it marks what it sends
        with progress.bar(f"calls of {function}", len(events)) as report:
            return burst.at_once(client, function, events, qualifier, report, gathering=self._looks_inside)

    def deploy(
        self,
        template: str | os.PathLike[str],
        *,
        stack_name: str,
        parameters: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        quiet: bool = False,
    ) -> dict[str, str]:
        """Creates or changes a CloudFormation stack from a template file, as `sam deploy` does, and waits for it.

        It zips folders and files that the template names (CodeUri, ContentUri, DefinitionUri and so on) and puts them
        into a bucket. A template that changes nothing is not an error.

        Args:
            template: a file, YAML or JSON, with or without SAM; its paths are relative to its folder.
            stack_name: if a stack has this name, it is changed.
            parameters: of the template; a parameter that you leave out keeps its value, or has its default.
            tags: of the stack and its resources.
            quiet: whether nothing is printed.

        Returns:
            The stack's outputs by their keys.

        Raises:
            CloudError: the template is refused, a path in it leads nowhere, or a resource failed; the text says which
                and why. What was done is rolled back.
            CloudNotRunning: the local cloud was stopped.
        """
        self._require_running()
        import boto3  # as above

        from serverless_cloud.stacks import deploying

        say: Callable[[str], None] = (lambda _: None) if quiet else print
        session = boto3.Session()
        return deploying.deploy(
            Path(template), stack_name, client=session.client, parameters=parameters, tags=tags, report=say
        )

    def layer(self, name: str) -> str:
        """The ARN of a layer version with a package, for `Layers` of create_function. Publishes the layer if need be.

        Args:
            name: "psycopg" or "powertools": psycopg, or Powertools for AWS Lambda, with what it needs, as it is
                installed here.

        Raises:
            CloudError: there is no layer of this name, or its package is not installed.
            CloudNotRunning: the local cloud was stopped.
        """
        self._require_running()
        if self.target == "aws":
            other_clouds.require_lambda_s_platform(name)
        return layers.publish(name, self.endpoint_url, self.region)

    def image(self, name: str, folder: str | os.PathLike[str]) -> str:
        """Lets a folder stand for a container image. Batch jobs whose definition names the image run in a copy of it.

        Images don't run here. A job's command runs on this machine, and its `python` is the notebook's. The folder is
        copied now, as an image is pushed, so call again after a change. On AWS you build an image and push it to a
        registry.

        Args:
            name: the image, "hikari/render" or "hikari/render:1"; a registry before it is ignored.
            folder: with the files that the job's command needs.

        Returns:
            The image's name with its tag, for `image` of containerProperties.

        Raises:
            CloudError: there is no such folder; also as for `environments`.
            CloudNotRunning: as for `environments`.
        """
        return str(self._call("POST", "image", {"name": name, "folder": str(Path(folder).resolve())}))

    def reset(self) -> None:
        """Forgets every resource and ends every execution environment. The cloud keeps running, empty.

        Raises:
            CloudNotRunning, CloudError: as for `environments`.
        """
        self._call("POST", "reset")

    @property
    def _looks_inside(self) -> bool:
        """Whether this is a local cloud, this notebook's or somebody else's."""
        if self.target is None:
            return True
        if self._shared is None:
            url = f"{self.endpoint_url}/_local/environments?{urllib.parse.urlencode({'region': self.region})}"
            try:
                with _http.open(url, timeout=30) as answer:
                    self._shared = isinstance(json.loads(answer.read()), list)
            except (OSError, ValueError):  # nobody is there, or somebody else
                self._shared = False
        return self._shared

    def _require_shared(self, call: str) -> None:
        if self.target == "aws" or not self._looks_inside:
            raise CloudError(other_clouds.refusal(str(self.target), call))
        if call == "reset":
            raise CloudError(
                f"Others may also use {self.target}, so reset() doesn't empty it. The person who started it can stop "
                "it and start it again. "
                + advice("shared", "If you started with a session, aws.cleanup() removes what it has created.")
            )

    def _require_running(self) -> None:
        if not self.is_running:
            raise CloudNotRunning("The local cloud is not running. Run the cell with cloud.start() again.")

    def _call(self, method: str, call: str, body: Mapping[str, Any] | None = None, **query: str | None) -> Any:
        self._require_running()
        if self.target is not None:
            self._require_shared(call)
        parameters = {"region": self.region} | {k: v for k, v in query.items() if v is not None}
        url = f"{self.endpoint_url}/_local/{call}?{urllib.parse.urlencode(parameters)}"
        data = json.dumps(body or {}).encode() if method == "POST" else None
        try:
            with _http.open(urllib.request.Request(url, data, method=method), timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise CloudError(_message_of(error)) from error
        except OSError as error:
            raise CloudNotRunning(
                f"The local cloud doesn't answer ({error}). Run the cell with cloud.start() again."
            ) from error


def _message_of(error: urllib.error.HTTPError) -> str:
    """The server's message; its own calls answer with JSON."""
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return f"The local cloud refused the call ({error.code}): {text}"

"""A notebook with everything switched on and secrets around it: who listens where, and who knows the secrets."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import nbformat
import psutil
import pytest
from tests.cloud import security_kit
from tests.cloud.security_kit import Kernel

from kits import cloud_kit

ROOT = Path(__file__).resolve().parents[2]
#: A cloud with a function, its URL, an HTTP and a REST API, a topic, a DB instance, a DB proxy, a job, explorers.
EVERYTHING = """
import json, os, urllib.request
from serverless_first import cloud, explore
aws = cloud.start()
import boto3, psycopg
from kits import batch_kit as batch, cloud_kit as kit, http_kit, rds_kit as rk
from kits.rest_kit import Api

arn = kit.deploy("peek", '''
import json, os, pathlib
def handler(event, context):
    files = [str(p) for p in pathlib.Path.home().rglob("*")]
    return {"statusCode": 200, "body": json.dumps({"environ": dict(os.environ), "home": files})}
''', Timeout=30)
peeked = json.loads(kit.invoke("peek").payload["body"])
url = boto3.client("lambda").create_function_url_config(FunctionName="peek", AuthType="NONE")["FunctionUrl"]
_, http_api = http_kit.make_api(arn, "GET /peek")
rest = Api(aws)
rest.function("/peek", arn, "GET")
rest.deploy("prod")
answers = [urllib.request.urlopen(each).status for each in
           (aws.local_url(url), http_api + "/peek", aws.local_url(rest.id) + "/prod/peek")]
instance = rk.create()
secret = json.dumps({"username": rk.MASTER, "password": rk.PASSWORD})
rds = boto3.client("rds")
rds.create_db_proxy(
    DBProxyName="shop-proxy", EngineFamily="POSTGRESQL", RoleArn="arn:aws:iam::123456789012:role/proxy",
    Auth=[{"AuthScheme": "SECRETS",
           "SecretArn": boto3.client("secretsmanager").create_secret(Name="shop", SecretString=secret)["ARN"]}],
    VpcSubnetIds=[s["SubnetId"] for s in boto3.client("ec2").describe_subnets()["Subnets"]][:2])
rds.register_db_proxy_targets(DBProxyName="shop-proxy", DBInstanceIdentifiers=["shop"])
host, port = aws.database_address("shop-proxy")
through = psycopg.connect(host=host, port=port, user=rk.MASTER, password=rk.PASSWORD, dbname="postgres")
through.execute("SELECT 1")
job = batch.run("import os; print(dict(os.environ))")
explorers = [explore.FleetExplorer(), explore.PoolExplorer()]
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where the kernel's home, its temporary files and the learner's folder lie.

    Not below pytest's own folder: nobody else may enter that, whatever ours is, and a socket's path there is too long.
    """
    base = Path(tempfile.mkdtemp(prefix="all-on-"))
    base.chmod(0o755)
    yield base / "all"
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def notebook(folder: Path) -> Iterator[Kernel]:
    """A kernel in which everything is on."""
    with security_kit.kernel(folder) as kernel:
        kernel.run(EVERYTHING)
        assert kernel.value("answers") == [200, 200, 200]
        yield kernel


def words(process: psutil.Process) -> str:
    """What a process is, for messages."""
    return " ".join(process.cmdline())[:120]


def test_everything_listens_on_this_machine_alone(notebook: Kernel) -> None:
    tree = notebook.tree()
    kinds = " ".join(words(process) for process in tree)
    for part in ("serverless_cloud.server", "rds.instance_process", "rds_proxy", "postgres", "bootstrap.py"):
        assert part in kinds, f"{part} does not run, so nothing is proved of it"
    listeners, elsewhere = 0, []
    for process in tree:
        for each in process.net_connections("inet"):
            if each.status == psutil.CONN_LISTEN or (each.type.name == "SOCK_DGRAM" and not each.raddr):
                listeners += 1
                if not ipaddress.ip_address(each.laddr.ip).is_loopback:
                    elsewhere.append(f"{each.laddr} of {words(process)}")
    assert elsewhere == []
    assert listeners >= 7  # the cloud's port, three doors, the environment's, two of databases


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Unix sockets")
def test_no_other_user_reaches_a_unix_socket(notebook: Kernel) -> None:
    seen = set()
    for process in notebook.tree():
        for each in process.net_connections("unix"):
            path = Path(str(each.laddr))
            if each.laddr and path.is_absolute() and path.exists():
                seen.add(path.name)
                chain = [path, *path.parents]
                closed = [p for p in chain if p.stat().st_mode & (stat.S_IXOTH if p.is_dir() else stat.S_IWOTH) == 0]
                assert closed, f"{path} of {words(process)} is open to everybody"
    if sys.platform == "linux":  # elsewhere the path of a temporary folder may be too long for a socket
        assert [name for name in seen if name.startswith(".s.PGSQL.")], f"of PostgreSQL there is none among {seen}"
        assert len([name for name in seen if name.startswith("kernel-")]) == 6, f"of the kernel not all are in {seen}"


def test_no_process_but_the_kernel_knows_its_secrets(notebook: Kernel) -> None:
    kernel, *others = notebook.tree()
    assert len(security_kit.in_environments([kernel])) >= 8  # the look finds what is there
    assert security_kit.in_environments(others) == []
    assert security_kit.in_command_lines([kernel, *others]) == []


def test_a_handler_and_a_job_find_neither_secrets_nor_files(notebook: Kernel) -> None:
    seen = notebook.value("peeked")
    assert [name for name, value in seen["environ"].items() if any(text in value for text in security_kit.TEXTS)] == []
    assert set(security_kit.SECRETS) & set(seen["environ"]) <= {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    }  # fmt: skip
    assert seen["home"] == []
    assert notebook.value("job['status']") == "SUCCEEDED"


def test_no_file_and_no_output_holds_a_secret(notebook: Kernel, folder: Path) -> None:
    own = folder / "home" / ".aws" / "credentials"
    assert security_kit.in_files(folder) != []  # the look finds what is there
    assert security_kit.in_files(folder, lambda path: path == own) == []
    notebook.run("print(aws, url, http_api); aws.environments()")
    assert [text for text in security_kit.TEXTS if any(text in each for each in notebook.outputs)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("module", ["00-start-here", "05-rds-proxy"])
def test_a_lab_leaves_no_secret(module: str, tmp_path: Path) -> None:
    """The solution, with its checks; then the learner's folder with the progress, all files, all outputs."""
    book: Any = nbformat.read(  # type: ignore[no-untyped-call]
        ROOT / "solutions" / f"{module}.ipynb", as_version=4
    )
    folder = tmp_path / "all"
    with security_kit.kernel(folder) as kernel:
        for cell in book.cells:
            if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", []):
                kernel.run(cell.source)
        below = kernel.tree()[1:]
        assert below
        assert security_kit.in_environments(below) == []
        assert (folder / "work" / "progress.json").is_file()
        own = folder / "home" / ".aws" / "credentials"
        assert security_kit.in_files(folder, lambda path: path == own) == []
        assert [text for text in security_kit.TEXTS if any(text in each for each in kernel.outputs)] == []


@pytest.mark.thorough
def test_a_cloud_in_a_terminal_hands_no_secret_on(tmp_path: Path) -> None:
    """`serverless-first cloud` is started where real keys lie around; its clients bring keys of their own."""
    environ = security_kit.lay(tmp_path / "all")
    command = [sys.executable, "-m", "serverless_first.cli", "cloud", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, encoding="utf-8", cwd=tmp_path) as server:
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found
        try:
            keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
            session = boto3.Session(**keys)
            role = session.client("iam", endpoint_url=found.group()).create_role(
                RoleName="hikari", AssumeRolePolicyDocument=json.dumps(cloud_kit.ASSUMABLE)
            )["Role"]["Arn"]
            source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
            functions = session.client("lambda", endpoint_url=found.group())
            functions.create_function(
                FunctionName="peek", Role=role, Runtime="python3.13", Handler="peek.handler",
                Code={"ZipFile": cloud_kit.zip_of({"peek.py": source})},
            )  # fmt: skip
            seen = json.loads(functions.invoke(FunctionName="peek")["Payload"].read())
            below = psutil.Process(server.pid).children(recursive=True)
            assert below
            assert security_kit.in_environments(below) == []
            assert [name for name, value in seen.items() if any(text in value for text in security_kit.TEXTS)] == []
        finally:
            server.terminate()
        said = server.stdout.read()
    assert [text for text in security_kit.TEXTS if text in said] == []
    own = tmp_path / "all" / "home" / ".aws" / "credentials"
    assert security_kit.in_files(tmp_path, lambda path: path == own) == []

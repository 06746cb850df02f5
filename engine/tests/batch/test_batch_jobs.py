"""A job of Batch is a process of this machine: what it finds, what it leaves, what is told of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

import serverless_cloud as cloud
from kits import batch_kit as batch

pytestmark = pytest.mark.usefixtures("aws")

SAY = "import json, os, sys; print(json.dumps({}))"


def said(job: dict[str, Any]) -> Any:
    """What a program has printed as JSON, on its last line."""
    return json.loads(batch.lines_of(job)[-1])


def test_a_job_runs_its_command_and_succeeds(kit: Any) -> None:
    job = batch.run("print('lamp 1\\n\\nlamp 2'); import sys; print('done', file=sys.stderr)")
    assert (job["status"], job["container"]["exitCode"]) == ("SUCCEEDED", 0)
    assert job["statusReason"] == "Essential container in task exited"
    assert batch.lines_of(job) == ["lamp 1", "lamp 2", "done"]
    assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]
    (attempt,) = job["attempts"]
    assert (attempt["startedAt"], attempt["stoppedAt"]) == (job["startedAt"], job["stoppedAt"])
    assert attempt["container"]["logStreamName"].startswith("render/default/")
    assert attempt["container"]["taskArn"].startswith("arn:aws:ecs:us-east-1:123456789012:task/")
    assert kit.client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "/aws/batch/job"


def test_a_job_that_exits_with_an_error_fails() -> None:
    job = batch.run("print('no lamps'); raise SystemExit(7)")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 7)
    assert job["statusReason"] == "Essential container in task exited"
    assert job["attempts"][0]["container"]["exitCode"] == 7
    assert batch.lines_of(job) == ["no lamps"]


def test_a_job_that_a_signal_ends_fails_with_dockers_exit_code() -> None:
    job = batch.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)


def test_what_batch_puts_into_the_environment() -> None:
    job = batch.run(SAY.format("dict(os.environ)"))
    found = said(job)
    expected = {
        "AWS_BATCH_JOB_ID": job["jobId"],
        "AWS_BATCH_JOB_ATTEMPT": "1",
        "AWS_BATCH_JQ_NAME": "renders",
        "AWS_BATCH_CE_NAME": "hikari",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "AWS_PROFILE" not in found


def test_a_job_runs_in_an_empty_folder_of_its_own_with_the_notebooks_python(tmp_path: Path) -> None:
    batch.make_queue()
    program = "import json, os, sys, tempfile; open('lamp', 'w').close(); "
    program += "print(json.dumps([sys.executable, os.getcwd(), os.listdir(), tempfile.gettempdir()]))"
    batch.register(["python3", "-c", program])
    first, second = (said(batch.wait(batch.submit())) for _ in range(2))
    for executable, folder, files, temporary in (first, second):
        assert Path(executable).resolve() == Path(sys.executable).resolve()
        assert files == ["lamp"]
        assert Path(temporary).parent == Path(folder).parent
        assert not Path(folder).parent.exists()  # it is gone with the job
    assert first[1] != second[1]
    assert list(tmp_path.iterdir()) == []


def test_a_shell_is_a_program_as_well() -> None:
    batch.prepare(["sh", "-c", "for lamp in a b; do echo $SHADE $lamp; done; python -c 'print(6 * 7)'"],
                   environment=[{"name": "SHADE", "value": "red"}])  # fmt: skip
    assert batch.lines_of(batch.wait(batch.submit())) == ["red a", "red b", "42"]


def test_parameters_replace_what_refers_to_them() -> None:
    batch.make_queue()
    command = ["python", "-c", SAY.format("sys.argv[1:]"), "Ref::lamp", "Ref::lampshade", "as Ref::lamp.", "Ref::none"]
    batch.register(command, parameters={"lamp": "desk", "lampshade": "paper"})
    job = batch.wait(batch.submit(parameters={"lamp": "floor"}))
    assert said(job) == ["floor", "paper", "as floor.", "Ref::none"]
    assert job["parameters"] == {"lamp": "floor", "lampshade": "paper"}
    assert job["container"]["command"][-2:] == ["as floor.", "Ref::none"]


def test_overrides_win_over_the_definition() -> None:
    batch.make_queue()
    of_both = [{"name": "LAMP", "value": "desk"}, {"name": "SHADE", "value": "paper"}]
    batch.register(["false"], environment=of_both)
    overrides = {
        "command": ["python", "-c", SAY.format("[os.environ['LAMP'], os.environ['SHADE']]")],
        "environment": [{"name": "LAMP", "value": "floor"}],
        "resourceRequirements": batch.resources(0.25, 512),
    }
    job = batch.wait(batch.submit(containerOverrides=overrides))
    assert said(job) == ["floor", "paper"]
    assert {each["type"]: each["value"] for each in job["container"]["resourceRequirements"]} == {
        "VCPU": "0.25", "MEMORY": "512"}  # fmt: skip
    assert {each["name"]: each["value"] for each in job["container"]["environment"]} == {
        "LAMP": "floor", "SHADE": "paper"}  # fmt: skip


def test_a_job_uses_the_cloud_by_boto3_in_its_role(kit: Any) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = kit.make_role("hikari-renders", trust)
    queue = kit.make_queue("rendered")
    source = "import boto3, sys\n"
    source += f"boto3.client('sqs').send_message(QueueUrl={queue.url!r}, MessageBody='lamp 1')\n"
    source += "print(boto3.client('sts').get_caller_identity()['Arn'])"
    job = batch.run(source, jobRoleArn=role)
    assert job["status"] == "SUCCEEDED", batch.lines_of(job)
    assert [message["Body"] for message in kit.received(queue)] == ["lamp 1"]
    assert batch.lines_of(job) == [f"arn:aws:sts::123456789012:assumed-role/hikari-renders/{job['jobId']}"]


def test_boto3_in_a_job_does_not_leave_the_machine() -> None:
    source = "import boto3\nboto3.client('s3', endpoint_url='https://s3.us-east-1.amazonaws.com').list_buckets()"
    job = batch.run(source, environment=[{"name": "SERVERLESS_FIRST_GUARD", "value": "off"}])
    assert job["status"] == "FAILED"
    assert "RealAwsRefused" in batch.lines_of(job)[-1]


def test_a_program_that_is_not_there_cannot_start() -> None:
    batch.prepare(["hikari-render-3000"])
    job = batch.wait(batch.submit())
    assert (job["status"], job["statusReason"]) == ("FAILED", "Task failed to start")
    assert job["container"]["reason"].startswith("CannotStartContainerError: ")
    assert '"hikari-render-3000": executable file not found in $PATH' in job["container"]["reason"]
    assert "exitCode" not in job["container"]
    assert "startedAt" not in job


def test_a_folder_stands_for_an_image(aws: cloud.Cloud, tmp_path: Path) -> None:
    (tmp_path / "lamps").mkdir()
    (tmp_path / "render.py").write_text("import lamps.desk; print(lamps.desk.SHADE)", encoding="utf-8")
    (tmp_path / "lamps" / "desk.py").write_text("SHADE = 'paper'", encoding="utf-8")
    assert aws.image("hikari/render", tmp_path) == "hikari/render:latest"
    (tmp_path / "lamps" / "desk.py").write_text("SHADE = 'glass'", encoding="utf-8")
    batch.make_queue()
    for image in ("hikari/render", "123456789012.dkr.ecr.us-east-1.amazonaws.com/hikari/render:latest"):
        batch.register(["python", "render.py"], image=image)
        assert batch.lines_of(batch.wait(batch.submit())) == ["paper"]  # as it was when the image was made
    batch.register(["python", "render.py"], image="hikari/render:2")
    assert batch.wait(batch.submit())["status"] == "FAILED"
    aws.image("hikari/render:2", tmp_path)
    assert batch.lines_of(batch.wait(batch.submit())) == ["glass"]


def test_an_image_is_a_folder(aws: cloud.Cloud, tmp_path: Path) -> None:
    with pytest.raises(cloud.CloudError, match="is not a folder"):
        aws.image("hikari/render", tmp_path / "missing")


def test_what_a_job_has_started_ends_with_it(kit: Any, tmp_path: Path) -> None:
    daemon = "import os, subprocess, sys\n"
    daemon += "sleeper = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
    daemon += "own = subprocess.Popen(sleeper, start_new_session=True)\n"
    daemon += "if not os.fork():\n    os.setsid()\n    double = subprocess.Popen(sleeper, start_new_session=True)\n"
    daemon += f"    open({str(tmp_path / 'double')!r}, 'w').write(str(double.pid))\n    os._exit(0)\n"
    daemon += "os.wait()\nprint(own.pid)"
    job = batch.run(daemon)
    assert job["status"] == "SUCCEEDED", batch.lines_of(job)
    for pid in (int(batch.lines_of(job)[-1]), int((tmp_path / "double").read_text(encoding="utf-8"))):
        assert not kit.is_alive(pid)


def test_output_is_seen_while_a_job_runs(kit: Any, tmp_path: Path) -> None:
    batch.make_queue()
    command = batch.hold(tmp_path, "render")
    command[-1] = "print('warming up')\n" + command[-1] + "\nprint('bright', end='')"
    batch.register(command)
    job_id = batch.submit()
    running = batch.wait(job_id, "RUNNING")
    kit.eventually(lambda: kit.client("logs").describe_log_groups()["logGroups"], "something is logged")
    kit.eventually(lambda: batch.lines_of(running) == ["warming up"], "the first line is logged")
    assert running["attempts"] == []
    batch.let_go(tmp_path, "render")
    assert batch.lines_of(batch.wait(job_id)) == ["warming up", "bright"]


def test_a_log_group_of_ones_own() -> None:
    options = {"awslogs-group": "/hikari/renders", "awslogs-stream-prefix": "night"}
    job = batch.run("print('lamp 1')", logConfiguration={"logDriver": "awslogs", "options": options})
    stream = job["container"]["logStreamName"]
    assert stream.startswith("night/default/")
    assert batch.output(stream, "/hikari/renders") == ["lamp 1"]


def test_reset_ends_jobs_that_run(aws: cloud.Cloud, kit: Any, tmp_path: Path) -> None:
    batch.make_queue()
    command = batch.hold(tmp_path, "render")
    command[-1] = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n" + command[-1]
    batch.register(command)
    batch.submit()
    kit.eventually(lambda: batch.is_here(tmp_path, "render"), "the job runs")
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert psutil.Process(pid).cwd().endswith("work")
    aws.reset()
    assert not kit.is_alive(pid)
    assert kit.client("batch").describe_job_queues()["jobQueues"] == []


def test_the_newest_active_revision_runs_unless_one_is_named(kit: Any) -> None:
    batch.make_queue()
    first, second, third = (batch.register(["echo", text]) for text in ("one", "two", "three"))
    kit.client("batch").deregister_job_definition(jobDefinition=third)
    for named, runs in (("render", second), ("render:1", first), (first, first)):
        assert batch.wait(batch.submit(named))["jobDefinition"] == runs
    kit.refused(lambda: batch.submit("render:3"), "ClientException", message="Job definition render:3 does not exist")


def test_tags_of_a_job(kit: Any) -> None:
    batch.prepare(["true"])
    job = batch.wait(batch.submit(tags={"shop": "hikari"}))
    assert job["tags"] == {"shop": "hikari"}
    assert kit.client("batch").list_tags_for_resource(resourceArn=job["jobArn"])["tags"] == {"shop": "hikari"}


def test_a_jobs_own_python_path_counts_with_a_sitecustomize_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.lamp = 'desk'", encoding="utf-8")
    (tmp_path / "shades.py").write_text("PAPER = 'paper'", encoding="utf-8")
    source = "import json, sys, shades; from serverless_cloud import guard; "
    source += "print(json.dumps([sys.lamp, shades.PAPER, guard.is_armed()]))"
    job = batch.run(source, environment=[{"name": "PYTHONPATH", "value": str(tmp_path)}])
    assert said(job) == ["desk", "paper", True]

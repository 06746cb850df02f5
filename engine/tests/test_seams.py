"""The places where moto hands over: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

import functools
import inspect
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from moto import backends
from moto.awslambda import exceptions, models, urls
from moto.awslambda.responses import LambdaResponse
from moto.iam.models import IAMBackend
from moto.logs.models import LogsBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from kits import seam_kit

MOTO = "5.2.5"
LOOK: str = seam_kit.LOOK

#: What each seam replaces or calls: owner, names with their parameters and defaults.
SEAMS: seam_kit.Seams = {
    "lambda_functions.py": [
        (models.LambdaBackend, {
            "create_function": "self, spec",
            "update_function_code": "self, function_name, qualifier, body",
            "update_function_configuration": "self, function_name, qualifier, body",
            "delete_function": "self, function_name, qualifier=None",
            "get_function": "self, function_name_or_arn, qualifier=None",
            "list_versions_by_function": "self, function_name",
            "list_aliases": "self, function_name",
            "layers_versions_by_arn": "self, layer_version_arn",
            "publish_layer_version": "self, spec",
            "delete_layer_version": "self, layer_name, layer_version",
            "publish_version": "self, function_name, description=''",
            "put_function_concurrency": "self, function_name, reserved_concurrency",
        }),
        (models.LambdaFunction, {"get_configuration": "self, on_create=False"}),
        (models.LambdaStorage, {"split_function_arn": "self, arn"}),
        (exceptions.UnknownFunctionException, {"__init__": "self, arn"}),
    ],
    "lambda_versions.py": [
        (models.LambdaBackend, {
            "publish_version": "self, function_name, description=''",
            "create_alias": "self, name, function_name, function_version, description, routing_config",
            "update_alias": "self, name, function_name, function_version, description, routing_config",
            "delete_alias": "self, name, function_name",
            "get_alias": "self, name, function_name",
            "list_aliases": "self, function_name",
            "delete_function": "self, function_name, qualifier=None",
        }),
        (models.LambdaFunction, {"set_version": "self, version"}),
        (models.LambdaStorage, {"get_function_by_name_or_arn_forbid_qualifier": "self, name_or_arn"}),
        (LambdaResponse, {"list_versions_by_function": "self"}),
        (exceptions.ConflictException, {"__init__": "self, message"}),
        (exceptions.ValidationException, {"__init__": "self, value, property_name, specific_message"}),
    ],
    "lambda_invoke.py": [
        (models.LambdaBackend, {"invoke": "self, function_name, qualifier, body, headers, response_headers"}),
        (models.LambdaFunction, {"invoke": "self, body, request_headers, response_headers"}),
        (LambdaResponse, {"invoke": "self", "_get_param": "self, param_name, if_none=None"}),
    ],
    "lambda_concurrency.py": [
        (models.LambdaBackend, {
            "put_function_concurrency": "self, function_name, reserved_concurrency",
            "delete_function_concurrency": "self, function_name",
            "list_functions": "self, func_version=None",
        }),
        (models.LambdaFunction, {"get_code": "self"}),
    ],
    "lambda_async.py": [
        (LambdaResponse, {
            "put_function_event_invoke_config": "self",
            "update_function_event_invoke_config": "self",
            "get_function_event_invoke_config": "self",
            "delete_function_event_invoke_config": "self",
            "list_function_event_invoke_configs": "self",
        }),
        (models.EventInvokeConfig, {"__init__": "self, arn, last_modified, config", "response": "self"}),
        (exceptions.UnknownEventConfig, {"__init__": "self, arn"}),
    ],
    "lambda_rules.py": [
        (IAMBackend, {"get_roles": "self"}),
        (exceptions.InvalidParameterValueException, {"__init__": "self, message"}),
        (exceptions.LambdaClientError, {"__init__": "self, error, message"}),
    ],
    "dispatch.py": [
        (backends, {"list_of_moto_modules": ""}),
        (DomainDispatcherApplication, {
            "get_backend_for_host": "self, host",
            "infer_service_region_host": "self, environ, path",
        }),
    ],
    "function_calls.py": [
        (models.LambdaBackend, {"get_function": "self, function_name_or_arn, qualifier=None"}),
    ],
    "logs.py": [
        (LogsBackend, {
            "ensure_log_group": "self, log_group_name",
            "create_log_stream": "self, log_group_name, log_stream_name",
            "put_log_events": "self, log_group_name, log_stream_name, log_events",
        }),
    ],
}  # fmt: skip

#: The seams of other services are listed beside the tests of those.
OTHERS = [p for p in Path(__file__).parent.glob("test_*_seam*.py") if p.name != "test_seams.py"]

SIGNATURES = seam_kit.signatures(SEAMS)


def test_the_seams_were_written_for_this_version_of_moto() -> None:
    assert metadata.version("moto") == MOTO, "moto has changed; " + LOOK.format("*.py") + " Then change MOTO here."


def test_every_seam_is_listed_here_or_beside_the_tests_of_its_service() -> None:
    folder = Path(__file__).resolve().parents[2] / "engine" / "src" / "serverless_cloud" / "seams"
    calls_nothing_of_moto = {"__init__.py", "destinations.py", "lambda_changes.py"}
    there = {p.name for p in folder.glob("*.py")} - calls_nothing_of_moto
    named = "".join(path.read_text(encoding="utf-8") for path in OTHERS)
    assert there - set(SEAMS) == {name for name in there - set(SEAMS) if f'"{name}"' in named}


@pytest.mark.parametrize(("seam", "owner", "name", "parameters"), SIGNATURES)
def test_moto_still_has_what_a_seam_replaces_or_calls(seam: str, owner: Any, name: str, parameters: str) -> None:
    seam_kit.require_signature(seam, owner, name, parameters)


def test_a_function_of_moto_has_what_the_data_plane_reads() -> None:
    source, look = inspect.getsource(models.LambdaFunction), LOOK.format("lambda_functions.py")
    for attribute in ("account_id", "region", "function_name", "function_arn", "version", "run_time", "handler",
                      "timeout", "memory_size", "environment_vars", "code_sha_256", "code_bytes", "code_size",
                      "layers", "role", "description", "reserved_concurrency"):  # fmt: skip
        assert f"self.{attribute}" in source, f"LambdaFunction.{attribute} is gone; {look}"


def test_an_alias_of_moto_has_what_the_data_plane_reads() -> None:
    source, look = inspect.getsource(models.LambdaAlias), LOOK.format("lambda_versions.py")
    for attribute in ("name", "function_version", "routing_config"):
        assert f"self.{attribute}" in source, f"LambdaAlias.{attribute} is gone; {look}"


def test_a_layer_version_of_moto_has_what_the_data_plane_reads() -> None:
    source, look = inspect.getsource(models.LayerVersion), LOOK.format("lambda_functions.py")
    for attribute in ("arn", "name", "version", "code_sha_256", "code_bytes"):
        assert attribute in source, f"LayerVersion.{attribute} is gone; {look}"


def test_moto_still_keeps_versions_where_the_seam_puts_them() -> None:
    source, look = inspect.getsource(models.LambdaStorage), LOOK.format("lambda_versions.py")
    for part in ('self._functions[name]["versions"]', "self._arns", "self._aliases"):
        assert part in source, f"{part} is gone; {look}"


@seam_kit.asks_stock_moto
def test_moto_has_no_address_for_the_calls_that_a_seam_adds() -> None:
    ours = ("provisioned-concurrency", "account-settings")
    known = [path for path in _stock()["paths"] if any(name in path for name in ours)]
    assert known == [], f"moto answers {known} itself now; {LOOK.format('lambda_concurrency.py')}"
    assert any("/concurrency" in path for path in urls.url_paths)


# ---- what stock moto does wrong: when one of these fails, the seam may go

#: Without our seams: each function shows one defect, and answers True while moto has it.
STOCK = """
import inspect, io, json, zipfile
import boto3, moto
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import backends
from moto.awslambda import urls
from moto.awslambda.responses import LambdaResponse

def zip_of(source):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("price.py", source)
    return buffer.getvalue()

def make(**more):
    role = iam.create_role(RoleName="hikari", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    lam.create_function(FunctionName="price", Runtime="python3.13", Handler="price.handler", Role=role,
                        Code={"ZipFile": zip_of("def handler(e, c): return 1")}, **more)

def publish():
    return lam.publish_version(FunctionName="price")["Version"]

def code_of(call, *args, **more):
    try:
        call(*args, **more)
    except ClientError as error:
        return error.response["Error"]["Code"]

def invoke_reads_the_wrong_name():
    return '_get_param("qualifier")' in inspect.getsource(LambdaResponse.invoke)

def a_number_comes_back():
    make(); publish()
    lam.update_function_configuration(FunctionName="price", Timeout=4); second = publish()
    lam.delete_function(FunctionName="price", Qualifier=second)
    lam.update_function_configuration(FunctionName="price", Timeout=5)
    return publish() == second

def the_same_settings_make_a_new_version():
    make(); first = publish()
    lam.update_function_configuration(FunctionName="price", Timeout=3)
    return publish() != first

def weights_are_not_checked():
    make(); publish()
    routing = {"AdditionalVersionWeights": {"7": 0.5, "8": 0.4}}
    return code_of(lam.create_alias, FunctionName="price", Name="live", FunctionVersion="1",
                   RoutingConfig=routing) is None

def an_alias_may_be_a_number():
    make(); publish()
    return code_of(lam.create_alias, FunctionName="price", Name="7", FunctionVersion="1") is None

def a_second_alias_is_an_unknown_error():
    make(); publish()
    lam.create_alias(FunctionName="price", Name="live", FunctionVersion="1")
    return code_of(lam.create_alias, FunctionName="price", Name="live", FunctionVersion="1") == "ConflictException"

def a_version_in_use_may_be_deleted():
    make(); publish()
    lam.create_alias(FunctionName="price", Name="live", FunctionVersion="1")
    return code_of(lam.delete_function, FunctionName="price", Qualifier="1") is None

def versions_of_nothing_are_listed():
    return lam.list_versions_by_function(FunctionName="price")["Versions"] == []

def the_dead_letter_queue_is_dropped():
    make(DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"})
    return "DeadLetterConfig" not in lam.get_function_configuration(FunctionName="price")

def the_log_format_is_dropped():
    make(LoggingConfig={"LogFormat": "JSON"})
    return "LoggingConfig" not in lam.get_function_configuration(FunctionName="price")

def code_that_is_no_zip_is_taken():
    make()
    return code_of(lam.update_function_code, FunctionName="price", ZipFile=b"lamp") is None

def a_layer_that_is_no_zip_is_taken():
    return code_of(lam.publish_layer_version, LayerName="tax", Content={"ZipFile": b"lamp"}) is None

def reserved_concurrency_is_only_stored():
    make()
    lam.put_function_concurrency(FunctionName="price", ReservedConcurrentExecutions=0)
    return code_of(lam.invoke, FunctionName="price") is None

def a_reservation_of_zero_is_not_shown():
    make()
    lam.put_function_concurrency(FunctionName="price", ReservedConcurrentExecutions=0)
    return "Concurrency" not in lam.get_function(FunctionName="price")

def the_package_has_an_address_that_nothing_answers():
    make()
    return ".amazonaws.com/" in lam.get_function(FunctionName="price")["Code"]["Location"]

def one_event_configuration_for_all_qualifiers():
    make(); publish()
    lam.put_function_event_invoke_config(FunctionName="price", MaximumRetryAttempts=1)
    return code_of(lam.get_function_event_invoke_config, FunctionName="price", Qualifier="1") is None

def a_handler_does_not_run():
    make()
    return json.loads(lam.invoke(FunctionName="price", Payload=b'{"lamp": 1}')["Payload"].read()) != 1

def moto_looks_for_its_services_each_time():
    return inspect.isgeneratorfunction(backends.list_of_moto_modules)

def the_largest_result_is_not_aws_s():
    return "6000000" in inspect.getsource(LambdaResponse.invoke)

found = {"paths": list(urls.url_paths)}
for name, show in [(n, f) for n, f in globals().items() if inspect.isfunction(f) and n.count("_") > 2]:
    with moto.mock_aws(config={"lambda": {"use_docker": False}}):
        config = Config(retries={"total_max_attempts": 1})
        lam = boto3.client("lambda", "us-east-1", config=config)
        iam = boto3.client("iam", "us-east-1", config=config)
        try:
            found[name] = show()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

DEFECTS = {
    "invoke_reads_the_wrong_name": "lambda_invoke.py",
    "a_handler_does_not_run": "lambda_invoke.py",
    "the_largest_result_is_not_aws_s": "lambda_invoke.py",
    "moto_looks_for_its_services_each_time": "dispatch.py",
    "a_number_comes_back": "lambda_versions.py",
    "the_same_settings_make_a_new_version": "lambda_versions.py",
    "weights_are_not_checked": "lambda_versions.py",
    "an_alias_may_be_a_number": "lambda_versions.py",
    "a_second_alias_is_an_unknown_error": "lambda_versions.py",
    "versions_of_nothing_are_listed": "lambda_versions.py",
    "a_version_in_use_may_be_deleted": "lambda_functions.py",
    "the_dead_letter_queue_is_dropped": "lambda_functions.py",
    "the_log_format_is_dropped": "lambda_functions.py",
    "code_that_is_no_zip_is_taken": "lambda_functions.py",
    "a_layer_that_is_no_zip_is_taken": "lambda_functions.py",
    "reserved_concurrency_is_only_stored": "lambda_concurrency.py",
    "a_reservation_of_zero_is_not_shown": "lambda_concurrency.py",
    "the_package_has_an_address_that_nothing_answers": "lambda_concurrency.py",
    "one_event_configuration_for_all_qualifiers": "lambda_async.py",
}


@functools.cache
def _stock() -> dict[str, Any]:
    """What stock moto does, from a process without our seams; run once."""
    return dict(seam_kit.stock(STOCK))


@seam_kit.asks_stock_moto
def test_every_defect_is_shown() -> None:
    assert set(_stock()) - {"paths"} == set(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS)
@seam_kit.asks_stock_moto
def test_stock_moto_still_has_the_defect(defect: str) -> None:
    seam = DEFECTS[defect]
    assert _stock()[defect] is True, f"moto has changed: not any more: {defect}; {LOOK.format(seam)}"

"""The places where moto hands over: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

from moto.awslambda import models, urls

from kits import patch_kit


def test_a_function_of_moto_has_what_the_data_plane_reads() -> None:
    attributes = ("account_id", "region", "function_name", "function_arn", "version", "run_time", "handler",
                  "timeout", "memory_size", "environment_vars", "code_sha_256", "code_bytes", "code_size",
                  "layers", "role", "description", "reserved_concurrency")  # fmt: skip
    patch_kit.assert_keeps(models.LambdaFunction, [f"self.{name}" for name in attributes], "lambda_/functions.py")


def test_an_alias_of_moto_has_what_the_data_plane_reads() -> None:
    attributes = ("self.name", "self.function_version", "self.routing_config")
    patch_kit.assert_keeps(models.LambdaAlias, attributes, "lambda_/versions.py")


def test_a_layer_version_of_moto_has_what_the_data_plane_reads() -> None:
    attributes = ("arn", "name", "version", "code_sha_256", "code_bytes")
    patch_kit.assert_keeps(models.LayerVersion, attributes, "lambda_/functions.py")


def test_moto_still_keeps_versions_where_the_patch_puts_them() -> None:
    parts = ('self._functions[name]["versions"]', "self._arns", "self._aliases")
    patch_kit.assert_keeps(models.LambdaStorage, parts, "lambda_/versions.py")


PATHS = "import json; from moto.awslambda import urls; print(json.dumps(list(urls.url_paths)))"


@patch_kit.asks_stock_moto
def test_moto_has_no_address_for_the_calls_that_a_patch_adds() -> None:
    ours = ("provisioned-concurrency", "account-settings")
    known = [path for path in patch_kit.stock(PATHS) if any(name in path for name in ours)]
    assert known == [], f"moto answers {known} itself now; {patch_kit.LOOK.format('lambda_concurrency.py')}"
    assert any("/concurrency" in path for path in urls.url_paths)


# ---- what stock moto does wrong: when one of these fails, the patch may go

#: Without our patches: each function shows one defect, and answers True while moto has it.
STOCK = """
from moto import backends
from moto.awslambda import urls
from moto.awslambda.responses import LambdaResponse
from moto.core import errors, request as requests, utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sqs.exceptions import InvalidParameterValue

def make(**more):
    make_function(source="def handler(e, c): return 1", **more)

def publish():
    return lam.publish_version(FunctionName="price")["Version"]

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

def moto_looks_for_methods_each_time():
    return utils.method_names_from_class(dict) is not utils.method_names_from_class(dict)

def xml_repeats_a_text():
    try:
        boto3.client("sns", "us-east-1").get_topic_attributes(TopicArn="arn:aws:sns:us-east-1:123456789012:none")
    except ClientError as error:
        return "message" in error.response["Error"]

def json_has_the_code_of_the_query_protocol():
    model = errors.get_error_model(InvalidParameterValue("x"), utils.get_service_model("sqs"))
    return model.name == "InvalidParameterValue"

def a_query_by_get_goes_to_s3():
    asked = {"QUERY_STRING": "Action=ListQueues", "PATH_INFO": "/123456789012/orders"}
    there = DomainDispatcherApplication(None).infer_service_region_host(asked, asked["PATH_INFO"])
    return there is None and requests.determine_request_protocol(utils.get_service_model("sqs")) == "json"

def the_largest_result_is_not_aws_s():
    return "6000000" in inspect.getsource(LambdaResponse.invoke)
"""

DEFECTS = {
    "invoke_reads_the_wrong_name": "lambda_/invoke.py",
    "a_handler_does_not_run": "lambda_/invoke.py",
    "the_largest_result_is_not_aws_s": "lambda_/invoke.py",
    "moto_looks_for_its_services_each_time": "moto/dispatch.py",
    "moto_looks_for_methods_each_time": "moto/dispatch.py",
    "xml_repeats_a_text": "moto/errors.py",
    "json_has_the_code_of_the_query_protocol": "moto/errors.py",
    "a_query_by_get_goes_to_s3": "moto/dispatch.py",
    "a_number_comes_back": "lambda_/versions.py",
    "the_same_settings_make_a_new_version": "lambda_/versions.py",
    "weights_are_not_checked": "lambda_/versions.py",
    "an_alias_may_be_a_number": "lambda_/versions.py",
    "a_second_alias_is_an_unknown_error": "lambda_/versions.py",
    "versions_of_nothing_are_listed": "lambda_/versions.py",
    "a_version_in_use_may_be_deleted": "lambda_/functions.py",
    "the_dead_letter_queue_is_dropped": "lambda_/functions.py",
    "the_log_format_is_dropped": "lambda_/functions.py",
    "code_that_is_no_zip_is_taken": "lambda_/functions.py",
    "a_layer_that_is_no_zip_is_taken": "lambda_/functions.py",
    "reserved_concurrency_is_only_stored": "lambda_/concurrency.py",
    "a_reservation_of_zero_is_not_shown": "lambda_/concurrency.py",
    "the_package_has_an_address_that_nothing_answers": "lambda_/concurrency.py",
    "one_event_configuration_for_all_qualifiers": "lambda_/asynchronous.py",
}


test_every_defect_is_listed, test_stock_moto_still_has_the_defect = patch_kit.tests_of(
    STOCK, DEFECTS, lam="lambda", iam="iam"
)

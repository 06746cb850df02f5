"""What stock moto's Lambda answers otherwise than AWS: when one of these fails, the patch may go."""

from __future__ import annotations

from kits import patch_kit

#: Without our patches: each function shows one defect, and answers True while moto has it.
STOCK = """
from moto.awslambda import urls

def refusal(call, **given):
    try:
        call(**given)
    except Exception as error:
        return error.response
    return {}

def errors_lack_a_type():
    return "Type" not in refusal(lam.get_function, FunctionName="prices")

def a_name_with_a_wrong_character_has_no_address():
    return "functions/(?P<function_name>.+)$" not in "".join(urls.url_paths)

def a_function_has_no_revision():
    make_function()
    return "RevisionId" not in lam.get_function_configuration(FunctionName="price")

def an_alias():
    make_function()
    lam.publish_version(FunctionName="price")
    return lam.create_alias(FunctionName="price", Name="live", FunctionVersion="1")["AliasArn"]

def the_arn_of_an_alias_is_not_shown():
    arn = an_alias()
    return lam.get_function_configuration(FunctionName="price", Qualifier="live")["FunctionArn"] != arn

def all_functions_are_on_one_page():
    make_function(); lam.publish_version(FunctionName="price")
    return len(lam.list_functions(FunctionVersion="ALL", MaxItems=1)["Functions"]) == 2

def an_old_revision_changes_an_alias():
    an_alias()
    return refusal(lam.update_alias, FunctionName="price", Name="live", RevisionId="old") == {}

def a_missing_layer_has_another_error():
    error = refusal(lam.get_layer_version, LayerName="tax", VersionNumber=1)["Error"]
    return error["Message"] != "The resource you requested does not exist."

def a_function_has_any_number_of_tags():
    arn = make_function()["FunctionArn"]
    return refusal(lam.tag_resource, Resource=arn, Tags={str(n): "lamp" for n in range(51)}) == {}

def aliases_of_all_versions_are_listed():
    an_alias()
    return len(lam.list_aliases(FunctionName="price", FunctionVersion="2")["Aliases"]) == 1
"""

DEFECTS = {
    "errors_lack_a_type": "lambda_/requests.py",
    "a_name_with_a_wrong_character_has_no_address": "lambda_/requests.py",
    "a_function_has_no_revision": "lambda_/answers.py",
    "the_arn_of_an_alias_is_not_shown": "lambda_/answers.py",
    "all_functions_are_on_one_page": "lambda_/answers.py",
    "an_old_revision_changes_an_alias": "lambda_/versions.py",
    "aliases_of_all_versions_are_listed": "lambda_/versions.py",
    "a_missing_layer_has_another_error": "lambda_/layers.py",
    "a_function_has_any_number_of_tags": "lambda_/tags.py",
}


test_every_defect_is_listed, test_stock_moto_still_has_the_defect = patch_kit.tests_of(
    STOCK, DEFECTS, lam="lambda", iam="iam"
)

"""Changes of functions in which several parts of Lambda take part: each is one patch, whose steps are visible here.

The parts are the function's settings and versions, its network, the permissions of its execution role and of its
callers, its URLs, and the pollers that call it. Each has a file, which says what AWS does and where moto differs.
"""

from __future__ import annotations

import weakref

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.lambda_ import (
    function_urls,
    functions,
    iam_targets,
    mappings as lambda_mappings,
    network,
    permissions as lambda_permissions,
    revisions,
    versions,
)

patches = Service("lambda")

_DEFECT = "engine/tests/services/test_moto_patches.py::test_stock_moto_still_has_the_defect"


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.create_function",
    defect=f"{_DEFECT}[the_dead_letter_queue_is_dropped]",
    upstream="CreateFunction keeps DeadLetterConfig and LoggingConfig, and refuses code that is not a zip.",
)
def create_function(backend: LambdaBackend, spec: JsonObject) -> LambdaFunction:
    """Creates a function with its interfaces. A request that AWS refuses leaves nothing behind."""
    role = str(spec.get("Role", ""))
    iam_targets.require_dead_letters(role, spec)
    network.complete_vpc(spec, role, None, network.place_of(backend))
    functions.refuse_settings(backend, spec, new=True)
    functions.require_source(spec.get("Code") or {})
    functions.refuse_missing_code(backend, spec["Code"])
    publish = spec.pop("Publish", False)  # once it is known to be good
    function = create_function.original(backend, spec)
    try:
        functions.refuse_code(function)
    except InvalidParameterValueException:
        delete_function.original(backend, spec["FunctionName"])
        raise
    functions.keep_what_moto_drops(function, spec)
    revisions.changed(function)
    current.plane.fleet.retire(functions.spec_of(function))  # an older one may have had its name
    if function.reserved_concurrency is not None:  # from CloudFormation; CreateFunction has no such setting
        backend.put_function_concurrency(function.function_name, function.reserved_concurrency)
    created = publish_version(backend, function.function_name) if publish else function
    network.begin(backend, function)
    lambda_mappings.follow(backend)
    return created


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.update_function_code",
    expects="self, function_name, qualifier, body",
    defect=f"{_DEFECT}[code_that_is_no_zip_is_taken]",
    upstream="UpdateFunctionCode refuses code that is not a zip, and then changes nothing.",
)
def update_function_code(backend: LambdaBackend, function_name: str, _qualifier: str, body: JsonObject) -> JsonObject:
    """Changes the code of $LATEST, and ends the environments that run the old code."""
    function = backend.get_function(function_name)
    network.refuse_while_it_changes(function)
    revisions.require(function, body.get("RevisionId"))
    functions.refuse_settings(backend, body, new=False)
    functions.require_source(body)
    functions.refuse_missing_code(backend, body)
    if body.get("DryRun"):
        return function.get_configuration()
    before = vars(function) | {"code": dict(function.code)}
    publish = body.pop("Publish", False)
    try:
        update_function_code.original(backend, function_name, "$LATEST", body)
        functions.refuse_code(function)
    except InvalidParameterValueException:
        vars(function).update(before)
        raise
    if body.get("Architectures"):
        function.architectures = body["Architectures"]
    functions.count_change(function)
    revisions.changed(function)
    vars(function)["must_publish"] = True
    current.plane.fleet.retire(functions.spec_of(function))
    if publish:
        version = publish_version(backend, function_name)
        return revisions.answer_of_change(version, version.get_configuration(), new=True)
    return revisions.answer_of_change(function, function.get_configuration(), new=False)


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.update_function_configuration",
    expects="self, function_name, qualifier, body",
    defect=f"{_DEFECT}[the_log_format_is_dropped]",
    upstream="UpdateFunctionConfiguration keeps DeadLetterConfig and LoggingConfig.",
)
def update_function_configuration(
    backend: LambdaBackend, function_name: str, _qualifier: str, body: JsonObject
) -> JsonObject:
    """Changes the settings of $LATEST. Its environments end, at once or when the new network is ready."""
    function = backend.get_function(function_name)
    revisions.require(function, body.get("RevisionId"))
    iam_targets.require_dead_letters_after(function, body)
    network.refuse_while_it_changes(function)
    with network.changes_of_vpc(function, body):
        functions.complete_logging(function, body)
        functions.refuse_settings(backend, body, new=False)
        if "Environment" in body:
            body["Environment"].setdefault("Variables", {})
        before = dict(vars(function))
        try:
            update_function_configuration.original(backend, function_name, "$LATEST", body)
            if body.get("Layers"):
                functions.refuse_code(function)
        except Exception:
            vars(function).update(before)
            raise
        functions.keep_what_moto_drops(function, body)
        revisions.changed(function)
        if function.description != before["description"]:
            vars(function)["must_publish"] = True
        current.plane.fleet.retire(functions.spec_of(function))
    answer = revisions.answer_of_change(function, function.get_configuration(), new=False)
    lambda_mappings.follow(backend)
    return answer


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.publish_version",
    defect=f"{_DEFECT}[a_number_comes_back]",
    upstream="PublishVersion never uses a number twice, and makes no version if nothing has changed.",
)
def publish_version(backend: LambdaBackend, function_name: str, description: str = "") -> LambdaFunction:
    """Publishes $LATEST, unless the newest version has the same code and settings."""
    network.refuse_while_it_changes(functions.latest(backend, function_name))
    return versions.publish(backend, function_name, description)


@patches.replaces(
    "moto.awslambda.models:LambdaBackend.delete_function",
    defect=f"{_DEFECT}[a_version_in_use_may_be_deleted]",
    upstream="DeleteFunction refuses to delete a version that an alias uses.",
)
def delete_function(backend: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    """Deletes a function or one of its versions, with all that belongs to it."""
    function = functions.latest(backend, function_name)
    named = functions.qualifier_in(backend, function_name) or qualifier or None
    urls = dict(function_urls.configurations(function))
    _delete(backend, function_name, qualifier)
    versions.forget_settings_of_missing(backend, function)
    network.follow(backend)
    lambda_mappings.follow(backend)
    function_urls.close_if_gone(backend, function_name, urls)
    if named is not None:
        lambda_permissions.forget(function, named)


def _delete(backend: LambdaBackend, function_name: str, qualifier: str | None) -> None:
    """Deletes the function or the version itself, and ends its environments."""
    function, fleet = backend.get_function(function_name, qualifier), current.plane.fleet
    name, arn = function.function_name, functions.arn_of(function)
    wanted = qualifier or functions.qualifier_in(backend, function_name)
    if wanted is not None:
        versions.refuse_to_delete(backend, name, wanted)
        delete_function.original(backend, name, wanted)
        fleet.retire_all(arn, [wanted])
        return
    gone = ["$LATEST", *(str(v.version) for v in functions.versions(backend, name))]
    delete_function.original(backend, name)
    # A function and its policy hold each other, and with them the package, until the next full garbage collection.
    function.policy.parent = weakref.proxy(function)
    fleet.forget(arn, gone)


@patches.replaces("moto.awslambda.models:LambdaBackend.delete_alias")
def delete_alias(backend: LambdaBackend, name: str, function_name: str) -> None:
    """Deletes an alias with its settings and permissions."""
    delete_alias.original(backend, name, function_name)
    function = functions.latest(backend, function_name)
    versions.forget(backend, function, name)
    lambda_permissions.forget(function, name)

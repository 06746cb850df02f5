"""SAM templates become CloudFormation templates, by AWS's own translator; no network, no AWS session.

The words of refusals are the translator's, as CloudFormation hands them on.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.template import SERVERLESS, check_shape, transforms_of

#: The translator keeps the Region in a class.
_one_at_a_time = threading.Lock()


def transformed(
    document: Mapping[str, Any],
    parameters: Mapping[str, Any],
    region: str,
    managed_policies: Callable[[], dict[str, str]],
) -> dict[str, Any]:
    """A template without SAM: a copy, if there is none in it.

    Args:
        document: the template, without macros.
        parameters: the caller's values, with or without the template's defaults.
        managed_policies: the ARNs of AWS's own policies by their names; called only if one is named.

    Raises:
        StackError: it is not a template, or SAM refuses it.
    """
    check_shape(document)
    template = copy.deepcopy(dict(document))
    if SERVERLESS not in transforms_of(document):
        return template
    _refuse_repository(document["Resources"])
    return _serverless(template, dict(parameters), region, managed_policies)


def _refuse_repository(resources: Mapping[str, Any]) -> None:
    for logical_id, resource in resources.items():
        if not isinstance(resource, Mapping) or resource.get("Type") != "AWS::Serverless::Application":
            continue
        properties = resource.get("Properties")
        if isinstance(properties, Mapping) and isinstance(properties.get("Location"), Mapping):
            raise StackError(
                f"The local cloud doesn't support the AWS Serverless Application Repository, from which {logical_id} "
                "(AWS::Serverless::Application) takes its template (docs/fidelity.md). Give the template's S3 address, "
                "or its path with `aws.deploy`, as Location."
            )


def _serverless(
    document: dict[str, Any], parameters: dict[str, Any], region: str, managed_policies: Callable[[], dict[str, str]]
) -> dict[str, Any]:
    import boto3  # this and the translator take seconds to import, and only templates with SAM need them
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    try:
        with _one_at_a_time:
            to_py27_compatible_template(document, parameters)
            # A session for its Region's name, nothing else.
            translator = Translator(None, Parser(), boto_session=boto3.session.Session(region_name=region))
            try:
                translation = translator.translate(document, parameters, get_managed_policy_map=managed_policies)
            finally:
                translator.metrics.publish()  # to nowhere; it would complain
            template: dict[str, Any] = undo_mark_unicode_str_in_template(translation)
    except InvalidDocumentException as error:
        causes = " ".join(str(cause.message) for cause in error.causes)
        raise StackError(f"Transform {SERVERLESS} failed with: {error.message} {causes}".strip()) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # The translator doesn't expect such a template.
        raise StackError(f"Transform {SERVERLESS} failed with: Internal transform failure. ({error!r})") from error
    template.pop("Transform", None)
    return json.loads(json.dumps(template))  # type: ignore[no-any-return]  # plain objects, no subclasses

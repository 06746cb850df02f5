"""The shop of module 12: a folder of files that the learner completes, joined to one SAM template and deployed.

    hikari-shop/parts/*.yaml      pieces of the template; what is given lies in modules/12-capstone/given
    hikari-shop/functions/*       the code of all its functions
    hikari-shop/template.yaml     written from the pieces that are there

CloudFormation has no way to put a template together from pieces of text, so `Shop` writes them one behind the other.
What comes out is an ordinary template: on AWS `sam deploy` takes it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from serverless_first.cloud import Cloud, CloudError
from serverless_first.places import module_dir

STACK = "hikari-shop"
#: The pieces in their order; provider.yaml comes with the payment workflow.
PARTS = ("head", "base", "door", "queues", "work", "provider", "payment", "projection")
_LATER = {"provider": "payment"}  # a given piece that waits for a piece of the learner's
#: Output -> the resource that must be there, and its value.
_OUTPUTS = {
    "ApiUrl": ("Front", "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
    "QueueUrl": ("Orders", "${Orders}"),
    "DeadLetterQueueUrl": ("OrdersDlq", "${OrdersDlq}"),
    "PaymentsQueueUrl": ("Payments", "${Payments}"),
    "ChangesQueueUrl": ("Changes", "${Changes}"),
    "Database": ("Database", "${Database}"),
    "Proxy": ("Proxy", "${Proxy}"),
    "PaymentMachineArn": ("Payment", "${Payment}"),
    "ProjectionTable": ("Projection", "${Projection}"),
    "ChargesTable": ("Charges", "${Charges}"),
    **{name: (name, f"${{{name}}}") for name in ("Front", "Worker", "Ledger", "Projector", "Provider", "Migrate")},
}
_STUB = "raise NotImplementedError"
_RESOURCE = re.compile(r"^  (\w+):", re.MULTILINE)
_HTTP_EVENT = re.compile(r"\bType: *[\"']?HttpApi\b")


class NotWritten(CloudError):
    """A file of the shop that the learner has not written yet; `file` is its path in the shop's folder."""

    def __init__(self, file: str) -> None:
        super().__init__(f"{file} is not written yet.")
        self.file = file


@dataclass(frozen=True)
class Shop:
    """The shop's folder.

    Args:
        folder: where its files are; made, with what is given, by `begin`.
    """

    folder: Path = Path(STACK)

    def begin(self, report: Callable[[str], None] = print) -> None:
        """Lays the given files that are not there. A file that is there stays as it is, whoever has changed it."""
        made = [source for source in self._given() if self._lay(source)]
        what = f"{len(made)} files laid" if made else "nothing to lay"
        report(f"{self.folder}: {what}, {sum(1 for p in self.folder.rglob('*.*') if p.is_file())} there.")

    def not_written(self, *files: str) -> str:
        """The first of these files that is missing or still holds the lab's stub; "" if all are written."""
        for name in files:
            path = self.folder / name
            if not path.is_file() or _STUB in path.read_text(encoding="utf-8"):
                return name
        return ""

    def write_template(self) -> Path:
        """Writes template.yaml from the pieces that are there; those that hold the lab's stub are left out.

        Raises:
            NotWritten: a piece is missing without which there is no shop.
        """
        if missing := self.not_written("parts/head.yaml", "parts/base.yaml"):
            raise NotWritten(missing)
        there = [part for part in PARTS if not self.not_written(f"parts/{part}.yaml")]
        chosen = [part for part in there if _LATER.get(part, part) in there]
        texts = [(self.folder / "parts" / f"{part}.yaml").read_text(encoding="utf-8") for part in chosen]
        text = "".join(each if each.endswith("\n") else f"{each}\n" for each in texts)
        made = set(_RESOURCE.findall(text))
        if not _HTTP_EVENT.search(text):
            made.discard("Front") if "Front" in made else None
        lines = [
            f'  {name}: {{Value: !Sub "{value}"}}' for name, (resource, value) in _OUTPUTS.items() if resource in made
        ]
        template = self.folder / "template.yaml"
        template.write_text("\n".join([text, "Outputs:", *lines, ""]), encoding="utf-8")
        return template

    def deploy(self, aws: Cloud, *, quiet: bool = False) -> dict[str, str]:
        """Writes the template and deploys it as the stack hikari-shop; its outputs.

        Args:
            aws: the local cloud.
            quiet: whether nothing is printed.

        Raises:
            CloudError: it cannot be deployed; the text says why.
        """
        outputs = aws.deploy(self.write_template(), stack_name=STACK, quiet=True)
        if not quiet:
            functions = [name for name in ("Front", "Worker", "Ledger", "Projector", "Provider") if name in outputs]
            print(f"{STACK} is deployed, with the functions {', '.join(functions) or 'of the database alone'}.")
        return outputs

    @staticmethod
    def _given() -> list[Path]:
        room = module_dir("12-capstone") / "given"
        return sorted(path for path in room.rglob("*") if path.is_file() and "__pycache__" not in path.parts)

    def _lay(self, source: Path) -> bool:
        target = self.folder / source.relative_to(module_dir("12-capstone") / "given")
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        return True


def outputs_of(stacks: object) -> Mapping[str, str]:
    """The outputs of the stack, from a client of CloudFormation."""
    (stack,) = stacks.describe_stacks(StackName=STACK)["Stacks"]  # type: ignore[attr-defined]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

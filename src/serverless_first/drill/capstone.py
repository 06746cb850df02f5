"""The shop of module 12: a folder of files that the learner completes, joined to one SAM template and deployed.

    hikari-shop/parts/*.yaml      pieces of the template; what is given lies in modules/12-capstone/given
    hikari-shop/functions/*       the code of all its functions
    hikari-shop/template.yaml     written from the pieces that are there

CloudFormation has no way to put a template together from pieces of text, so `Shop` writes them one behind the other.
The result is an ordinary template, which `sam deploy` takes unchanged on AWS.
"""

from __future__ import annotations

import base64
import html
import io
import os
import runpy
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from serverless_cloud import Cloud, CloudError
from serverless_cloud.notebook import leftovers
from serverless_first.course.places import module_dir
from serverless_first.course.words import count
from serverless_first.drill.finding import DESIGNS
from serverless_first.drill.record import Record
from serverless_first.drill.score import score

STACK = "hikari-shop"
#: The pieces in their order; provider.yaml comes with the payment workflow.
PARTS = ("head", "base", "door", "queues", "work", "provider", "payment", "projection")
_LATER = {"provider": "payment"}  # a given piece that waits for a piece of the learner's
_WITH = {"functions/payment.py": "parts/payment.yaml"}  # code that needs a piece of the template
#: Output -> the resource that must be there, and its value.
_OUTPUTS = {
    "ApiUrl": ("ServerlessHttpApi", "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
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


class NotLaid(CloudError):
    """A given file of the shop is not there; `file` is its path in the shop's folder."""

    def __init__(self, file: str) -> None:
        super().__init__(f"{file} is a given file, but it is not in the shop's folder. shop.begin() writes it again.")
        self.file = file


@dataclass(frozen=True)
class Shop:
    """The shop's folder.

    Args:
        folder: where its files are; made, with what is given, by `begin`.
    """

    folder: Path = Path(STACK)

    def begin(self, report: Callable[[str], None] = print) -> None:
        """Writes the given files that are missing. An existing file stays as it is, even if it was changed."""
        files = [source for source in self._course_files() if self._lay(source)]
        report(
            f"{self.folder}: {count(len(files), 'given file') + ' written' if files else 'all given files are there'}."
        )

    def not_written(self, *files: str) -> str:
        """The first of these files that is missing or still holds the lab's stub; "" if all are written."""
        for name in files:
            path = self.folder / name
            if not path.is_file() or _STUB in path.read_text(encoding="utf-8"):
                return name
        return ""

    def waiting(self) -> list[str]:
        """Files in whose place the given ones are deployed: they hold a stub, or what they need is not written."""
        names = [path.relative_to(_given_room()).as_posix() for path in self._course_files()]
        return [name for name in names if self.not_written(name) or (name in _WITH and self.not_written(_WITH[name]))]

    def write_template(self) -> Path:
        """Writes template.yaml from the existing pieces, without pieces that still hold the lab's stub.

        Raises:
            NotLaid: a given piece is missing without which there is no shop.
        """
        if missing := self.not_written("parts/head.yaml", "parts/base.yaml"):
            raise NotLaid(missing)
        there = [part for part in PARTS if not self.not_written(f"parts/{part}.yaml")]
        parts = [part for part in there if _LATER.get(part, part) in there]
        texts = [(self.folder / "parts" / f"{part}.yaml").read_text(encoding="utf-8") for part in parts]
        text = "".join(part_text if part_text.endswith("\n") else f"{part_text}\n" for part_text in texts)
        resources = _resources(text)
        lines = [
            f'  {name}: {{Value: !Sub "{value}"}}'
            for name, (resource, value) in _OUTPUTS.items()
            if resource in resources
        ]
        template = self.folder / "template.yaml"
        template.write_text("\n".join([text, "Outputs:", *lines, ""]), encoding="utf-8")
        return template

    def deploy(self, aws: Cloud, *, quiet: bool = False, instead: Mapping[str, str] | None = None) -> dict[str, str]:
        """Writes the template and deploys it as the stack hikari-shop; its outputs.

        Instead of a file that still holds the lab's stub, a copy of the given file is deployed, if there is one.

        Args:
            instead: file -> text that is deployed in its place; the folder stays as it is.

        Raises:
            CloudError: it cannot be deployed; the text says why.
        """
        template = self.write_template()
        waiting = self.waiting()
        others = {name: (_given_room() / name).read_text(encoding="utf-8") for name in waiting} | dict(instead or {})
        if others:
            with tempfile.TemporaryDirectory(dir=leftovers.scratch()) as room:
                copy = Shop(Path(room) / STACK)
                shutil.copytree(self.folder, copy.folder, ignore=shutil.ignore_patterns("__pycache__"))
                for name, text in others.items():
                    (copy.folder / name).write_text(text, encoding="utf-8")
                outputs = aws.deploy(copy.write_template(), stack_name=STACK, quiet=True)
        else:
            outputs = aws.deploy(template, stack_name=STACK, quiet=True)
        if not quiet:
            functions = [name for name in ("Front", "Worker", "Ledger", "Projector", "Provider") if name in outputs]
            print(f"{STACK} is deployed, with the functions {', '.join(functions) or 'of the database only'}.")
            if stubs := [name for name in waiting if self.not_written(name)]:
                print(f"Not written yet: {', '.join(stubs)}. The given files are deployed instead.")
        return outputs

    @staticmethod
    def _course_files() -> list[Path]:
        room = _given_room()
        return sorted(path for path in room.rglob("*") if path.is_file() and "__pycache__" not in path.parts)

    def _lay(self, source: Path) -> bool:
        target = self.folder / source.relative_to(_given_room())
        if target.exists():
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        return True


def _resources(template: str) -> set[str]:
    """The names of the resources, however the YAML is spelled. None if it can't be read: the deployment says why."""
    try:
        document = yaml.compose(template, Loader=yaml.SafeLoader)  # leaves !Ref and !GetAtt as they are
    except yaml.YAMLError:
        return set()
    resources = _members(_members(document).get("Resources"))
    properties = [_members(_members(resource).get("Properties")) for resource in resources.values()]
    events = [_members(event) for members in properties for event in _members(members.get("Events")).values()]
    has_http = any((kind := event.get("Type")) and kind.value == "HttpApi" for event in events)
    return {*resources, "ServerlessHttpApi"} if has_http else set(resources)  # SAM makes it of such an event


def _members(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _given_room() -> Path:
    return module_dir("12-capstone") / "given"


def wrong_designs() -> dict[str, Record]:
    """Records of drills of five shops, each with one thing wrong: name of the design -> record."""
    room = module_dir("12-capstone") / "records"
    return {name: Record.load(room / f"{name.replace(' ', '-')}.json") for name in DESIGNS}


def my_drill(folder: Path = Path(STACK)) -> Record:
    """The record of the learner's drill, or the record of a sound shop if there is none yet.

    Raises:
        RecordError: drill.json isn't a record.
    """
    mine = folder / "drill.json"
    return Record.load(mine if mine.is_file() else module_dir("12-capstone") / "records" / "sound.json")


def write_page(page: str | os.PathLike[str], price: str | os.PathLike[str], reasons: Mapping[str, str]) -> Path:
    """Writes a page that explains the shop: picture, reasons, what the drill has found, and prices.

    Args:
        page: the file to write, in the folder of the shop.
        price: a Python file with `per_1000_orders(record)`, which gives US dollars by what is paid for.
        reasons: decision -> why.

    Returns:
        Where it is.

    Raises:
        OSError, RecordError: the record, or the file with the prices, cannot be read. Also whatever that file raises.
    """
    from serverless_first import figures  # matplotlib takes a second, and the checks draw nothing

    file = Path(page)
    record = my_drill(file.parent)
    scored = score(record)
    usd = dict(runpy.run_path(os.fspath(price))["per_1000_orders"](record))
    others = {what: value for what, value in scored.cost.parts if what not in usd}
    picture = io.BytesIO()
    figures.shop_architecture(title="The parts of the shop, and what they send to each other").savefig(
        picture, format="png"
    )
    image = base64.b64encode(picture.getvalue()).decode()
    verdict = "has passed" if scored.passed else "has not passed"
    file.write_text(
        _PAGE.format(
            image=image,
            alt=html.escape(figures.shop_architecture_words(), quote=True),
            reasons="".join(f"<dt>{html.escape(d)}</dt><dd>{html.escape(why)}</dd>\n" for d, why in reasons.items()),
            verdict=f"The shop {verdict} a drill with {record.orders:,} orders.",
            meanwhile=html.escape("; ".join(moment.what for moment in record.moments)),
            findings="".join(
                f"<tr><td>{html.escape(finding.name)}</td><td>{'passed' if finding.passed else 'FAILED'}</td>"
                f"<td>{html.escape(finding.seen)}</td></tr>\n"
                for finding in scored.findings
            ),
            prices="".join(_price_row(what, value) for what, value in (usd | others).items()),
            total=_price_row("All that is paid by use", sum((usd | others).values())),
        ),
        encoding="utf-8",
    )
    print(f"{file}: {len(reasons)} reasons, {len(scored.findings)} findings, {len(usd | others)} prices")
    return file


def usd_text(value: float) -> str:
    """A price as the page has it."""
    return f"{value:.4f}"


def _price_row(what: str, value: float) -> str:
    return f"<tr><td>{html.escape(what)}</td><td>{usd_text(value)}</td></tr>\n"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Hikari's shop: the design and its price</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222; }}
img {{ max-width: 100%; }}
dt {{ font-weight: bold; margin-top: 0.8em; }}
table {{ border-collapse: collapse; }}
td, th {{ border-bottom: 1px solid #ccc; padding: 0.25em 1em 0.25em 0; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<h1>Hikari's shop: the design and its price</h1>
<img src="data:image/png;base64,{image}" alt="{alt}">
<h2>Why it is built this way</h2>
<dl>
{reasons}</dl>
<h2>What the drill found</h2>
<p>{verdict} Several clients ordered at once. The faults, in this order: {meanwhile}.</p>
<table>
<tr><th>finding</th><th></th><th>what was seen</th></tr>
{findings}</table>
<h2>What 1,000 orders cost</h2>
<table>
<tr><th>what</th><th>US dollars</th></tr>
{prices}{total}</table>
<p>Prices of us-east-1, without a free tier; times of the machine that ran the drill.
The hours of the database and the proxy are extra.</p>
</body>
</html>
"""

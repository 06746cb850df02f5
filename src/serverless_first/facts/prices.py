"""prices.yml as objects: the prices of AWS's services, by Region, each with its date and source.

prices.yml is beside facts.yml and may cite the same sources::

    checked: 2026-11-25                      # when somebody last compared the table with its sources
    sources: ...                             # as in facts.yml, those that only prices need
    prices:
      lambda-requests:
        service: Lambda
        item: requests
        unit: 1,000,000 requests             # a number in front is the amount that the price is for
        in:
          us-east-1: {usd: 0.20, as_of: 2026-09-24, source: ARCHG}

A price that no source gives is not in the table, and code that needs it says so.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from serverless_first.course.places import course_root
from serverless_first.facts import table
from serverless_first.facts.files import FOLDER, FactsError, Reader, Source, parse

FILE = "prices.yml"

_AMOUNT = re.compile(r"(?:(\d{1,3}(?:,\d{3})*) )?(\S.*)")


class UnknownPrice(KeyError):
    """A price or a Region that prices.yml does not have; the message lists what there is."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Price:
    """One price in one Region.

    Attributes:
        id: its key in prices.yml.
        service: AWS's name of the service.
        item: what is paid for.
        unit: what the price is for, such as "1,000,000 requests" or "GB-second".
        usd: US dollars for that unit, as AWS prints it.
        each_usd: US dollars for one of what the unit counts.
        as_of: the day, month or year that the source gives.
        sources: where it was read.
    """

    id: str
    service: str
    item: str
    region: str
    unit: str
    usd: float
    each_usd: float
    as_of: str
    sources: tuple[Source, ...]


class Prices(dict[str, Price]):
    """The prices of one Region by id; `prices[id]` raises UnknownPrice with the near misses."""

    def __init__(self, region: str, prices: Iterable[Price]) -> None:
        self.region = region
        self._everywhere = tuple(prices)
        super().__init__({price.id: price for price in self._everywhere if price.region == region})

    def __missing__(self, price_id: str) -> Price:
        if elsewhere := [price.region for price in self._everywhere if price.id == price_id]:
            raise UnknownPrice(f"{FILE} has no price {price_id!r} for {self.region}, only for {', '.join(elsewhere)}.")
        near = difflib.get_close_matches(price_id, self, n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(near)}?" if near else f"{FILE} lists the known prices."
        raise UnknownPrice(f"There is no price {price_id!r} in {FILE}. {hint}")

    def each_usd(self, price_id: str) -> float:
        """US dollars for one request, GB-second, hour or whatever the price counts.

        Raises:
            UnknownPrice: the table has no such price for this Region.
        """
        return self[price_id].each_usd


@dataclass(frozen=True)
class Table:
    """All of prices.yml.

    Attributes:
        prices: each price, in the order of the file.
        checked: when somebody last compared the table with its sources.
    """

    prices: tuple[Price, ...]
    checked: date

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions that have prices, in the order of the file."""
        return tuple(dict.fromkeys(price.region for price in self.prices))

    def of(self, region: str) -> Prices:
        """The prices of a Region.

        Raises:
            UnknownPrice: the table has no prices of this Region.
        """
        if region not in self.regions:
            raise UnknownPrice(f"{FILE} has no prices of {region!r}. It has {' and '.join(self.regions)}.")
        return Prices(region, self.prices)


def of(region: str = "us-east-1") -> Prices:
    """The prices of a Region, from the checkout's prices.yml.

    >>> of("us-east-1")["lambda-requests"].usd
    0.2

    Raises:
        UnknownPrice: the table has no prices of this Region.
        FactsError: prices.yml breaks its rules.
    """
    return load().of(region)


def load(root: Path | None = None) -> Table:
    """Reads prices.yml of the checkout (or of `root`).

    Raises:
        FactsError: the file is not there or breaks its rules; one problem for each wrong place.
    """
    path = (root or course_root()) / FOLDER / FILE
    if not path.is_file():
        raise FactsError([f"{FILE} is not in {path.parent}. It belongs beside facts.yml."])
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(path: Path, _changed_ns: int) -> Table:
    return _Reader(FILE, table.sources(path.parents[1])).read(parse(path))


class _Reader(Reader):
    """Reads prices.yml."""

    def read(self, data: object) -> Table:
        top = self.mapping(data, "the file", {"checked", "sources", "prices"})
        checked = self.day(str(top.get("checked")), "checked")
        self.read_sources(top)
        entries = self.mapping(top.get("prices"), "prices").items()
        prices = [price for key, entry in entries for price in self._prices(str(key), entry)]
        if self.problems:
            raise FactsError(self.problems)
        return Table(tuple(prices), checked)

    def _prices(self, key: str, entry: object) -> list[Price]:
        """The price of one service and item in each Region."""
        where = f"price {key}"
        fields = self.named("price", key, entry, {"service", "item", "unit", "in"})
        service, item, unit = (self.text(fields, name, where) for name in ("service", "item", "unit"))
        amount = _AMOUNT.fullmatch(unit)
        count = float(amount[1].replace(",", "")) if amount and amount[1] else 1.0
        regions = self.mapping(fields.get("in"), f"{where}, in")
        if not regions:
            self.problem(f"{where}: it has no Region. Name at least one under `in`")
        prices = []
        for region, row in regions.items():
            here = f"{where}, {region}"
            cells = self.mapping(row, here, {"usd", "as_of", "source"})
            usd, as_of = self._usd(cells, here), self.period(cells.get("as_of", ""), f"{here}: as_of")
            sources = self.cited(cells, here)
            prices.append(Price(key, service, item, str(region), unit, usd, usd / count, as_of, sources))
        return prices

    def _usd(self, cells: Mapping[str, object], where: str) -> float:
        usd = cells.get("usd")
        if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 < usd < math.inf:
            self.problem(f"{where}: usd is {usd!r}, but must be a number above 0")
            return math.nan
        return float(usd)

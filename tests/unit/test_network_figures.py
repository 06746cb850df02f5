"""The figures of the network: two VPCs, the port table, a cold start then and now."""

from __future__ import annotations

import pytest
from matplotlib.patches import Rectangle
from tests.unit.figure_reading import TITLES, check_words, legends, words

from serverless_first import figures
from serverless_first.figures.two_vpcs import Model
from serverless_first.simulate import network


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize(
    ("model", "environments", "interfaces", "addresses", "refused"),
    [
        ("none", 4, 0, 11, 0),
        ("2019", 11, 11, 11, 19),
        ("2019", 59, 59, 59, 13),
        ("hyperplane", 1, 1, 11, 0),
        ("hyperplane", 72, 2, 60, 0),
    ],
)
def test_two_vpcs(model: Model, environments: int, interfaces: int, addresses: int, refused: int, title: str) -> None:
    figure = figures.two_vpcs(
        title=title, model=model, environments=environments, interfaces=interfaces, addresses=addresses, refused=refused
    )
    check_words(figure, title)
    slots = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    assert len(slots) == interfaces
    assert ("Hyperplane" in words(figure)) is (model == "hyperplane")
    found = legends(figure)
    assert f"{environments} environment{'' if environments == 1 else 's'}" in found
    assert (f"{refused} got no address" in found) is bool(refused)
    assert (f"{addresses - interfaces} free" in found) is (addresses > interfaces)


@pytest.mark.parametrize(
    ("model", "environments", "interfaces", "says"),
    [
        ("2019", 4, 3, "3 interfaces for 4 environments don't match the model '2019'"),
        ("none", 4, 1, "don't match the model 'none'"),
        ("hyperplane", 4, 12, "12 interfaces don't fit into 11 addresses"),
        ("hyperplane", 73, 1, "up to 72 and 60 can be drawn"),
    ],
)
def test_what_cannot_be_drawn_is_said(model: Model, environments: int, interfaces: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.two_vpcs(title="", model=model, environments=environments, interfaces=interfaces)


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_table_of_ports(count: int, title: str) -> None:
    lines = network.translate([(f"10.0.0.{n}:40000", "orders-db:5432") for n in range(1, count + 1)])
    figure = figures.translations(lines, title=title)
    check_words(figure, title)
    assert f"ports in use towards orders-db:5432: {count} of 65,000" in words(figure)
    marked = [patch for patch in figure.axes[0].patches if patch.get_linewidth() > 1.5]
    assert len(marked) == (count if count > 1 else 0)  # the source port that several use


def test_a_table_of_ports_without_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="0 lines were given, but only 1 to 8"):
        figures.translations([], title="")


@pytest.mark.parametrize("title", TITLES[:1])
def test_a_cold_start_then_and_now(title: str) -> None:
    figure = figures.cold_starts(network.cold_start(0.5, "2019"), network.cold_start(0.5), title=title)
    check_words(figure, title)
    assert {"10.5 s", "0.5 s"} <= {word.strip() for word in words(figure).splitlines()}

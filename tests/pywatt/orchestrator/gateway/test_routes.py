"""Which module a request target belongs to."""

from __future__ import annotations

import pytest

from pywatt.orchestrator.gateway.routes import Match, RouteTable, leaves_root

TABLE = RouteTable(["shop", "shop.2"], [("/catalog", "shop"), ("/cat", "shop.2")])


@pytest.mark.parametrize(
    ("target", "module", "prefix", "rest"),
    [
        ("/m/shop", "shop", "/m/shop", "/"),
        ("/m/shop/", "shop", "/m/shop", "/"),
        ("/m/shop?x=1", "shop", "/m/shop", "/?x=1"),
        ("/m/shop/a/b?x=/../..", "shop", "/m/shop", "/a/b?x=/../.."),
        ("/m/shop.2/a", "shop.2", "/m/shop.2", "/a"),
        ("/m/shop//a//", "shop", "/m/shop", "//a//"),
        ("/m/shop/%41%2f%zz;p=1?q=%20+&&", "shop", "/m/shop", "/%41%2f%zz;p=1?q=%20+&&"),
        ("/m/shop/a?", "shop", "/m/shop", "/a?"),
        ("/catalog/7", "shop", "/catalog", "/7"),
        ("/cat/7", "shop.2", "/cat", "/7"),
    ],
)
def test_the_prefix_goes_and_the_rest_stays_as_it_was_sent(
    target: str, module: str, prefix: str, rest: str
) -> None:
    assert TABLE.find(target) == Match(module, prefix, rest, False)


@pytest.mark.parametrize("target", ["/", "/m", "/catalogue", "/M/shop", "/ca"])
def test_other_paths_belong_to_nobody(target: str) -> None:
    assert TABLE.find(target).module is None


@pytest.mark.parametrize("target", ["/m/", "/m/other/x", "/m/shopping", "/m/shop%20"])
def test_a_path_may_name_a_module_that_does_not_exist(target: str) -> None:
    assert TABLE.find(target).module == target.split("/")[2]


def test_the_longest_prefix_wins() -> None:
    table = RouteTable(["a", "b", "c"], [("/x", "a"), ("/x/y", "b"), ("/", "c")])
    assert table.find("/x/y/z")[:3] == ("b", "/x/y", "/z")
    assert table.find("/x/yz")[:3] == ("a", "/x", "/yz")
    assert table.find("/z?x")[:3] == ("c", "", "/z?x")


def test_a_module_at_the_root_does_not_get_the_misspelt_names_of_others() -> None:
    table = RouteTable(["a", "b"], [("/", "a")])
    assert table.find("/anything").module == "a"
    assert table.find("/m/bb/x").module == "bb"


def test_the_single_module_is_served_at_the_root_and_under_its_name() -> None:
    table = RouteTable(["hello"], [], single="hello")
    assert table.find("/greet/you")[:3] == ("hello", "", "/greet/you")
    assert table.find("/m/hello/greet/you")[:3] == ("hello", "/m/hello", "/greet/you")
    assert table.find("/m/own/path")[:3] == ("hello", "", "/m/own/path")


@pytest.mark.parametrize(
    "target",
    [
        "/m/shop/..",
        "/m/shop/../other",
        "/m/shop/a/../../other",
        "/m/shop/./../other",
        "/m/shop//../other",
        "/m/shop/%2e%2e/other",
        "/m/shop/%2E./other",
        "/m/shop/.%2e/other",
        "/m/shop/..%2fother",
        "/m/shop/..%2Fother",
        "/m/shop/%2e%2e%2fother",
        "/m/shop/a%2f..%2f..%2fother",
        "/m/shop/a%2fb/../../other",
        "/m/shop/..%5cother",
        "/m/shop/..\\other",
        "/m/shop/%252e%252e/other",
        "/m/shop/%25252e%25252e%25252fother",
        "/m/shop/..;x=1/other",
        "/m/shop/a/%2e%2e%3bx/%2e%2e/other",
        "/m/shop/" + "%" + "25" * 40 + "2e",
        "/catalog/../m/shop.2",
        "/m/../m/shop",
        "/m/%2e%2e/healthz",
        "/m/shop%2f..%2f..%2fhealthz",
    ],
)
def test_a_path_that_leaves_its_prefix_is_seen(target: str) -> None:
    assert TABLE.find(target).climbs


@pytest.mark.parametrize(
    "target",
    [
        "/m/shop/a/../b",
        "/m/shop/a/b/../../c",
        "/m/shop/a%2fb",
        "/m/shop/a%2f..",
        "/m/shop/a/%2e%2e/b",
        "/m/shop/...",
        "/m/shop/..a/..b",
        "/m/shop/100%25",
        "/m/shop/a%252fb",
        "/m/shop/?next=../../..",
        "/m/shop/v1..v2",
    ],
)
def test_a_path_that_stays_below_its_prefix_is_left_alone(target: str) -> None:
    match = TABLE.find(target)
    assert not match.climbs
    assert match.target == target.removeprefix("/m/shop")


def test_no_escape_hides_a_climb_from_the_shortcut() -> None:
    for dots in ("..", "%2e.", ".%2E", "%2e%2e", "%252e.", "%25%32%65%2e"):
        assert TABLE.find(f"/m/shop/{dots}/x").climbs
        assert leaves_root(f"/{dots}/x")

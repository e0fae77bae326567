"""Which endpoints are asked, and which are said not to be."""

from evidences import announced

from pywatt.orchestrator.doctor.probing import MAX_PROBES, plan_probes


def test_a_path_without_parameters_is_asked() -> None:
    assert plan_probes(announced("/a", "/b/c").endpoints, requests=True) == (["/a", "/b/c"], [])


def test_parameters_in_any_notation_cannot_be_guessed() -> None:
    paths, skipped = plan_probes(
        announced("/a/:id", "/b/*rest", "/c/{id}", "/d/<id>").endpoints, requests=True
    )
    assert paths == []
    assert {reason for _, reason in skipped} == {"it has parameters in its path"}


def test_another_method_may_change_something() -> None:
    paths, skipped = plan_probes(announced("/a", method="POST").endpoints, requests=True)
    assert (paths, [endpoint for endpoint, _ in skipped]) == ([], ["POST /a"])


def test_there_is_an_end_to_it() -> None:
    many = announced(*(f"/{number}" for number in range(MAX_PROBES + 2)))
    paths, skipped = plan_probes(many.endpoints, requests=True)
    assert (len(paths), len(skipped)) == (MAX_PROBES, 2)


def test_none_is_asked_when_that_is_wanted() -> None:
    assert plan_probes(announced("/a").endpoints, requests=False)[0] == []

"""From words to a plan's parameters: explicit hosts, explicit migrations, or a refusal."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.model.test_migration_range import REPO
from tests.plan_fakes import NOW, environment
from tui.model.fleet import App, Limits
from tui.model.migration import By, MigrationStatus, RepoStatus
from tui.model.plan import PlanRefused
from tui.operations.context import PlanContext
from tui.operations.plan_asked import Range, Wanted, params_of

ANSWERS = dict[By, MigrationStatus]


async def refresh(_host: str) -> None:
    """Nothing is read."""


CONTEXT = PlanContext(
    environment("web1", "web2"), App("billing"), {}, refresh, Limits(), lambda: NOW
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> ANSWERS:
    """What the hosts answer, by way of asking."""
    answers = {By.RPC: MigrationStatus("web1", By.RPC, "0.3.0", NOW, (REPO,))}

    async def read_status(_context: PlanContext, host: str, *, by: By) -> MigrationStatus:
        return answers.get(by, MigrationStatus(host, by, problem=f"no {by} here"))

    module = ModuleType("tui.operations.migrate")
    module.read_status = read_status  # type: ignore[attr-defined]  # a fake
    monkeypatch.setitem(sys.modules, "tui.operations.migrate", module)
    return answers


async def test_without_hosts_all_are_meant_and_named() -> None:
    assert await params_of(CONTEXT, Wanted("restart")) == (("hosts", "web1 web2"),)
    task = Wanted("task", params=(("task", "rebuild"),))
    assert await params_of(CONTEXT, task) == (("hosts", "web1"), ("task", "rebuild"))
    some = Wanted("deploy", ("web2",), ("web1",), (("version", "0.3.0"),))
    assert await params_of(CONTEXT, some) == (
        ("hosts", "web2"),
        ("version", "0.3.0"),
        ("without", "web1"),
    )


@pytest.mark.parametrize("wanted", [Wanted("restart", ("db1",)), Wanted("x", (), ("db1",))])
async def test_a_host_that_does_not_run_it_is_refused(wanted: Wanted) -> None:
    with pytest.raises(PlanRefused, match="db1: no host that runs billing"):
        await params_of(CONTEXT, wanted)


async def test_down_is_an_explicit_list_on_the_migration_host(told: ANSWERS) -> None:
    assert told
    meant = Wanted("migrate", migrations=Range(down=True, version=20180202120000, undo=True))
    assert await params_of(CONTEXT, meant) == (
        ("direction", "down"),
        ("repo", "Billing.Repo"),
        ("versions", "20180203120000 20180202120000"),
        ("hosts", "web1"),
    )
    up = await params_of(CONTEXT, Wanted("migrate", migrations=Range(down=False)))
    assert dict(up)["versions"] == "20180204120000 20180205120000"


@pytest.mark.parametrize(
    ("meant", "why"),
    [
        (Range(down=True), "needs a version"),
        (Range(down=True, version=3), "3 is not applied"),
        (Range(down=True, version=20180101120000, repo="Other.Repo"), "web1 has Billing.Repo"),
    ],
)
async def test_what_names_nothing_is_refused(told: ANSWERS, meant: Range, why: str) -> None:
    assert told
    with pytest.raises(PlanRefused, match=why):
        await params_of(CONTEXT, Wanted("migrate", migrations=meant))


async def test_where_no_node_answers_the_code_on_disk_is_asked(told: ANSWERS) -> None:
    told[By.EVAL] = told.pop(By.RPC)
    up = await params_of(CONTEXT, Wanted("migrate", migrations=Range(down=False)))
    assert dict(up)["repo"] == "Billing.Repo"
    told.clear()
    with pytest.raises(PlanRefused, match="by rpc: no rpc here; by eval: no eval here"):
        await params_of(CONTEXT, Wanted("migrate", migrations=Range(down=False)))


async def test_two_repos_have_to_be_told_apart(told: ANSWERS) -> None:
    told[By.RPC] = MigrationStatus("web1", By.RPC, repos=(REPO, RepoStatus("Audit.Repo")))
    with pytest.raises(PlanRefused, match=r"web1 has Billing\.Repo, Audit\.Repo"):
        await params_of(CONTEXT, Wanted("migrate", migrations=Range(down=False)))

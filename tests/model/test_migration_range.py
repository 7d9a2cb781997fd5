"""Which migrations a version and a direction mean: never a range that nobody sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.migration import Migration, MigrationState, RepoStatus
from tui.model.migration_range import down_words, versions_down, versions_up

REPO = RepoStatus(
    "Billing.Repo",
    (
        Migration(20170801090000, "create_users", MigrationState.APPLIED),
        Migration(20180101120000, "create_invoices", MigrationState.APPLIED),
        Migration(20180202120000, "add_amount", MigrationState.APPLIED),
        Migration(20180203120000, "", MigrationState.NO_FILE),
        Migration(20180204120000, "drop_legacy", MigrationState.PENDING),
        Migration(20180205120000, "add_index", MigrationState.PENDING),
    ),
)


def test_keep_and_undo_differ_by_the_version_itself() -> None:
    newer = (20180203120000, 20180202120000)
    assert versions_down(REPO, 20180101120000, undo=False) == newer
    assert versions_down(REPO, 20180101120000, undo=True) == (*newer, 20180101120000)


@pytest.mark.parametrize("version", [20180204120000, 0, 99999999999999])
@pytest.mark.parametrize("undo", [True, False])
def test_a_version_that_is_not_applied_means_nothing(version: int, undo: bool) -> None:
    with pytest.raises(ValueError, match=r"is not applied in Billing\.Repo"):
        versions_down(REPO, version, undo=undo)


def test_keeping_the_newest_undoes_nothing_and_says_so() -> None:
    with pytest.raises(ValueError, match="20180203120000 is the newest that is applied"):
        versions_down(REPO, 20180203120000, undo=False)
    assert versions_down(REPO, 20180203120000, undo=True) == (20180203120000,)


def test_up_is_all_or_to_a_pending_one() -> None:
    assert versions_up(REPO, None) == (20180204120000, 20180205120000)
    assert versions_up(REPO, 20180204120000) == (20180204120000,)
    with pytest.raises(ValueError, match="20180202120000 is not pending"):
        versions_up(REPO, 20180202120000)
    with pytest.raises(ValueError, match="nothing is pending"):
        versions_up(RepoStatus("Billing.Repo"), None)


@given(st.sets(st.integers(1, 10**14), min_size=1, max_size=12), st.data())
def test_what_goes_is_a_list_of_applied_ones_newest_first(
    versions: set[int], data: st.DataObject
) -> None:
    applied = tuple(Migration(v, "", MigrationState.APPLIED) for v in sorted(versions))
    status = RepoStatus("R", applied)
    chosen = data.draw(st.sampled_from(sorted(versions)))
    going = versions_down(status, chosen, undo=True)
    assert list(going) == sorted((v for v in versions if v >= chosen), reverse=True)


def test_in_words() -> None:
    three = versions_down(REPO, 20180101120000, undo=True)
    assert down_words(REPO, three) == (
        "20180101120000 and the 2 after it are undone; 20170801090000 stays"
    )
    two = versions_down(REPO, 20180202120000, undo=True)
    assert down_words(REPO, two).startswith("20180202120000 and the one after it are undone")
    one = versions_down(REPO, 20180202120000, undo=False)
    assert down_words(REPO, one) == "20180203120000 is undone; 20180202120000 stays"
    assert down_words(REPO, REPO.applied).endswith("; none is left")

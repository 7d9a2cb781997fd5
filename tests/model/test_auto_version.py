"""Auto-versions of edeliver, with the configured order and by their look."""

from __future__ import annotations

import pytest

from tui.model.auto_version import AutoVersion, parse_auto_version


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("0.2.0", AutoVersion("0.2.0")),
        ("0.2.0+", AutoVersion("0.2.0")),
        (
            "0.2.0+20180527-master-6bfed7e",
            AutoVersion("0.2.0", "2018-05-27", "", "master", "6bfed7e"),
        ),
        (
            "0.2.0+20180527-103000-fix-login-2-6bfed7e",
            AutoVersion("0.2.0", "2018-05-27", "10:30:00", "fix-login-2", "6bfed7e"),
        ),
        ("1.0.0-rc.1+6bfed7e", AutoVersion("1.0.0-rc.1", revision="6bfed7e")),
        ("0.2.0+412", AutoVersion("0.2.0", commits="412")),
        ("0.2.0+6bfed7e-20180527", AutoVersion("0.2.0", "2018-05-27", revision="6bfed7e")),
        ("0.2.0+20189999-master", AutoVersion("0.2.0", branch="master", revision="20189999")),
        (
            "0.2.0+20180527-fix-deadbeef-6bfed7e",
            AutoVersion("0.2.0", "2018-05-27", "", "fix-deadbeef", "6bfed7e"),
        ),
    ],
)
def test_by_their_look(version: str, wanted: AutoVersion) -> None:
    assert parse_auto_version(version) == wanted
    assert wanted.auto == (wanted.words != "")


def test_the_configured_order_tells_what_the_look_cannot() -> None:
    look_alike = "0.2.0+issue-42-412"
    assert parse_auto_version(look_alike).branch == "issue-42-412"
    exact = parse_auto_version(look_alike, ("git-branch", "commit-count-all"))
    assert exact == AutoVersion("0.2.0", branch="issue-42", commits="412")
    order = ("append-git-revision", "build-date", "branch-unless-master", "mix-env")
    assert parse_auto_version("1.0+6bfed7e-20180527-prod", order) == AutoVersion(
        "1.0", "2018-05-27", revision="6bfed7e", mix_env="prod"
    )
    assert parse_auto_version("1.0+6bfed7e-20180527-a-b-prod", order).branch == "a-b"


def test_what_does_not_fit_the_order_is_told_by_its_look() -> None:
    wanted = AutoVersion("1.0", "2018-05-27", branch="master")
    assert parse_auto_version("1.0+20180527-master", ("revision",)) == wanted
    assert parse_auto_version("1.0+20180527-master", ("moon-phase",)) == wanted
    assert parse_auto_version("1.0+20180527-master", ("branch", "branch")) == wanted


def test_the_words() -> None:
    version = parse_auto_version("0.2.0+20180527-master-6bfed7e")
    assert version.words == "2018-05-27 master 6bfed7e"

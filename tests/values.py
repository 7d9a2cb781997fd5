"""Snapshots and views as values, for tests that need no host."""

from __future__ import annotations

from tui.model.fleet import Flavour
from tui.model.host import HostSnapshot, HostView, Link, LinkState, MachineFacts
from tui.model.release import ReleaseFacts
from tui.model.unit import UnitFacts

NOW = 1_795_400_000.0


def snapshot(
    host: str,
    *,
    runs: str | None = "0.2.0",
    boots: str | None = "0.2.0",
    active: str = "active",
    restarts: int = 0,
    skew: float = 0.0,
    rtt: float = 0.02,
    taken_at: float = NOW - 1,
    problem: str = "",
    **unit: object,
) -> HostSnapshot:
    """A snapshot of billing on a host that is well, but for what is said."""
    facts = UnitFacts(
        "billing_prod.service",
        load_state=str(unit.pop("load_state", "loaded")),
        active_state=active,
        sub_state="running" if active == "active" else "failed",
        result="success" if active == "active" else "exit-code",
        main_pid=129 if active == "active" else None,
        restarts=restarts,
        since=NOW - 7300,
        **unit,  # type: ignore[arg-type]  # the caller names fields of UnitFacts
    )
    return HostSnapshot(
        host,
        "billing",
        taken_at,
        rtt,
        facts,
        ReleaseFacts(Flavour.MIX, "/opt/billing", runs, "boot path" if runs else "", boots),
        MachineFacts(
            load_1m=0.4, disk_total=100, disk_free=39, skew_s=skew, journal_persistent=True
        ),
        problem,
    )


def view(host: str, *, state: LinkState = LinkState.UP, **facts: object) -> HostView:
    """A host whose link is up, with a snapshot."""
    link = Link(state, since=NOW - 60, heard_at=NOW - 1)
    return HostView(host, link, snapshot(host, **facts))  # type: ignore[arg-type]

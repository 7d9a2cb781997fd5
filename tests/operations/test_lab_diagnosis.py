"""Cards on real journals: none on the lab's healthy day, the right ones for real failures."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT
from tui.diagnosis_rules import own_rules
from tui.operations.diagnose_file import diagnose

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

HEALTHY = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/4000' 2>/dev/null"
AS_APP = f"systemd-run --wait -q -p User=billing -p WorkingDirectory={APP_ROOT}"
UNIT_ENV = "$(systemctl show billing_prod -p Environment --value)"


class Journal:
    """The journal of a host from now on."""

    def __init__(self, lab: Lab, host: str) -> None:
        self._lab = lab
        self._host = host
        self._since = lab.sh(host, "date +%s.%N").strip()

    def export(self, more: str = "") -> bytes:
        """What was written since, of every unit or as `more` says."""
        script = f"journalctl -q -o export --since=@{self._since} {more} | base64 -w0"
        return base64.b64decode(self._lab.sh(self._host, script))

    def cards(self, more: str = "") -> dict[str, int]:
        """The rules found since, with their counts."""
        found = diagnose(io.BytesIO(self.export(more)), own_rules(), self._host, time.time())
        return {card.rule.id: card.count for card in found}

    def until(self, rule_id: str, within_s: float = 60.0) -> dict[str, int]:
        """The cards, once one of them is there."""
        end = time.monotonic() + within_s
        while rule_id not in (found := self.cards()):
            if time.monotonic() > end:
                pytest.fail(f"no card {rule_id} within {within_s} s, only {found}")
        return found


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """A web host whose app is put back afterwards."""
    lab.sh("web1", "systemctl reset-failed billing_prod; systemctl start billing_prod")
    serving(lab, "web1")
    yield "web1"
    lab.sh(
        "web1",
        "rm -rf /etc/systemd/system/billing_prod.service.d; systemctl daemon-reload;"
        "systemctl reset-failed; systemctl start billing_prod",
    )
    serving(lab, "web1")


def serving(lab: Lab, name: str) -> None:
    """Wait until the app answers."""
    lab.sh(name, f"for i in $(seq 150); do {HEALTHY} && exit 0; sleep 0.2; done; exit 1")


def test_no_card_fires_on_a_healthy_restart(lab: Lab, host: str) -> None:
    journal = Journal(lab, host)
    lab.sh(host, "systemctl restart billing_prod")
    serving(lab, host)
    # A second one well behind the span in which two would be one too many.
    time.sleep(21)
    lab.sh(host, "systemctl restart billing_prod")
    serving(lab, host)
    assert len(journal.export()) > 10_000
    assert journal.cards() == {}
    assert journal.cards("-u billing_prod") == {}


def test_two_restarts_at_once(lab: Lab, host: str) -> None:
    journal = Journal(lab, host)
    lab.sh(host, "systemctl restart billing_prod; systemctl restart billing_prod")
    found = journal.until("double-restart")
    # The second stop may find neither node nor port mapper, or run into its limit: that is what
    # comes of it.
    after = {"node-unreachable", "epmd", "stop-found-no-node", "stop-timeout"}
    assert set(found) <= {"double-restart", *after}


def test_a_variable_that_is_not_set(lab: Lab, host: str) -> None:
    journal = Journal(lab, host)
    lab.sh(
        host,
        "mkdir -p /etc/systemd/system/billing_prod.service.d; printf "
        "'[Service]\\nUnsetEnvironment=DATABASE_URL\\n' "
        "> /etc/systemd/system/billing_prod.service.d/cards.conf; systemctl daemon-reload;"
        "systemctl restart billing_prod || true",
    )
    found = journal.until("env-missing")
    assert "config-provider" not in found


def test_a_node_that_runs_already_and_a_port_that_is_taken(lab: Lab, host: str) -> None:
    journal = Journal(lab, host)
    env = f'for v in {UNIT_ENV}; do set -- "$@" -E $v; done;'
    run = f'{AS_APP} "$@" -p Restart=no {APP_ROOT}/bin/billing start || true'
    lab.sh(host, f"set --; {env} {run}")
    assert "port-in-use" not in journal.until("node-name-in-use")
    lab.sh(host, f'set --; {env} set -- "$@" -E RELEASE_NODE=other@$(hostname); {run}')
    journal.until("port-in-use")


def test_another_cookie(lab: Lab, host: str) -> None:
    journal = Journal(lab, host)
    env = f'for v in {UNIT_ENV}; do set -- "$@" -E $v; done;'
    lab.sh(
        host,
        f'set --; {env} {AS_APP} "$@" -E RELEASE_COOKIE=another '
        f"{APP_ROOT}/bin/billing rpc 1 || true",
    )
    found = journal.until("cookie-mismatch")
    assert set(found) <= {"cookie-mismatch", "node-unreachable"}


def test_killed_until_systemd_gives_up(lab: Lab, host: str) -> None:
    journal = Journal(lab, host)
    lab.sh(
        host,
        "for i in $(seq 100); do systemctl kill -s KILL billing_prod 2>/dev/null;"
        "systemctl is-failed -q billing_prod && exit 0; sleep 0.2; done; exit 1",
    )
    found = journal.until("start-limit")
    assert found["killed"] >= 5
    assert "stop-timeout" not in found

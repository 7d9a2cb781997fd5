"""The rules of diagnosis: each rule's own samples, hostile lines, healthy days, users' files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tui.diagnosis_rules import load_rules, own_rules, parse_rules
from tui.model.diagnosis import HEAD, TAIL, Matcher
from tui.model.diagnosis_rule import Rule, Speaker, flaws_of_rule
from tui.model.diagnosis_sample import BEGIN_US, entries_of, found_in, sample_flaws
from tui.model.journal import Entry, EntryKind, Level

RULES = own_rules()
BY_ID = {rule.id: rule for rule in RULES}

# Rows of what goes wrong in operations that a line of a log shows, and the rule for each.
SEEDS = {
    "edeliver sends a string": "edeliver-migrate-version",
    "irreversible step": "migration-irreversible",
    "rollback order": "migration-file-missing",
    "down that did nothing": "migrations-already-down",
    "cookie changed by a deploy": "cookie-mismatch",
    "restarted twice": "double-restart",
    "ExecStop found no node": "stop-found-no-node",
    "SIGKILL at stop": "stop-timeout",
    "SIGKILL by somebody": "killed",
    "app stops after migrations": "stopped-by-migrations",
    "missing module": "module-missing",
    "missing application": "application-missing",
    "dependencies missing at build": "dependencies-missing",
    "nothing listens although active": "server-off",
    "port in use": "port-in-use",
    "truncated by inspect": "cut-by-inspect",
    "truncated by Logger": "cut-by-logger",
    "split by journald": "cut-by-journald",
    "lines suppressed": "suppressed",
    "unit edited": "unit-changed",
    "assets missing": "assets-missing",
    "relative priv path": "relative-priv",
    "remote without a terminal": "remote-without-tty",
    "rpc against no node or another cookie": "node-unreachable",
    "environment of the unit": "env-missing",
    "node name in use": "node-name-in-use",
    "start limit": "start-limit",
    "version that is not on disk": "version-missing",
    "GLIBC": "glibc",
    "ERTS": "erts-missing",
    "OTP": "otp-mismatch",
    "out of memory": "oom",
    "systemd-oomd": "oomd",
    "pool exhausted": "pool-exhausted",
    "database refused": "database-refused",
    "database password": "database-password",
    "migration lock": "migration-lock",
    "disk full": "disk-full",
    "clock": "clock",
    "journal not readable": "not-all-seen",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rules_samples(rule: Rule) -> None:
    assert not list(flaws_of_rule(rule))
    assert not list(sample_flaws(rule))
    assert rule.no_match, "a rule says what it must not find"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_other_rule_claims_a_rules_sample_that_it_must_not_find(rule: Rule) -> None:
    """Where two rules find one line, both were meant."""
    together = {
        ("database-password", "database-refused"),
        ("application-failed", "module-missing"),
        ("module-missing", "application-failed"),
        ("config-provider", "env-missing"),
        ("library-missing", "glibc"),
        ("stop-timeout", "killed"),
        ("migration-lock", "migration-lock"),
        ("stopped-by-migrations", "killed"),
    }
    for sample in rule.match:
        found = Matcher(RULES).judge("web1", entries_of(sample, rule.said_by))
        others = {finding.rule.id for finding in found} - {rule.id}
        assert not {other for other in others if (rule.id, other) not in together}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_pattern_is_slow_on_a_hostile_line(rule: Rule) -> None:
    begin = rule.match[0].strip("\n").partition("\n")[0][:60]
    size = HEAD + TAIL
    for text in (
        (begin * size)[:size],
        (rule.words[0] * size)[:size],
        (" ".join(rule.words) + "a" * size)[:size],
        (rule.words[0] + " (" * size)[:size],
        (rule.words[0] + "0." * size)[:size],
    ):
        for pattern in (rule.sign, rule.then, rule.never):
            if pattern is not None:
                started = time.process_time()
                pattern.search(text)
                assert time.process_time() - started < 0.1, text[:100]


def test_every_seed_has_its_rule() -> None:
    assert set(SEEDS.values()) <= set(BY_ID)
    assert len(BY_ID) == len(RULES)


HEALTHY = """\
Nov 23 00:33:35 web1 systemd[1]: Stopping billing_prod.service - billing service (prod)...
Nov 23 00:33:35 web1 billing[4242]: SIGTERM received - shutting down
Nov 23 00:33:35 web1 billing[4242]: 00:33:35.573 [notice] SIGTERM received - shutting down
Nov 23 00:33:35 web1 billing[4242]: [notice] Application billing exited: :stopped
Nov 23 00:33:36 web1 systemd[1]: billing_prod.service: Deactivated successfully.
Nov 23 00:33:36 web1 systemd[1]: Stopped billing_prod.service - billing service (prod).
Nov 23 00:33:36 web1 systemd[1]: Started billing_prod.service - billing service (prod).
Nov 23 00:33:37 web1 billing[4301]: [info] Running BillingWeb.Endpoint with cowboy 2.9.0 at 0.0.0.0:4000 (http)
Nov 23 00:33:37 web1 billing[4301]: [info] Access BillingWeb.Endpoint at https://billing.example
Nov 23 00:33:37 web1 billing[4301]: [info] == Running 20180204120000 Billing.Repo.Migrations.DropLegacy.change/0 forward
Nov 23 00:33:37 web1 billing[4301]: [info] == Migrated 20180204120000 in 0.0s
Nov 23 00:33:38 web1 billing[4301]: [info] Migrations already up
Nov 23 00:33:39 web1 billing[4301]: [info] request_id=1 GET /v1/users/1 Sent 200 in 7ms
Nov 23 00:33:39 web1 billing[4301]: [error] upstream timed out request_id=3879
Nov 23 00:33:39 web1 billing[4301]: [info] Postgrex.Protocol (#PID<0.1158.0>) missed message: {:EXIT, #PID<0.1163.0>, :shutdown}
Nov 23 00:33:40 web1 billing[4301]: [info] GET /search?q=no+space+left+on+device+eaddrinuse Sent 200 in 3ms
Nov 23 00:33:41 web1 billing[4301]: ** (RuntimeError) boom
Nov 23 00:33:59 web1 systemd[1]: Reloading.
"""  # noqa: E501


@pytest.mark.parametrize("speakers", [True, False])
def test_no_card_on_a_healthy_day(speakers: bool) -> None:
    from tui.commands.journal_short import ShortParser

    parser = ShortParser("web1", BEGIN_US / 1e6)
    entries = [e for line in HEALTHY.encode().split(b"\n") if (e := parser.entry(line))]
    assert len(entries) == HEALTHY.count("\n")
    matcher = Matcher(RULES, speakers=speakers)
    found = matcher.judge("web1", entries) + matcher.tick("web1", entries[-1].at_us + 10**10)
    assert [finding.rule.id for finding in found] == []


def said(message: str, kind: EntryKind = EntryKind.APP, at_s: float = 0.0) -> Entry:
    return Entry("web1", BEGIN_US + round(at_s * 1e6), Level.INFO, kind, message)


def test_an_app_cannot_speak_for_systemd() -> None:
    text = "looper.service: Start request repeated too quickly."
    assert not Matcher(RULES).judge("web1", [said(text)])
    assert Matcher(RULES).judge("web1", [said(text, EntryKind.UNIT)])


def test_what_is_to_be_absent_is_told_by_time_and_once() -> None:
    matcher = Matcher(RULES)
    text = "billing.service: Scheduled restart job, restart counter is at 7."
    assert not matcher.judge("web1", [said(text, EntryKind.UNIT)])
    assert not matcher.tick("web1", BEGIN_US + 1_000_000)
    assert [f.rule.id for f in matcher.tick("web1", BEGIN_US + 19_000_000)] == ["looping"]
    assert not matcher.tick("web1", BEGIN_US + 29_000_000)


def test_so_many_within_a_span() -> None:
    rule = Rule("many", "t", "timeout", ("timeout",), "m", "n", (), at_least=3, within_s=10.0)

    def found(*at_s: float) -> int:
        return len(Matcher((rule,)).judge("web1", [said("timeout", at_s=at) for at in at_s]))

    assert found(0, 4, 9) == 1
    assert found(0, 4, 12) == 0
    assert found(0, 1) == 0
    assert found(0, 1, 2, 3, 4, 5) == 2


def test_another_units_end_is_not_the_apps() -> None:
    migrated = said("[info] == Migrated 20180204120000 in 0.0s")._replace(unit="a.service")
    ended = said("x.service: Deactivated successfully.", EntryKind.UNIT, at_s=2)

    def found(unit: str) -> list[str]:
        entries = [migrated, ended._replace(unit=unit)]
        return [finding.rule.id for finding in Matcher(RULES).judge("web1", entries)]

    assert found("x.service") == []
    assert found("a.service") == found("") == ["stopped-by-migrations"]


def test_hosts_do_not_answer_for_each_other() -> None:
    matcher = Matcher(RULES)
    stop = said("Stopping a.service - a...", EntryKind.UNIT)
    assert not matcher.judge("web1", [stop])
    assert not matcher.judge("web2", [stop._replace(host="web2", at_us=stop.at_us + 5_000_000)])
    assert matcher.judge("web1", [stop._replace(at_us=stop.at_us + 5_000_000)])


def test_numbers_that_make_the_difference_are_not_taken_for_others() -> None:
    matcher = Matcher(RULES)
    assert not matcher.judge("web1", [said("Main process exited, status=1/KILL", EntryKind.UNIT)])
    one = said('** (Postgrex.Error) ERROR 42P02 (undefined_x) relation "a" does not exist')
    two = one._replace(
        message=one.message.replace("42P02 (undefined_x)", "42P01 (undefined_table)")
    )
    assert not matcher.judge("web1", [one])
    assert [f.rule.id for f in matcher.judge("web1", [two])] == ["schema-behind"]


def test_memory_is_bounded_whatever_comes() -> None:
    matcher = Matcher(RULES)
    stop = "Stopping a{}.service - a..."
    letters = "abcdefghijklmnopqrstuvwxyz"
    for i in range(6000):
        name = letters[i % 26] + letters[i // 26 % 26] + letters[i // 676 % 26]
        entry = said(stop.format(name), EntryKind.UNIT, at_s=i / 1000)
        matcher.judge("web1", [entry])
    watch = matcher._waits["web1"]
    assert sum(len(signs) for signs in watch.signs.values()) <= 64
    assert len(matcher._known) <= 4096


def test_a_user_rule_that_never_ends_is_put_aside() -> None:
    rule = Rule("evil", "t", "(a+)+$", ("aaa",), "m", "n", ("aaa",))
    matcher = Matcher((rule,))
    assert not matcher.judge("web1", [said("a" * 60 + "b")])
    assert list(matcher.slow) == ["evil"]


RULE = """
[[rules]]
id = "ours"
title = "queue {queue} is stuck"
words = ["stuck"]
pattern = 'queue (?P<queue>\\w+) is stuck'
means = "m"
next = "n"
match = ["queue mail is stuck"]
"""


def test_a_users_rule_is_used_and_one_of_ours_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(RULE + RULE.replace("ours", "start-limit"))
    loaded = load_rules(tmp_path)
    assert loaded.warnings == ()
    assert len(loaded.rules) == len(RULES) + 1
    assert next(r for r in loaded.rules if r.id == "start-limit").title == "queue {queue} is stuck"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("pattern = 'queue", "pattern = '(queue", "x.toml:6: rules[0].pattern: is no regular"),
        ('words = ["stuck"]', "words = 3", "x.toml:5: rules[0].words: must be a list"),
        ('words = ["stuck"]', 'words = ["other"]', "rules[0].match[0]: is not found by the rule"),
        ("means =", "meens =", 'rules[0].meens: unknown key; did you mean "means"?'),
        ('next = "n"', "", "rules[0].next: is missing"),
        ('title = "queue {queue}', 'title = "{mail}', "rules[0].title: names {mail}"),
        ("[[rules]]", "[[rule]]", 'rule: unknown key; did you mean "rules"?'),
        ('id = "ours"', 'id = "ours"\nweight = "bad"', "must be one of failing, trouble, hint"),
        ('id = "ours"', 'id = "ours"\nat_least = 2', "within_s: must be between"),
        ("next =", "next", "x.toml:8:"),
    ],
)
def test_a_wrong_rule_is_said_with_file_and_key(before: str, after: str, says: str) -> None:
    rules, warnings = parse_rules(RULE.replace(before, after), Path("x.toml"))
    assert rules == []
    assert says in " | ".join(warnings)


def test_a_wrong_rule_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(RULE + RULE.replace("'queue", "'(queue").replace("ours", "bb"))
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "c.toml").mkdir()
    loaded = load_rules(tmp_path)
    assert len(loaded.rules) == len(RULES) + 1
    assert len(loaded.warnings) == 3


def test_a_sample_with_times_is_several_entries() -> None:
    entries = entries_of("+0 one\nmore\n+2.5 unit two", Speaker.APP)
    assert [(e.message, e.kind.value, e.at_us - BEGIN_US) for e in entries] == [
        ("one\nmore", "app", 0),
        ("two", "unit", 2_500_000),
    ]
    assert found_in(BY_ID["start-limit"], "Start request repeated too quickly.")[0]

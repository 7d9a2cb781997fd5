"""journalctl's words, who may read, and entries out of raw bytes: the transcripts and worse."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui.commands.journal import (
    Boot,
    Reading,
    list_boots,
    parse_boots,
    parse_probe,
    probe,
    tail,
)
from tui.commands.journal_export import ENTRY_CAP, VALUE_CAP, ExportParser
from tui.model.command import Effect, Ended, Outcome, display, script_of
from tui.model.journal import Entry, EntryKind, Level

TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"
FIELDS = (
    "MESSAGE,MESSAGE_ID,PRIORITY,SYSLOG_IDENTIFIER,_PID,_HOSTNAME,_SYSTEMD_UNIT,"
    "_SYSTEMD_INVOCATION_ID,INVOCATION_ID,UNIT,OBJECT_SYSTEMD_UNIT,COREDUMP_UNIT,_TRANSPORT,"
    "_STREAM_ID,_LINE_BREAK,_SOURCE_REALTIME_TIMESTAMP,JOB_TYPE,JOB_RESULT,EXIT_CODE,"
    "EXIT_STATUS,UNIT_RESULT,N_RESTARTS,N_DROPPED"
)
COOKIE = b"XJPVQBMHWTRUDKGSANLE"
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def transcript(name: str) -> bytes:
    return (TRANSCRIPTS / f"journal_{name}.export").read_bytes()


def parsed(data: bytes, *cuts: int) -> list[Entry]:
    """The entries of `data`, fed in blocks that end at `cuts`."""
    parser = ExportParser("web1")
    entries: list[Entry] = []
    for start, stop in zip((0, *cuts), (*cuts, len(data)), strict=True):
        entries += parser.feed(data[start:stop])
    return entries


def record(message: bytes = b"hello", *more: bytes, number: int = 1) -> bytes:
    """One entry of text fields, as journalctl writes it."""
    lines = (
        b"__CURSOR=s=194;i=%x;b=1d8" % number,
        b"__REALTIME_TIMESTAMP=%d" % (1795394008325649 + number),
        b"__MONOTONIC_TIMESTAMP=7809912926",
        b"_BOOT_ID=1d811788903943e1bd4153c65e0d0772",
        b"_TRANSPORT=stdout",
        b"PRIORITY=6",
        b"_PID=2800",
        b"_SYSTEMD_UNIT=app.service",
        b"MESSAGE=" + message,
        *more,
    )
    return b"\n".join(lines) + b"\n\n"


def binary(name: bytes, value: bytes) -> bytes:
    """A field as it is sent when it is not printable text."""
    return name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


# The words of the commands.


def test_tail_is_the_one_form() -> None:
    assert display(tail(Reading("billing.service", since=1795394008.3256))) == (
        "journalctl -u billing.service -q --no-pager -o export "
        f"--output-fields={FIELDS} --no-tail -f -b all --since=@1795394008.325600"
    )


def test_tail_goes_on_from_its_cursor_inclusively() -> None:
    reading = Reading("billing.service", since=5.0, cursor="s=19;i=3029;b=1d;m=1;t=6;x=ab")
    assert tail(reading).argv[-4:] == (
        "-f",
        "-b",
        "all",
        "--cursor=s=19;i=3029;b=1d;m=1;t=6;x=ab",
    )
    assert "'--cursor=s=19;i=3029;b=1d;m=1;t=6;x=ab'" in script_of(tail(reading)).decode()


def test_tail_with_an_end_does_not_follow() -> None:
    reading = Reading("billing.service", since=5.0, until=9.5, boot="-1")
    assert tail(reading).argv[-5:] == (
        "--no-tail",
        "-b",
        "-1",
        "--since=@5.000000",
        "--until=@9.500000",
    )


def test_tail_by_sudo_never_asks_for_a_password() -> None:
    command = tail(Reading("billing.service"), sudo=True)
    assert command.argv[:4] == ("sudo", "-n", "journalctl", "-u")
    assert (command.effect, command.timeout_s) == (Effect.READ, None)


@pytest.mark.parametrize("unit", ["billing", "-M x.service", "a b.service", "a\n.service", ""])
def test_only_services_are_read(unit: str) -> None:
    with pytest.raises(ValueError, match="service"):
        Reading(unit)


@pytest.mark.parametrize("boot", ["all", "-1 --vacuum-size=1", "", "1d8117", "-12345"])
def test_only_boots_are_taken_for_boots(boot: str) -> None:
    with pytest.raises(ValueError, match="boot"):
        Reading("billing.service", boot=boot)


def test_probe_asks_without_q_and_asks_sudo_for_the_very_words() -> None:
    reading = Reading("billing.service", since=5.0)
    command = probe(reading)
    assert command.reading()
    assert command.argv == ("billing.service", *tail(reading).argv)
    assert command.script is not None
    assert 'journalctl -u "$1" --no-pager -n 1 -o cat' in command.script
    assert 'sudo -n -l "$@"' in command.script
    assert len(script_of(command)) < 4096


HINT = (
    "Hint: You are currently not seeing messages from other users and the system.\n"
    "note       Users in groups 'adm', 'systemd-journal' can see all messages.\n"
    "note       Pass -q to turn off this notice.\n"
)


def outcome(text: str, **more: object) -> Outcome:
    return Outcome(Ended.EXITED, 0, stdout=text.encode(), **more)  # type: ignore[arg-type]  # stderr


def test_probe_of_who_may_read() -> None:
    access = parse_probe(
        outcome("before 100.000000000\nread 0\nkeeps yes\nsudo 1\nafter 101.000000000\n")
    )
    assert (access.readable, access.sudo, access.volatile, access.now) == (
        True,
        False,
        False,
        100.5,
    )
    assert (access.reason, access.remedy) == ("", "")


def test_probe_of_who_may_not_read_gives_the_hint_and_what_to_do() -> None:
    access = parse_probe(outcome(f"before 1.5\nread 0\nnote {HINT}keeps no\nsudo 0\nafter 1.5\n"))
    assert (access.readable, access.sudo, access.volatile) == (False, True, True)
    assert access.reason.startswith("Hint: You are currently not seeing messages")
    assert "usermod -aG systemd-journal" in access.remedy


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "read 1\nnote No journal files were opened due to insufficient permissions.\nsudo 1\n",
            "No journal files were opened due to insufficient permissions.",
        ),
        ("read 127\nsudo 127\n", "journalctl was not found on the host"),
        ("read 1\nnote Failed to open \x1b[31mx\n", "journalctl said: Failed to open x"),
        ("Welcome to web1!\n", "the host did not say whether its journal may be read: exited"),
    ],
)
def test_probe_of_a_host_that_cannot_tell(said: str, reason: str) -> None:
    access = parse_probe(outcome(said))
    assert not access.readable
    assert access.reason == reason


OWN = "file /var/log/journal/064b/user-1002.journal\n"
SYSTEM = "file /var/log/journal/064b/system.journal\n"


def test_probe_of_who_may_read_only_his_own_journal_needs_no_hint() -> None:
    access = parse_probe(outcome(f"header 0\n{OWN}read 0\nkeeps yes\nsudo 1\n"))
    assert not access.readable
    assert access.reason == "This user may read only a journal of its own, not the system's."
    assert "systemd-journal" in access.remedy


@pytest.mark.parametrize("files", [OWN + SYSTEM, SYSTEM.replace("system.", "system@06-01."), ""])
def test_probe_of_who_may_read_the_systems_journal(files: str) -> None:
    assert parse_probe(outcome(f"header 0\n{files}read 0\nsudo 1\n")).readable


def test_probe_with_a_greeting_in_front_and_no_entries_is_readable() -> None:
    access = parse_probe(outcome("Welcome!\nread 0\nnote -- No entries --\nkeeps yes\nsudo 1\n"))
    assert access.readable
    assert access.now is None


def test_boots_by_json_and_by_the_text_of_older_systemd() -> None:
    old, new = "1d811788903943e1bd4153c65e0d0772", "3b1255657c4049058a80eab253b6764f"
    assert list_boots().reading()
    assert parse_boots(
        f'[{{"index":0,"boot_id":"{new}","first_entry":2000000,"last_entry":3500000}},'
        f'{{"index":-1,"boot_id":"{old}","first_entry":1000000,"last_entry":1500000}},'
        f'{{"index":"x"}}, 7]'.encode()
    ) == (Boot(-1, old, 1.0, 1.5), Boot(0, new, 2.0, 3.5))
    assert parse_boots(
        f"-1 {old} Mon 2026-11-23 00:00:01 UTC—Mon 2026-11-23 00:10:01 UTC\n"
        f" 0 {new} Mon 2026-11-23 00:20:01 UTC—Mon 2026-11-23 00:30:01 UTC\n".encode()
    ) == (Boot(-1, old), Boot(0, new))
    assert parse_boots(b"\xff no boots") == ()
    assert parse_boots(b"{}") == ()


# The transcripts.


def test_entries_around_a_restart() -> None:
    entries = parsed(transcript("restart"))
    assert len(entries) == 40
    first = entries[0]
    assert first == Entry(
        host="web1",
        at_us=1795394008325649,
        level=Level.INFO,
        kind=EntryKind.APP,
        message="[info] request_id=3870 GET /v1/users/11 Sent 200 in 0ms",
        cursor="s=194977296d0f40f3bcbe1f79f37d3f49;i=3029;b=1d811788903943e1bd4153c65e0d0772;"
        "m=1d181d05e;t=660e6be191e11;x=abb7158e4c63223e",
        boot_id="1d811788903943e1bd4153c65e0d0772",
        pid=2800,
        identifier="billing",
        unit="billing_prod.service",
        invocation_id="7f6eac9aee74470bac83187983fe3a66",
        stream_id="f9444e114a8f4048a8dadbccd484552c",
        fields=(("_TRANSPORT", "stdout"), ("_HOSTNAME", "web1")),
    )
    errors = [e.message for e in entries if e.level <= Level.ERROR]
    assert errors == ["[error] upstream timed out request_id=3879"]
    unit = [e for e in entries if e.kind is EntryKind.UNIT]
    assert {(e.pid, e.unit) for e in unit} == {(1, "billing_prod.service")}
    assert [e.message.split()[0] for e in unit if e.message_id][:2] == [
        "Stopping",
        "billing_prod.service:",
    ]


def test_entries_with_colours_wrong_utf8_and_lines_that_were_split() -> None:
    red, long, split, rest = parsed(transcript("probe"))
    assert red.message == "red text tab    here \\xff\\xfe bytes"
    assert len(long.message) == 6000
    assert (split.line_break, rest.line_break) == ("line-max", "eof")
    assert (len(split.message), len(rest.message)) == (48 * 1024, 60_000 - 48 * 1024)
    assert split.stream_id == rest.stream_id


def test_entries_of_a_unit_that_loops_until_its_limit() -> None:
    entries = parsed(transcript("loop"))
    app = [e for e in entries if e.kind is EntryKind.APP]
    assert {e.level for e in app} == {Level.ERROR}, "an exception without a logger's mark"
    told = {e.message.split(": ", 1)[-1]: e.level for e in entries if e.kind is EntryKind.UNIT}
    assert told["Failed with result 'exit-code'."] is Level.ERROR
    assert told["Main process exited, code=exited, status=1/FAILURE"] is Level.WARNING
    assert told["Start request repeated too quickly."] is Level.WARNING
    assert told["Scheduled restart job, restart counter is at 5."] is Level.WARNING
    assert dict(entries[4].fields)["N_RESTARTS"] == "1"


def test_entries_of_a_stop_that_ends_in_sigkill() -> None:
    levels = {e.message.partition(": ")[2][:20]: e.level for e in parsed(transcript("sigkill"))}
    assert levels["State 'stop-sigterm'"] is Level.WARNING
    assert levels["Killing process 2676"] is Level.NOTICE
    assert levels["Main process exited,"] is Level.WARNING
    assert levels["Failed with result '"] is Level.ERROR


def test_what_journald_dropped_is_its_own_word() -> None:
    notice = parsed(transcript("suppressed"))[1]
    assert (notice.kind, notice.level) == (EntryKind.JOURNALD, Level.WARNING)
    assert notice.message == "Suppressed 250 messages from flood.service"
    assert notice.unit == "flood.service"
    assert ("N_DROPPED", "250") in notice.fields


@pytest.mark.parametrize("name", ["suppressed", "sigkill", "probe"])
def test_blocks_may_end_anywhere(name: str) -> None:
    data = transcript(name)[:2500]
    data = data[: data.rfind(b"\n\n") + 2]
    whole = parsed(data)
    assert whole
    for cut in range(len(data) + 1):
        assert parsed(data, cut) == whole
    assert parsed(data, *range(1, len(data))) == whole


# Made-up entries.

_text = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f"), max_size=40).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
_bytes = st.one_of(_text, st.binary(max_size=60), st.just(b"\n\n__CURSOR=x\n"))


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, list[bytes]]]]:
    """A well-formed stream, and of each entry its number and messages."""
    data, expected = b"", []
    for number in range(draw(st.integers(1, 5))):
        messages = draw(st.lists(_bytes, min_size=1, max_size=2))
        other = draw(_bytes)
        fields = [(b"MESSAGE", m) for m in messages]
        fields += [(b"SYSLOG_IDENTIFIER", other), (b"_PID", b"17"), (b"_TRANSPORT", b"stdout")]
        data += record(number=number).partition(b"_TRANSPORT=")[0]
        for name, value in draw(st.permutations(fields)):
            plain = b"\n" not in value and draw(st.booleans())
            data += name + b"=" + value + b"\n" if plain else binary(name, value)
        data += b"\n"
        expected.append((number, messages))
    return data, expected


@settings(max_examples=150)
@given(streams(), st.randoms(use_true_random=False))
def test_every_entry_comes_out_whole(
    stream: tuple[bytes, list[tuple[int, list[bytes]]]], dice: random.Random
) -> None:
    from tui.model.redact import from_host

    data, expected = stream
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(6))
    entries = parsed(data, *cuts)
    assert [e.cursor for e in entries] == [f"s=194;i={n:x};b=1d8" for n, _ in expected]
    for entry, (_, messages) in zip(entries, expected, strict=True):
        by_order = {from_host(b"\n".join(m)) for m in (messages, messages[::-1])}
        assert entry.message in by_order
        assert (entry.pid, entry.kind) == (17, EntryKind.APP)


def test_field_of_an_app_cannot_forge_an_entry() -> None:
    forged = b"x\n\n" + record(b"fake", b"UNIT=app.service").replace(b"_PID=2800", b"_PID=1")
    data = record(b"real", binary(b"SYSLOG_IDENTIFIER", forged)[:-1]) + record(b"next", number=2)
    for cut in range(0, len(data), 7):
        real, following = parsed(data, cut)
        assert (real.message, real.kind, real.pid) == ("real", EntryKind.APP, 2800)
        assert following.message == "next"


def test_app_that_names_systemds_ids_is_not_taken_for_systemd() -> None:
    (entry,) = parsed(
        record(
            b"app.service: Failed with result 'exit-code'.",
            b"MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c",
            b"UNIT=app.service",
            b"OBJECT_SYSTEMD_UNIT=app.service",
        )
    )
    assert entry.kind is EntryKind.APP


def test_fields_that_repeat_are_all_kept() -> None:
    (entry,) = parsed(record(b"one", b"MESSAGE=two"))
    assert entry.message == "one\ntwo"
    (entry,) = parsed(record(b"one", b"UNIT=a", b"UNIT=b"))
    assert [value for name, value in entry.fields if name == "UNIT"] == ["a", "b"]


def test_message_that_is_not_there() -> None:
    data = record().replace(b"MESSAGE=hello\n", b"")
    (entry,) = parsed(data)
    assert entry.message == "(no message)"
    assert parsed(record(b""))[0].message == ""


def test_secrets_are_gone_and_fields_are_one_line() -> None:
    (entry,) = parsed(
        record(
            b"starting with -setcookie " + COOKIE,
            binary(b"UNIT", b"a\nb \x1b]52;c;\x07")[:-1],
            b"JOB_TYPE=erl -setcookie " + COOKIE,
        )
    )
    assert COOKIE.decode() not in repr(entry)
    assert dict(entry.fields)["UNIT"] == "a␊b ␛]52;c;␇"


def test_greeting_of_the_login_shell_is_not_the_journal() -> None:
    data = b"Last login: today\nWelcome to PROD=web1\n\n" + record()
    for cut in range(len(data)):
        assert [e.message for e in parsed(data, cut)] == ["hello"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe garbage\n",
        b"NAME\nnot a length at all\n\n",
        b"FOO=bar\n\n",
        b"=\n=\n\n\n",
        b"Segmentation fault\n",
    ],
)
def test_garbage_between_entries_is_said_and_skipped(garbage: bytes) -> None:
    data = record(b"one") + garbage + record(b"two", number=2)
    for cut in range(len(data)):
        one, said, two = parsed(data, cut)
        assert (one.message, two.message) == ("one", "two")
        assert (said.kind, said.cursor, said.at_us) == (EntryKind.GAP, "", one.at_us)
        assert "bytes here are no journal entry" in said.message


HALF = record(b"half a message", number=2)


# Cut behind a line's end it would be a whole entry of fewer fields.
@pytest.mark.parametrize("keep", [n for n in range(1, len(HALF) - 2) if HALF[n - 1] != 0x0A])
def test_entry_that_breaks_off_is_said_and_the_next_is_read(keep: int) -> None:
    first = record(b"before")
    data = first + HALF[:keep] + b"\n" + record(b"after", number=3)
    entries = parsed(data)
    assert entries[0].message == "before"
    assert entries[-1].message == "after"
    assert [e.cursor for e in entries if e.kind is not EntryKind.GAP] == [
        "s=194;i=1;b=1d8",
        "s=194;i=3;b=1d8",
    ]
    assert len(entries) > 2, "what broke off is said, however short it is"


def test_impossible_times_and_cursors_do_not_get_in() -> None:
    for wrong in (
        record().replace(b"=1795394008325650", b"=999999999999999999999"),
        record().replace(b"=1795394008325650", b"=soon"),
        record().replace(b"__CURSOR=s", b"__CURSOR=\xff"),
        record().replace(b"__CURSOR=s", b"__CURSOR=\x1b]0;x\x07"),
        record().replace(b"__REALTIME_TIMESTAMP", b"__REALTIME"),
    ):
        (entry,) = parsed(wrong)
        assert entry.kind is EntryKind.GAP
        assert "broken" in entry.message
        assert entry.cursor == ""


@pytest.mark.parametrize("size", [VALUE_CAP - 20, VALUE_CAP + 10, 3 * VALUE_CAP])
@pytest.mark.parametrize("text", [True, False])
def test_values_over_the_cap_are_cut_and_say_so(size: int, text: bool) -> None:
    value = b"v" * size
    head = record().partition(b"MESSAGE=")[0]
    field = b"MESSAGE=" + value + b"\n" if text else binary(b"MESSAGE", value)
    data = head + field + b"_STREAM_ID=5\n\n" + record(b"next", number=2)
    step = 32 * 1024
    parser = ExportParser("web1")
    entries: list[Entry] = []
    for at in range(0, len(data), step):
        entries += parser.feed(data[at : at + step])
        held = len(parser._rest) + len(parser._kept)
        assert held <= 2 * VALUE_CAP + step
    cut, following = entries
    assert following.message == "next"
    assert cut.stream_id == "5"
    assert cut.message.startswith("vvvv")
    assert len(cut.message) < 70_000
    assert ("(cut: " in cut.message) == (size > VALUE_CAP)


def test_entry_of_very_many_fields_is_bounded() -> None:
    head = record().partition(b"MESSAGE=")[0]
    data = head + b"".join(binary(b"MESSAGE", b"x" * 200_000) for _ in range(12)) + b"\n"
    parser = ExportParser("web1")
    (entry,) = [e for at in range(0, len(data), 65536) for e in parser.feed(data[at : at + 65536])]
    assert "(cut: " in entry.message
    many = head + b"".join(b"A%d=\n" % n for n in range(300_000)) + b"MESSAGE=end\n\n"
    (entry,) = parsed(many)
    assert len(entry.fields) < ENTRY_CAP // 4


def hostile_lines(count: int, seed: int) -> list[bytes]:
    """Lines of the worst kinds: escapes, bidi, markup, wrong UTF-8, separators, combining marks."""
    dice = random.Random(seed)
    controls = [b"\x1b[31m", b"\x1b]52;c;ZXZpbA==\x07", b"\x1b]0;x\x1b\\", b"\x9b6n", b"\xc2\x9b2J"]
    controls += [b"\x00", b"\x7f", b"\r", b"\t", b"\n", b"\n\n", b"\x1b[8m"]
    codes = ["\u202e", "\u2028", "e" + "\u0301" * 6, "\U000e0001", "\ue000", "\ufeff", "日本"]
    wrong = [b"\xff\xfe", b"\xed\xa0\x80", b"\xc3"]
    words = [b"[@click=app.quit]x[/]", b"[/]", b"[error] ", b"ok ", b" -setcookie " + COOKIE + b" "]
    frames = [b"__CURSOR=s=1\n", b"MESSAGE\n", b"="]
    pieces = [*controls, *(code.encode() for code in codes), *wrong, *words, *frames]
    return [b"".join(dice.choices(pieces, k=dice.randrange(1, 12))) for _ in range(count)]


def assert_door_holds(count: int, seed: int) -> None:
    lines = hostile_lines(count, seed)
    data = b"".join(
        record(number=n).partition(b"MESSAGE=")[0] + binary(b"MESSAGE", line) + b"\n"
        for n, line in enumerate(lines)
    )
    parser = ExportParser("web1")
    entries: list[Entry] = []
    for at in range(0, len(data), 40_000):
        entries += parser.feed(data[at : at + 40_000])
    assert len(entries) == count
    seen = set().union(*(e.message for e in entries))
    assert {c for c in seen if c != "\n" and unicodedata.category(c) in HIDDEN} == set()
    assert not any(COOKIE.decode() in e.message for e in entries)


def test_hostile_lines_come_out_printable() -> None:
    assert_door_holds(5_000, seed=1)


@pytest.mark.soak
def test_very_many_hostile_lines_come_out_printable() -> None:
    for seed in range(10):
        assert_door_holds(10_000, seed)


@settings(max_examples=300)
@given(st.lists(_bytes, max_size=8), st.integers(0, 50))
@example([b"__CURSOR=a\n", b"MESSAGE\n\x00\x00\x00\x00\x00\x00\x00\x80"], 0)
def test_whatever_comes_nothing_raises_and_the_next_entry_is_read(
    pieces: list[bytes], size: int
) -> None:
    parser = ExportParser("web1")
    data = record(b"first") + b"\n".join(pieces)
    for at in range(0, len(data), size + 1):
        parser.feed(data[at : at + size + 1])
    # A length that was never sent may swallow what follows, up to journald's own limit.
    if parser._to_come is None:
        after = parser.feed(b"\n" + record(b"last", number=9))
        if parser._to_come is None and not parser._rest:
            assert after[-1].message == "last"

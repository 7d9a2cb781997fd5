"""Quoting, proved by real shells (R9); effects and secrets of commands and of joined ones."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.command import (
    Command,
    Effect,
    Ended,
    Outcome,
    Secret,
    all_of,
    display,
    pipe,
    script_of,
)

SHELLS = tuple(shell for shell in ("sh", "dash", "bash") if shutil.which(shell))
SECRET = "Vn8rT2qLxw"

HARD = (
    "", " ", "-n", "--", "a b", "'", '"', "`id`", "$(id)", "$HOME", "~", "~root", "*", "?", "[a]",
    "{a,b}", "a\nb", "a\\nb", "\\", "!!", "#c", ";id", "&", "|cat", "<x", ">x", "A=b", "\t", "\r",
    "\x1b[31m", "é", "日本", "\u202e", "%s", "%%", "x" * 4000, "0.2.0+20180527-master-6bfed7e",
)  # fmt: skip
WORDS = st.lists(
    st.one_of(
        st.sampled_from(HARD),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    ),
    min_size=1,
    max_size=40,
)


def run(shell: str, command: Command) -> subprocess.CompletedProcess[bytes]:
    """What a host does with a command: a constant shell that reads the script from stdin."""
    return subprocess.run(
        [shell, "-s"], input=script_of(command), capture_output=True, check=False, timeout=20
    )


def arrives(shell: str, words: list[str]) -> list[bytes]:
    """The words as a program gets them from `shell`."""
    done = run(shell, Command(("printf", "%s\\0", *words)))
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.split(b"\0")[:-1]


def check_arrival(words: list[str]) -> None:
    for shell in SHELLS:
        assert arrives(shell, words) == [word.encode() for word in words]


test_argv_arrives_as_planned = settings(max_examples=60, deadline=None)(given(WORDS)(check_arrival))
test_argv_arrives_as_planned_long = pytest.mark.soak(
    settings(max_examples=10_000, deadline=None)(given(WORDS)(check_arrival))
)


@given(WORDS)
@settings(max_examples=40, deadline=None)
def test_script_gets_words_as_parameters(words: list[str]) -> None:
    command = Command(tuple(words), script='printf "%s\\0" "$@"')
    for shell in SHELLS:
        done = run(shell, command)
        assert done.stdout.split(b"\0")[:-1] == [word.encode() for word in words]


@given(WORDS)
def test_display_reads_back(words: list[str]) -> None:
    assert shlex.split(display(Command(tuple(words)))) == words


def test_bytes_of_another_encoding_arrive() -> None:
    word = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert arrives("sh", [word]) == [b"caf\xe9"]


def test_script_of_is_constant_in_form() -> None:
    command = Command(("systemctl", "show", "a b"), env=(("SYSTEMD_COLORS", "0"),))
    assert script_of(command) == (
        b"export LC_ALL=C\nexport SYSTEMD_COLORS=0\nexec systemctl show 'a b' </dev/null\n"
    )


def test_stdin_is_empty() -> None:
    done = subprocess.run(
        ["sh", "-s"],
        input=script_of(Command(("cat",))) + b"echo never read\n",
        capture_output=True,
        check=True,
    )
    assert done.stdout == b""


def test_locale_is_c_and_env_arrives() -> None:
    command = Command((), env=(("WORD", "it's $HOME"),), script='echo "$LC_ALL $WORD"')
    assert run("sh", command).stdout == b"C it's $HOME\n"


def test_other_user_goes_by_sudo() -> None:
    command = Command(("id", "-u")).with_user("app")
    assert display(command) == "sudo -n -u app -- id -u"
    assert display(command.with_user(None)) == "id -u"


def test_secret_reaches_the_host_and_nothing_else() -> None:
    command = Command(("login", Secret(SECRET)), env=(("PGPASSWORD", Secret(SECRET)),))
    assert display(command) == "PGPASSWORD='***' login '***'"
    assert SECRET not in display(command)
    assert SECRET not in repr(command)
    assert SECRET not in f"{command} {command.argv} {command.argv[1]!s:>4}"
    assert script_of(command).count(SECRET.encode()) == 2


def test_joined_commands_run_as_shell_would() -> None:
    words = Command(("printf", "%s\\n", "b c", "a'd"))
    done = run("sh", pipe(words, Command(("sort",))))
    assert done.stdout == b"a'd\nb c\n"
    assert run("sh", all_of(Command(("false",)), words)).returncode == 1
    assert run("sh", all_of(Command(("true",)), pipe(words, Command(("cat",))))).stdout != b""


def test_joined_commands_keep_their_env_and_limits() -> None:
    first = Command(("sh", "-c", "echo $ONE-$TWO"), env=(("ONE", "a b"),), max_bytes=10)
    second = Command(("sh", "-c", "echo $ONE-$TWO"), env=(("TWO", "c"),), max_bytes=99)
    joined = all_of(first, second)
    assert run("sh", joined).stdout == b"a b-\n-c\n"
    assert joined.timeout_s == 40.0
    assert joined.max_bytes == 99
    assert pipe(first, Command(("x",), timeout_s=None)).timeout_s is None


def test_joined_effect_is_the_strongest() -> None:
    read, change = Command(("a",)), Command(("b",), effect=Effect.CHANGE)
    assert pipe(read, read).reading()
    assert not pipe(read, change).reading()
    assert not all_of(change, read).reading()
    assert not all_of(read, pipe(change, read)).reading()


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        script_of(Command(("echo", "a\0b")))
    with pytest.raises(ValueError, match="word or a script"):
        script_of(Command(()))
    with pytest.raises(ValueError, match="environment variable"):
        script_of(Command(("env",), env=(("A;id", "x"),)))
    with pytest.raises(ValueError, match="secret"):
        pipe(Command(("a", Secret(SECRET))))
    with pytest.raises(ValueError, match="secret"):
        all_of(Command(("a",), env=(("A", Secret(SECRET)),)))
    with pytest.raises(ValueError, match="needs a command"):
        pipe()


@pytest.mark.parametrize("ended", list(Ended))
@pytest.mark.parametrize("status", [None, 0, 1])
def test_only_an_exit_status_of_zero_is_ok(ended: Ended, status: int | None) -> None:
    outcome = Outcome(ended, status)
    assert outcome.ok == (ended is Ended.EXITED and status == 0)
    assert outcome.known == (ended in (Ended.EXITED, Ended.SIGNALED))

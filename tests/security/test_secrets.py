"""No secret gets through the door, in whatever form and however it is cut up by colours (R14)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.security.corpus import HARMLESS, SECRETS, Sample
from tui.model.redact import from_host, redact
from tui.model.secret_forms import FORMS
from tui.model.text import scrub

TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"

samples = pytest.mark.parametrize("sample", SECRETS, ids=lambda s: s.name)


def leaks(shown: str, sample: Sample) -> list[str]:
    """The secrets of the sample that can be read in `shown`."""
    return [secret for secret in sample.secrets if secret in shown]


def test_corpus_is_what_it_says() -> None:
    assert len({sample.name for sample in SECRETS}) >= 30
    for sample in SECRETS:
        assert sample.secrets, sample.name
        assert leaks(scrub(sample.text), sample) == list(sample.secrets), sample.name


@samples
def test_secret_is_gone(sample: Sample) -> None:
    shown = from_host(sample.text.encode())
    assert leaks(shown, sample) == []
    assert "***" in shown
    assert redact(shown) == shown


def test_each_form_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without any one of the forms some sample leaks: the corpus proves the whole table.
    for form in FORMS:
        others = tuple(other for other in FORMS if other is not form)
        monkeypatch.setattr("tui.model.redact.FORMS", others)
        assert any(leaks(from_host(sample.text), sample) for sample in SECRETS), form.pattern


@samples
def test_secret_in_a_log_line(sample: Sample) -> None:
    line = f"12:03:07.123 request_id=FvX3 [error] {sample.text} and on"
    if "\n" in sample.text or sample.name == "line of a key block" or "cookie of" in sample.name:
        line = f"before\n{sample.text}\nafter"
    assert leaks(from_host(line), sample) == []
    assert leaks(from_host(line.replace("\n", "\r\n")), sample) == []


@samples
def test_colour_anywhere_hides_nothing(sample: Sample) -> None:
    # A colour escape inside the name, the sign between, or the secret itself.
    for at in range(len(sample.text)):
        split = f"{sample.text[:at]}\x1b[1;31m{sample.text[at:]}\x1b[0m"
        assert leaks(from_host(split), sample) == [], at


# These are told by a prefix that has one case only.
ONE_CASE = (
    *("AKIA", "AIza", "eyJ", "ghp_", "xoxb-", "SFMyNTY.", "QTEyOEdDTQ.", "sk_live_", "ya29."),
    *("SG.", "XCP.", "glpat-", "whsec_", "github_pat_", "sk-proj-"),
)


def before_secret(sample: Sample) -> str:
    """The sample's text up to its first secret."""
    return sample.text.partition(sample.secrets[0])[0]


@pytest.mark.parametrize(
    "sample",
    [s for s in SECRETS if len(s.secrets) == 1 and not before_secret(s).endswith(ONE_CASE)],
    ids=lambda s: s.name,
)
def test_case_of_names_does_not_matter(sample: Sample) -> None:
    secret = sample.secrets[0]
    before, _, after = sample.text.partition(secret)
    assert secret not in from_host(before.upper() + secret + after.upper())


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str) -> None:
    assert from_host(text) == text


def test_empty_and_filtered_values_stay() -> None:
    assert redact('password: "", secret=""') == 'password: "", secret=""'
    assert redact("password: [FILTERED]") != "password: hunter2"


def test_what_is_kept_around_a_secret() -> None:
    assert from_host("url: ecto://app:Vn8rT2qLxw@db:5432/app") == "url: ecto://app:***@db:5432/app"
    assert (
        redact('%{"password" => "x9", "user" => "bob"}')
        == '%{"password" => "***", "user" => "bob"}'
    )
    assert redact("a -setcookie X9 -name n@h") == "a -setcookie *** -name n@h"
    sudoers = "devops ALL=(root) NOPASSWD: /usr/bin/systemctl restart x"
    assert redact(sudoers) == sudoers
    assert redact("GET /x?token=abc9&user=7") == "GET /x?token=***&user=7"
    assert redact("İİİ password=x9 İ ok") == "İİİ password=*** İ ok"


SIGNS = (
    *("password=", "token:", "cookie=", "://", "@", ":", "=", "=>", '"', "'", "\\", "{", "}", "<"),
    *(
        ">",
        "&",
        ";",
        ",",
        "***",
        "--",
        "-",
        "\n",
        "?",
        "$2b$",
        "eyJ",
        ".",
        "Bearer",
        "Basic",
        "nil",
    ),
    *(
        "authorization:",
        "</",
        "<<",
        "login",
        "-p",
        "curl",
        "-u",
        "s3://",
        "set_cookie(",
        ")",
        "a1b2c3d4",
    ),
)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from([sample.text for sample in SECRETS]),
        st.sampled_from(HARMLESS),
        st.sampled_from(SIGNS),
        st.text(max_size=12),
    ),
    max_size=8,
)


@given(TEXTS, st.sampled_from(["", " "]))
@settings(max_examples=1500, deadline=None)
def test_redacting_twice_changes_nothing(parts: list[str], between: str) -> None:
    once = redact(scrub(between.join(parts)))
    assert redact(once) == once
    assert scrub(once, limit=1 << 20) == once


def test_transcripts_of_real_hosts_keep_their_secrets() -> None:
    # What those hosts really printed: the cookies and the database's password.
    known = ("A54EXBESU7ML2YDY37O6OJEUFB4CT6OABONCEKDFOXJ7AUWWIWHA", "distcookie")
    seen = 0
    for file in sorted(TRANSCRIPTS.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            record = json.loads(line)
            for part in ("command", "stdout", "stderr"):
                seen += sum(secret in record[part] for secret in known)
                shown = from_host(record[part])
                assert not any(secret in shown for secret in known), shown
                assert ":billing_prod@" not in shown
    assert seen >= 3
    for file in sorted(TRANSCRIPTS.glob("*.export")):
        assert not any(secret in from_host(file.read_bytes()) for secret in known)

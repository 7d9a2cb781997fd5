"""What secrets look like in text: the table that `redact` reads. Data and the patterns it shares.

A pattern matches what is kept, in groups, and then the secret; from the end of the last group
on, the match is replaced. Patterns never look back over long runs twice: bounded repeats or
possessive ones, so that a hostile line costs no more than a long one.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """One look of secrets. A line is searched if it holds a hint, and a need where there are any.

    `exact` forms are matched as they stand, others against the line in lower case.
    """

    hints: tuple[str, ...]
    needs: tuple[str, ...]
    regex: str
    shown: str = "***"
    exact: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern; at its first use, since all of them cost a start 30 ms."""
        return _compiled(self.regex)


def _form(hints: str, needs: str, pattern: str, shown: str = "***") -> Form:
    return Form(tuple(hints.split()), tuple(needs.split()), pattern, shown)


def _exact(hints: str, needs: str, pattern: str) -> Form:
    bounded = r"(?<![A-Za-z0-9])" + pattern
    return Form(tuple(hints.split()), tuple(needs.split()), bounded, exact=True)


@functools.cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex, re.ASCII)


# Names whose value is a secret whatever stands between, and names that need a clearer sign.
# `token_count`, `password_reset` and the like end otherwise and are left alone.
_STRONG = (
    r"(?:password|passwd(?<!nopasswd)|passphrase|passcode|token(?<!unexpected token)|credential"
    r"|secret(?:[_-]?(?:access[_-]?)?key)?|signing[_-]salt|encryption[_-]salt"
    r"|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?key|client[_-]?key"
    r"|encryption[_-]?key|license[_-]?key|master[_-]?key|private[_-]?key|session[_-]?key"
    r"|signing[_-]?key|ssh[_-]?key|storage[_-]?key)"
    r"(?:[_-]?(?:base|hash|digest|confirmation|confirm|value)|\d\d?)?"
)
_WEAK = r"(?:pass(?<![a-z]pass)|pwd(?<![a-z]pwd)|cookie)"
_NAME = f"(?:{_STRONG}|{_WEAK})"
_WORDS = "pass pwd secret token cookie key credential salt"
_END = r"""\\*["']?"""  # the quote that closes a quoted name

# Values. Quoted: the opening in a group, the closing outside the match.
_KEPT = r"(?!\[filtered\]|\[redacted\])"
_QUOTED = (
    rf'(?:((?:~[a-z]|:)?"){_KEPT}(?:[^"\\\n]|\\.)++'
    rf"|((?:~[a-z]|:)?'){_KEPT}(?:[^'\\\n]|\\.)++"
    rf'|(\\+"){_KEPT}(?:(?!\\+")[^\n])++'
    r'|(<<)(?:"(?:[^"\\\n]|\\.)*+"|[^>\n])++)'
)
# Bare: ends at a blank, and at a sign that leads to the next field or to nothing.
_BARE = (
    r"""(?!["'<]|(?:nil|null|none|true|false|undefined|unset)(?:[\s"'<>&,;)}\]]|\Z))"""
    r"""(?:[^\s"'<>&,;)}\]\\␀]|\\(?!["'])"""
    r"""|["'<>&,;)}\]](?![\w.%\[\]-]{0,64}[=:]|[\s"'<>&,;)}\]]|\Z))++"""
)
_VALUE = f"(?:{_QUOTED}|{_BARE})"
# After `: ` a word of letters followed by more words is prose: `invalid password: try again`.
_NOT_PROSE = r"(?![a-z]+[.,]? +(?![\w.-]{1,64}[=:]))"
# `NAME= next` is an empty variable; `name = value` is an assignment.
_EQUALS = r"(?: *(?:=>|:=) *| +==? *|==?(?! ))"
_SCHEME = r"(?:basic|bearer|token|apikey|key|negotiate|sso-key)"
_FIELDS = r"(?:digest|oauth|aws4[\w-]*)"  # schemes of several fields, to the end of the line

FORMS = (
    _form(
        "key",
        "-----begin",
        r"-----begin [a-z0-9 ]{0,40}private key(?: block)?-----"
        r"(?s:.)*?(?:-----end [a-z0-9 ]{0,40}private key(?: block)?-----|\Z)",
        "*** (private key)",
    ),
    # "NAME=all of it": how systemd prints a variable whose value has blanks.
    _form(_WORDS, '"', rf'("[\w.-]{{0,64}}?{_NAME}=)(?:[^"\\\n]|\\.)++'),
    _form(
        "authoriz",
        "",
        rf"(authorization{_END} *(?:=>|[:=,]) *\\*[\"']?(?:{_SCHEME} +|(?=[^\s\"',]{{12}})))"
        rf"(?!{_FIELDS}\b|{_SCHEME} )[^\s\"',\\]++",
    ),
    _form("authoriz", "", rf"(authorization{_END} *(?:=>|[:=,]) *\\*[\"']?{_FIELDS} +)[^\n]++"),
    _form("bearer", "", r"(\bbearer +)(?=[\w.~+/-]{0,200}\d)[\w.~+/=-]{8,}+"),
    _form("basic", "", r"(\bbasic +)(?=[\w+/]{0,200}[\d=])[\w+/]{8,}+={0,2}"),
    _form(
        "cookie",
        "=",
        rf"(cookie{_END} *(?:=>|[:,]) *\\*[\"']?)(?=[\w.$%-]{{1,128}}=)"
        r"(?:[^\"'\n\\]|=[\"'][^\"'\n]*[\"'])++",
    ),
    _form("cookie", ":", r"(cookie: *)[^\s\"':]++(?= *(?:\n|\Z))"),
    _form("cookie", "(", r"(set_cookie\((?:[^,()\n]{1,64}(?:\(\))?, *)?)[^)\n]++"),
    _form(_WORDS, "=", rf"({_STRONG}{_END}{_EQUALS}){_VALUE}"),
    _form(_WORDS, ":", rf"({_STRONG}{_END} *:(?! *=)(?:(?! )| +{_NOT_PROSE})){_VALUE}"),
    _form("pass pwd cookie", "=", rf"({_WEAK}{_END}{_EQUALS})(?!/){_VALUE}"),
    _form("pass pwd cookie", ":", rf"({_WEAK}{_END} *: *)(?:{_QUOTED}|(:)\w++)"),
    # Tuples of Erlang and Elixir, headers as pairs, argv as a list.
    _form(_WORDS, ",", rf"({{:?[\w.-]{{0,64}}?{_NAME}, *|{_NAME}\\*[\"'], *){_QUOTED}"),
    _form(_WORDS, "-", rf"((?<![\w-])--?[\w-]{{0,40}}?{_NAME}{_END}(?:=|[ ␀]+))(?!-){_VALUE}"),
    # Without a look at what stands before: an invalid byte is shown as letters glued to it.
    _form("setcookie", "-", rf"(-setcookie{_END}(?:=|[ ␀]+))(?!-){_VALUE}"),
    _form("pass identified", "'", r"((?:password|identified by) +')[^'\n]++"),
    _form("pass", "login", r"(\blogin +\S{1,128} +password +)\S++"),
    _form(_WORDS, "</", rf"({_NAME}>)[^<>\n]++(?=</)"),
    _form("token", "csrf", r"(csrf[_-]token[\"'][^>\n]{0,80}?(?:value|content)=[\"'])[^\"'\n]++"),
    _form("pass", "sshpass", rf"(sshpass +-p *){_VALUE}"),
    _form(
        "curl",
        ":",
        r"((?<![\w-])(?:-u|--user|--proxy-user)[ =␀]*[\"']?[^\s:\"'/]{1,128}:)" + _BARE,
    ),
    _form("://", "s3://", r"(s3://)[^@\s]{1,128}@[^:@\s]{1,128}:", "***@***:"),
    # A database's or broker's URL: all up to the last @. On the web a path may hold one, so
    # there it is the last @ before the path, or the next one if a raw / is in the password.
    _form(
        "://",
        "@",
        r"((?<!http)(?<!https)://[^\s:/@\"'<>]{0,128}:)"
        r"[^\s\"'<>@]{1,256}+(?:@[^\s\"'<>@]{1,256}+(?=@))*+(?=@)",
    ),
    _form(
        "://",
        "@",
        r"(://[^\s:/@\"'<>]{0,128}:)(?!\d{1,5}(?:[/?#\s\"'),]|\Z))"
        r"(?:[^\s\"'<>/?#]{1,256}(?=@)|[^\s\"'<>@]{1,256}+(?=@))",
    ),
    _form("://", "@", r"(://)(?=[^\s@]{0,64}\d)[^\s:/@\"'<>?#]{20,256}(?=@)"),
    _form("://", "hooks.slack.com", r"(hooks\.slack\.com/services/)[\w/]++"),
    _form(
        "?",
        "=",
        r"([?&](?:sig|signature|code|key|auth|x-amz-signature|x-amz-credential)=)[^\s&\"'<>]{8,}+",
    ),
    _form("$", "", r"\$(?:2[aby]|argon2\w{1,2}|pbkdf2[\w-]{0,16}|[156y])\$[^\s\"',]{20,}+"),
    _form("secret", "age-secret", r"age-secret-key-1\w++"),
    _exact("IA", "AKIA ASIA", r"A[KS]IA[0-9A-Z]{16}"),
    _exact("gh", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{16,}+"),
    _exact("_pat_", "", r"github_pat_\w{16,}+"),
    _exact("glpat-", "", r"glpat-[\w-]{16,}+"),
    _exact("xox", "", r"xox[a-z]-[\w-]{8,}+"),
    _exact("AIza", "", r"AIza[\w-]{30,}+"),
    _exact("ya29.", "", r"ya29\.[\w-]{20,}+"),
    _exact("k_", "sk_ rk_", r"[sr]k_(?:live|test)_\w{8,}+"),
    _exact("whsec_", "", r"whsec_\w{8,}+"),
    _exact("SG.", "", r"SG\.[\w-]{16,}+\.[\w-]{16,}+"),
    _exact("sk-", "", r"sk-[\w-]{20,}+"),
    _exact("eyJ", "", r"eyJ[\w-]{6,}+(?:\.[\w-]*){1,4}"),
    # Phoenix: signed and encrypted cookies begin with their cipher's name in base64.
    _exact("SFMyNTY.", "", r"SFMyNTY\.[\w.=-]{8,}+"),
    _exact("QT", "QTEyOEdDTQ. QTI1NkdDTQ.", r"QT(?:EyOE|I1Nk)dDTQ\.[\w.=-]{8,}+"),
    _exact("XCP.", "", r"XCP\.[\w.=-]{8,}+"),
)

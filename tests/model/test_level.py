"""Severity out of text, priorities and systemd's ids."""

from __future__ import annotations

import pytest

from tui.model.journal import Level
from tui.model.level import level_of, mark_of, unit_level


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("[error] upstream timed out", Level.ERROR),
        ("[warn] slow", Level.WARNING),
        ("[warning] slow", Level.WARNING),
        ("[notice] up", Level.NOTICE),
        ("[debug] QUERY OK", Level.DEBUG),
        ("[critical] out of ids", Level.CRITICAL),
        ("[emergency] x", Level.EMERGENCY),
        ("[alert] x", Level.ALERT),
        ("23:06:02.844 [info] GET /", Level.INFO),
        ("23:06:02.844 request_id=abc user=7 [error] boom", Level.ERROR),
        ("2026-11-23 00:33:35.573 [ERROR] boom", Level.ERROR),
        ("[info] the word [error] stands later", Level.INFO),
        ("level=error msg=boom", Level.ERROR),
        ('time=1 level="warn" msg=boom', Level.WARNING),
        ('{"time":"…","severity":"ERROR","message":"boom"}', Level.ERROR),
        ('{"msg":"x","level" : "debug"}', Level.DEBUG),
        ('{"log.level":"fatal"}', Level.CRITICAL),
        ("=INFO REPORT==== 23-Nov-2026::00:33:35.573507 ===", Level.INFO),
        ("=CRASH REPORT==== 23-Nov-2026::00:33:35.573507 ===", Level.ERROR),
        ("** (UndefinedFunctionError) function :a.b/0 is undefined", Level.ERROR),
        ("ERROR! Config provider Config.Reader failed with:", Level.ERROR),
        ('{"Kernel pid terminated",application_controller,"x"}', Level.ERROR),
        ("SIGTERM received - shutting down", Level.INFO),
        ("[errors] is no level", Level.INFO),
        ("", Level.INFO),
        ("[", Level.INFO),
        ("{", Level.INFO),
        ("=", Level.INFO),
    ],
)
def test_level_in_the_text(message: str, level: Level) -> None:
    assert level_of(message, Level.INFO) is level
    assert level_of(message, None) is level


def test_priority_set_on_purpose_goes_before_the_text() -> None:
    assert level_of("[info] x", Level.ERROR) is Level.ERROR
    assert level_of("[error] x", Level.INFO) is Level.ERROR, "6 is what stdout always has"


def test_mark_far_inside_a_message_is_not_its_level() -> None:
    assert mark_of("x" * 300 + " [error]") is None


FAILED = "d9b373ed55a64feb8242e02dbe79a49c"
EXITED = "98e322203f7a4ed290d09fe03c09fe15"


def test_what_systemd_says_is_as_bad_as_what_it_means() -> None:
    assert unit_level(FAILED, Level.WARNING, "", "") is Level.ERROR
    assert unit_level(EXITED, Level.NOTICE, "exited", "1") is Level.WARNING
    assert unit_level(EXITED, Level.NOTICE, "killed", "9") is Level.WARNING
    assert unit_level(EXITED, Level.NOTICE, "exited", "0") is Level.NOTICE
    assert unit_level("", Level.CRITICAL, "", "") is Level.CRITICAL
    assert unit_level("", None, "", "") is Level.INFO

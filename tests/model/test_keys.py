"""The table of keys is whole; a config may call a key what the terminal library calls it."""

from __future__ import annotations

import pytest
from textual.keys import Keys, _character_to_key

from tui.model.key_names import AVOIDED, NAMED, canonical_key, canonical_keys
from tui.model.keys import KEYS, PLACES, keys_of, overlaps


def test_defaults_do_not_overlap() -> None:
    assert overlaps({}) == ()


def test_ids_are_unique_and_places_known() -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)
    assert {key.place for key in KEYS} <= {"*", *PLACES}


def test_default_keys_are_canonical_and_none_is_to_be_avoided() -> None:
    for key in KEYS:
        names = canonical_keys(key.keys)
        assert names == tuple(key.keys.split(",")), key.id
        assert not set(names) & set(AVOIDED), key.id


def test_overlap_names_both() -> None:
    assert overlaps({"actions": "u"}) == ("u is both unlock and actions in hosts",)
    assert overlaps({"unlock": "D"}) == ("D is both unlock and deploy in releases",)
    # A key that does the same at two places is in the way in both.
    assert overlaps({"restart": "u"}) == (
        "u is both unlock and restart in hosts",
        "u is both unlock and restart in host",
    )
    # Keys of two places do not meet; keys that change places do not either.
    assert overlaps({"export": "R"}) == ()
    assert overlaps({"restart": "D", "actions": "R"}) == ()
    assert overlaps({"next_error": "E", "previous_error": "e"}) == ()
    # A key of every place is in the way in each of them, and said once for each.
    assert len(overlaps({"help": "z"})) == len(PLACES)


def test_remapped_keys_are_put_in() -> None:
    (restart,) = [key for key in keys_of("hosts", {"restart": "ctrl+r"}) if key.id == "restart"]
    assert restart.keys == "ctrl+r"
    assert restart.action == "restart"
    assert "restart" not in {key.id for key in keys_of("journal", {})}
    assert "restart" in {key.id for key in keys_of("host", {})}


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("/", "slash"),
        ("slash", "slash"),
        (" G ", "G"),
        ("g", "g"),
        ("Ctrl+P", "ctrl+p"),
        ("ctrl+[", "ctrl+left_square_bracket"),
        ("shift+ctrl+up", "ctrl+shift+up"),
        ("ctrl++", "ctrl+plus"),
        ("+", "plus"),
        ("F5", "f5"),
        (" ", None),
        ("", None),
        ("F25", None),
        ("hyper+x", None),
        ("ctrl+ctrl+x", None),
        ("word", None),
        ("\x1b", None),
        ("ctrl+", None),
        ("ctrl+alt+shift+x", "ctrl+alt+shift+x"),
        ("alt+shift++", "alt+shift+plus"),
        ("+x", None),
        ("+++", None),
        ("é", "é"),
    ],
)
def test_canonical_key(name: str, canonical: str | None) -> None:
    assert canonical_key(name) == canonical


def test_canonical_keys() -> None:
    assert canonical_keys("/, F3") == ("slash", "f3")
    assert canonical_keys("") is None
    assert canonical_keys("a,,b") is None
    assert canonical_keys("a,nokey") is None


def test_names_agree_with_the_terminal_library() -> None:
    for code in range(0x21, 0x7F):
        char = chr(code)
        assert canonical_key(char) == _character_to_key(char)
        assert canonical_key(_character_to_key(char)) == _character_to_key(char)
    library = {key.value for key in Keys}
    assert library >= NAMED

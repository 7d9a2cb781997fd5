"""`journalctl -o export` as it comes over the wire: bytes in blocks -> entries. Pure.

A field is `NAME=value` and a newline, or NAME, a newline, a 64-bit little-endian length, the
value and a newline; an empty line ends an entry. Blocks end anywhere. What is not this becomes
an entry that says so, never an exception; what is too long is cut and says so.
"""

from __future__ import annotations

from tui.commands.journal_entry import EntryMaker, Fields, NotAnEntry, field_name_fits
from tui.model.journal import Entry
from tui.model.redact import from_host

# A value is kept up to here, an entry up to four of them; scrub shows 65,536 characters.
VALUE_CAP = 256 * 1024
ENTRY_CAP = 4 * VALUE_CAP
# journald's own limits (DATA_SIZE_MAX, N_FIELDS_MAX): beyond the first it is not a length.
LENGTH_MAX = 768 * 1024 * 1024
FIELDS_MAX = 1024
# An entry is waited for in one piece up to here; a larger one is read field by field.
_WAITED_FOR = 64 * 1024
_FIRST = b"__CURSOR"
_SAMPLE = 200


class ExportParser:
    """Turns one stream's blocks into its raw entries, in order; memory is bounded.

    Between blocks it keeps at most one entry's beginning. What stands before the first entry
    (a login shell's greeting) is not the journal's and is left out.
    """

    def __init__(self, host: str, at_us: int = 0) -> None:
        self._make = EntryMaker(host)
        self._last_us = at_us
        self._begun = False
        self._rest = b""
        self._fields: Fields = {}
        self._room = ENTRY_CAP
        self._count = 0
        self._cut = 0
        # The value being read in pieces: its name, what is kept, bytes to come (text: until LF).
        self._name = b""
        self._kept = bytearray()
        self._to_come: int | None = None
        self._long_line = False
        self._garbage = bytearray()
        self._garbage_size = 0

    def feed(self, block: bytes) -> list[Entry]:
        """The entries that are complete with this block."""
        data = self._rest + block
        self._rest = b""
        entries: list[Entry] = []
        quick = self._make.quick
        at, end = 0, len(data)
        while at < end:
            if self._between:
                stop = data.find(b"\n\n", at)
                if stop < 0 and end - at <= _WAITED_FOR and data.startswith(_FIRST, at):
                    self._rest = data[at:]
                    break
                entry = quick(data[at:stop]) if at < stop <= at + _WAITED_FOR else None
                if entry is not None:
                    self._begin(entries)
                    entries.append(entry)
                    self._last_us = entry.at_us
                    at = stop + 2
                    continue
            at = self._step(data, at, entries)
        return entries

    @property
    def _between(self) -> bool:
        return not self._fields and self._to_come is None and not self._long_line

    def _step(self, data: bytes, at: int, entries: list[Entry]) -> int:
        """Read one line, or as much of a value as there is; the place to go on from."""
        if self._to_come is not None:
            return self._binary(data, at)
        stop = data.find(b"\n", at)
        if self._long_line:
            return self._text(data, at, stop)
        if stop < 0:
            if len(data) - at <= VALUE_CAP:
                self._rest = data[at:]
                return len(data)
            return self._begin_long_line(data, at)
        line = data[at:stop]
        if not line:
            self._end(entries)
        elif b"=" in line:
            name, _, value = line.partition(b"=")
            self._field(name, value, entries, line)
        elif self._fields and field_name_fits(line):
            return self._begin_binary(data, at, stop, entries)
        else:
            self._lost(line, entries)
        return stop + 1

    def _begin_binary(self, data: bytes, at: int, stop: int, entries: list[Entry]) -> int:
        begin = stop + 9
        if len(data) < begin:
            self._rest = data[at:]
            return len(data)
        length = int.from_bytes(data[stop + 1 : begin], "little")
        if length > LENGTH_MAX:
            self._lost(data[at:stop], entries)
            return stop + 1
        self._name, self._to_come, self._kept = data[at:stop], length, bytearray()
        return begin

    def _binary(self, data: bytes, at: int) -> int:
        to_come = self._to_come or 0
        piece = data[at : at + to_come]
        self._keep(piece)
        at += len(piece)
        self._to_come = to_come - len(piece)
        if self._to_come == 0 and at < len(data):
            self._to_come = None
            self._put(self._name, bytes(self._kept))
            # The newline that ends the value; without one the next line is looked at as it is.
            at += data[at] == 0x0A
        return at

    def _begin_long_line(self, data: bytes, at: int) -> int:
        name, equals, value = data[at:].partition(b"=")
        self._name = name if equals and len(name) <= 64 else b""
        self._kept = bytearray()
        self._long_line = True
        self._keep(value if self._name else data[at:])
        return len(data)

    def _text(self, data: bytes, at: int, stop: int) -> int:
        self._keep(data[at:] if stop < 0 else data[at:stop])
        if stop < 0:
            return len(data)
        self._long_line = False
        if self._fields and field_name_fits(self._name):
            self._put(self._name, bytes(self._kept))
        else:
            self._note_garbage(bytes(self._kept))
        return stop + 1

    def _keep(self, piece: bytes) -> None:
        room = max(0, min(VALUE_CAP - len(self._kept), self._room))
        self._kept += piece[:room]
        self._room -= min(room, len(piece))
        self._cut += max(0, len(piece) - room)

    def _field(self, name: bytes, value: bytes, entries: list[Entry], line: bytes) -> None:
        first = name == _FIRST
        if not (field_name_fits(name) and (first or self._fields)):
            self._lost(line, entries)
            return
        if first and self._fields:
            self._broken(entries)
        if first:
            self._begin(entries)
        self._kept = bytearray()
        self._keep(value)
        self._put(name, bytes(self._kept))

    def _put(self, name: bytes, value: bytes) -> None:
        self._count += 1
        if self._count <= FIELDS_MAX:
            self._fields.setdefault(name, []).append(value)
        else:
            self._cut += len(name) + len(value)

    def _begin(self, entries: list[Entry]) -> None:
        """An entry begins: tell first what stood between it and the one before."""
        if self._garbage_size and self._begun:
            sample = from_host(bytes(self._garbage)).replace("\n", "␊")
            text = f"{self._garbage_size:,} bytes here are no journal entry: {sample}"
            entries.append(self._make.remark(text, self._last_us))
        self._begun = True
        self._garbage.clear()
        self._garbage_size = 0

    def _end(self, entries: list[Entry]) -> None:
        if not self._fields:
            return
        note = f"(cut: {self._cut:,} bytes more)" if self._cut else ""
        try:
            entry = self._make.full(self._fields, note)
        except NotAnEntry:
            self._broken(entries)
            return
        entries.append(entry)
        self._last_us = entry.at_us
        self._fresh()

    def _broken(self, entries: list[Entry]) -> None:
        """Say that an entry came without its end or its cursor, and what it said."""
        said = self._fields.get(b"MESSAGE", [b""])[0]
        sample = from_host(said[: 4 * _SAMPLE], limit=_SAMPLE).replace("\n", "␊")
        text = f"an entry of the journal came broken: {sample}"
        entries.append(self._make.remark(text, self._last_us))
        self._fresh()

    def _fresh(self) -> None:
        self._fields = {}
        self._room = ENTRY_CAP
        self._count = 0
        self._cut = 0

    def _lost(self, line: bytes, entries: list[Entry]) -> None:
        if self._fields:
            self._broken(entries)
        self._note_garbage(line)

    def _note_garbage(self, line: bytes) -> None:
        self._garbage_size += len(line) + 1
        if len(self._garbage) < _SAMPLE:
            self._garbage += line[:_SAMPLE] + b"\n"

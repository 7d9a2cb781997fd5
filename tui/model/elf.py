"""What a program asks of the machine that runs it, read from its ELF file. Pure."""

from __future__ import annotations

import re

_ELF_MACHINES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_GLIBC = re.compile(rb"GLIBC_(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?\0")
_INTERPRETER = re.compile(rb"(/[\w./+-]{0,120}/ld[\w.+-]{1,60})\0")


def elf_needs(data: bytes) -> tuple[str, str, tuple[int, ...]]:
    """(machine as `uname -m`, program interpreter, newest glibc asked for) of an ELF file.

    Empty where the file does not tell: a script in the place of the VM, say.
    """
    if data[:4] != b"\x7fELF" or len(data) < 20:
        return "", "", ()
    order = "little" if data[5] == 1 else "big"
    number = int.from_bytes(data[18:20], "little" if order == "little" else "big")
    found = _INTERPRETER.search(data, 0, 64 * 1024)
    asked = [tuple(int(part) for part in m.groups() if part) for m in _GLIBC.finditer(data)]
    interpreter = found[1].decode("ascii", "replace") if found else ""
    return _ELF_MACHINES.get(number, f"machine {number}"), interpreter, max(asked, default=())

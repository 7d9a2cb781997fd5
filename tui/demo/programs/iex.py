"""A small IEx behind a terminal: lines edited as an Erlang shell does, values out, Ctrl-C's menu.

As far as it can be had without an Elixir: what the demo's evaluator knows is evaluated.
"""

from __future__ import annotations

import re

from tui.demo.calls import Call
from tui.demo.elixir.errors import ElixirError, ElixirExit
from tui.demo.elixir.evaluate import Evaluation
from tui.demo.elixir.inspect_text import inspect
from tui.demo.node_library import LIBRARY
from tui.demo.vm import Vm

_KEY = re.compile(r"\x1b\[[0-9;]*[~A-Za-z]|\x1bO[A-Za-z]|\x1b?[\s\S]")
_MENU = (
    "\r\r\nBREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\r\r\n"
    "       (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\r\r\n"
)
_OPENERS, _CLOSERS = "([{", ")]}"


class Iex:
    """One shell on a node. Leaving it (Ctrl-C a, Ctrl-\\) leaves the node alone."""

    def __init__(self, call: Call, vm: Vm, node: str) -> None:
        self._call = call
        self._evaluation = Evaluation(vm, LIBRARY)
        self._node = node
        self._scope: dict[str, object] = {}
        self._count = 1
        self._before = ""
        self._line: list[str] = []
        self._at = 0
        self._history: list[str] = []
        self._back = 0
        self._menu = False

    async def run(self) -> None:
        """Until the terminal's end, or until it is left."""
        self._prompt()
        while data := await self._call.read():
            for key in _KEY.findall(data.decode("utf-8", "replace")):
                if self._menu:
                    if self._break(key):
                        return
                elif key == "\x1c" or (key == "\x04" and not self._line):
                    self._call.out("\r\n")
                    return
                elif key in "\r\n":
                    await self._enter()
                else:
                    self._edit(key)

    def _prompt(self) -> None:
        word = "..." if self._before else f"iex({self._node})"
        self._head = f"{word}({self._count})> " if self._before else f"{word}{self._count}> "
        self._line, self._at, self._back = [], 0, 0
        self._call.out(self._head)

    def _break(self, key: str) -> bool:
        """In Ctrl-C's menu; whether the shell is left."""
        if key in "aAk":
            self._call.out(f"{key}\r\n")
            return True
        if key == "c":
            self._menu = False
            self._call.out("c\r\n")
            self._show()
        return False

    def _edit(self, key: str) -> None:
        line, at = self._line, self._at
        if key == "\x03":
            self._menu = True
            self._call.out(_MENU)
            return
        if key in ("\x7f", "\b"):
            del line[max(0, at - 1) : at]
            self._at = max(0, at - 1)
        elif key in ("\x1b[A", "\x1bOA", "\x10"):
            self._recall(1)
        elif key in ("\x1b[B", "\x1bOB", "\x0e"):
            self._recall(-1)
        elif key == "\x15":
            del line[:at]
            self._at = 0
        elif key == "\x0b":
            del line[at:]
        elif key == "\x17":
            start = len("".join(line[:at]).rstrip().rpartition(" ")[0])
            del line[start:at]
            self._at = start
        elif key.isprintable():
            line.insert(at, key)
            self._at += 1
            if self._at == len(line):
                self._call.out(key)
                return
        else:
            places = {"\x1b[D": at - 1, "\x02": at - 1, "\x1b[C": at + 1, "\x06": at + 1}
            places |= {"\x01": 0, "\x1b[H": 0, "\x1bOH": 0}
            places |= {"\x05": len(line), "\x1b[F": len(line), "\x1bOF": len(line)}
            self._at = min(max(places.get(key, at), 0), len(line))
        self._show()

    def _recall(self, step: int) -> None:
        self._back = min(max(self._back + step, 0), len(self._history))
        text = self._history[-self._back] if self._back else ""
        self._line, self._at = list(text), len(text)

    def _show(self) -> None:
        """The line anew, the cursor on its place; lines wider than the terminal are not mended."""
        behind = len(self._line) - self._at
        back = f"\x1b[{behind}D" if behind else ""
        self._call.out(f"\r\x1b[K{self._head}{''.join(self._line)}{back}")

    async def _enter(self) -> None:
        line = "".join(self._line)
        self._call.out("\r\n")
        if line.strip():
            self._history.append(line)
        text = f"{self._before}\n{line}".strip() if self._before else line.strip()
        if _unfinished(text):
            self._before = text
        else:
            self._before = ""
            if text:
                await self._evaluate(text)
        self._prompt()

    async def _evaluate(self, text: str) -> None:
        try:
            value = await self._evaluation.run_in(text, self._scope)
        except ElixirError as error:
            said = f"** ({error.module}) {error.message}\n\n"
        except ElixirExit as ended:
            said = f"** (exit) {ended.status}\n\n"
        else:
            said = f"{inspect(value)}\n"
            self._count += 1
        self._call.out(said.replace("\n", "\r\n"))


def _unfinished(text: str) -> bool:
    """Whether brackets or a `do` wait for their end; texts in quotes do not count."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    if sum(map(bare.count, _OPENERS)) > sum(map(bare.count, _CLOSERS)):
        return True
    words = re.findall(r"(?<![\w:.])(?:do|fn|end)(?![\w:?!])", bare)
    return len([w for w in words if w != "end"]) > words.count("end") or bare.endswith(("|>", ","))

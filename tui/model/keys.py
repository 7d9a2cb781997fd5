"""Every key of the console in one table: bindings, help, key line and remapping read it.

A key belongs to places (`*` is every place). Names of keys are Textual's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Key:
    """A key: `id` (named in the config), the keys that do it, the action, what it says.

    `place` is where it belongs, `also` where it does the same.
    """

    id: str
    keys: str
    action: str
    label: str
    place: str = "*"
    shown: bool = False
    also: tuple[str, ...] = ()

    def works_at(self, place: str) -> bool:
        """Whether it does something of its own at `place`."""
        return place == self.place or place in self.also


KEYS: tuple[Key, ...] = (
    Key("environments", "0", "app.go('environments')", "environments"),
    Key("hosts", "1", "app.go('hosts')", "hosts"),
    Key("releases", "2", "app.go('releases')", "releases"),
    Key("journal", "3", "app.go('journal')", "journal"),
    Key("migrations", "4", "app.go('migrations')", "migrations"),
    Key("console", "5", "app.go('console')", "console"),
    Key("plan", "p", "app.show_plan", "the plan under way"),
    Key("unlock", "u", "app.unlock", "unlock", shown=True),
    Key("operations", "O", "app.operations", "resume an operation that was never ended"),
    Key("cards", "K", "cards", "known failures"),
    Key("timeline", "I", "timeline", "timeline: what was done and noted"),
    Key("commands_run", "at", "app.commands_run", "commands run"),
    Key("palette", "colon,ctrl+p", "app.command_palette", "commands", shown=True),
    Key("help", "question_mark,f1", "app.help", "keys", shown=True),
    Key("zoom", "z", "zoom", "zoom"),
    Key("back", "escape", "back", "back"),
    Key("quit", "q,ctrl+q", "app.ask_quit", "quit"),
    Key("down", "j,down", "down", "down"),
    Key("up", "k,up", "up", "up"),
    Key("top", "g,home", "top", "top"),
    Key("bottom", "G,end", "bottom", "bottom"),
    Key("page_down", "pagedown,ctrl+d", "page_down", "page down"),
    Key("page_up", "pageup,ctrl+u", "page_up", "page up"),
    Key("details", "enter", "details", "details", shown=True),
    Key("filter", "slash", "filter", "filter", shown=True),
    Key("copy", "y", "copy", "copy"),
    Key(
        "mark",
        "space",
        "mark",
        "mark",
        "hosts",
        shown=True,
        also=("migrations", "releases", "console"),
    ),
    Key("mark_all", "asterisk", "mark_all", "mark all", "hosts"),
    Key("actions", "a", "actions", "actions", "hosts", shown=True),
    Key("restart", "R", "restart", "restart", "hosts", shown=True, also=("host",)),
    Key("finish", "F", "finish", "finish what it was left out of", "hosts", also=("host",)),
    Key("trust", "t", "trust", "host key, passphrase", "hosts", also=("host",)),
    Key("reconnect", "c", "reconnect", "connect again", "hosts", also=("host",)),
    Key("ask_node", "v", "ask_node", "ping its node", "host", shown=True),
    Key("deploy", "D", "deploy", "deploy", "releases", shown=True),
    Key("deploy_one_first", "C", "deploy_one_first", "deploy, one host first", "releases"),
    Key("rollback", "B", "rollback", "roll back", "releases", shown=True, also=("hosts", "host")),
    Key("rollback_code", "c", "rollback_code", "roll back, code only", "releases"),
    Key("compare", "d", "compare", "compare", "releases", shown=True),
    Key("prune", "P", "prune", "prune…", "releases", shown=True),
    Key("build", "b", "build", "build", "releases"),
    Key("read_releases", "r", "read_again", "read again", "releases", shown=True),
    Key("branch_schema", "s", "schema", "schema and code", "rollback_branch", shown=True),
    Key("branch_code", "c", "code", "code only", "rollback_branch", shown=True),
    Key(
        "read_rollback",
        "r",
        "read_again",
        "read again",
        "rollback",
        shown=True,
        also=("rollback_branch",),
    ),
    Key("note", "i", "note", "note", "timeline", shown=True),
    Key("read_timeline", "r", "read_again", "read again", "timeline"),
    Key("migrate", "M", "migrate", "migrate", "migrations", shown=True),
    Key("read_migrations", "r", "read", "read again", "migrations", shown=True),
    Key("follow", "f", "follow", "follow", "journal"),
    Key("pause", "equals_sign", "pause", "pause", "journal", shown=True),
    Key("next_hit", "n", "next_hit", "next hit", "journal", shown=True, also=("console",)),
    Key("previous_hit", "N", "previous_hit", "previous hit", "journal", also=("console",)),
    Key("next_error", "e", "next_error", "next error", "journal", shown=True),
    Key("previous_error", "E", "previous_error", "previous error", "journal"),
    Key("next_warning", "w", "next_warning", "next warning", "journal"),
    Key("previous_warning", "W", "previous_warning", "previous warning", "journal"),
    Key("level", "L", "level", "levels", "journal"),
    Key("which_hosts", "h", "which_hosts", "which hosts", "journal"),
    Key("since", "s", "since", "since, until, boot", "journal"),
    Key("wrap", "l", "wrap", "wrap lines", "journal"),
    Key("unfold", "space", "unfold", "unfold an entry", "journal"),
    Key("only_hits", "o", "only_hits", "only hits, or mark them", "journal"),
    Key("around", "a", "around", "all around it, then the filter again", "journal"),
    Key("trail", "r", "trail", "same request, or process", "journal"),
    Key("histogram", "H", "histogram", "lines and errors a minute", "journal"),
    Key("pin", "m", "pin", "pin to the timeline", "journal"),
    Key("export", "x", "export", "export", "journal", shown=True),
    Key("type", "t", "type", "type", "console", shown=True),
    Key("open_console", "o", "open_console", "open", "console", shown=True),
    Key("next_console", "right_square_bracket", "turn(1)", "next console", "console"),
    Key("previous_console", "left_square_bracket", "turn(-1)", "previous console", "console"),
    Key("snippets", "s", "snippets", "snippets", "console", shown=True),
    Key("reopen_console", "r", "reopen", "open again", "console"),
    Key("close_console", "X", "close_console", "close", "console"),
    Key("go_on", "c", "go_on", "go on", "walkthrough", shown=True),
    Key("step_by_step", "equals_sign", "step_by_step", "pause", "walkthrough", shown=True),
    Key("stop_here", "s", "stop_here", "stop here", "walkthrough", shown=True),
    Key("verify_again", "v", "verify_again", "read a stuck step again", "walkthrough"),
    Key("roll_back", "B", "roll_back", "roll the stuck host back", "walkthrough"),
    Key("leave", "l", "leave", "leave a stuck step as it is", "walkthrough"),
)

PLACES = (
    "environments",
    "hosts",
    "host",
    "releases",
    "rollback",
    "rollback_branch",
    "journal",
    "migrations",
    "console",
    "walkthrough",
    "timeline",
)


def keys_of(place: str, remapped: Mapping[str, str]) -> tuple[Key, ...]:
    """The keys that work at a place, with the config's own keys put in."""
    return tuple(
        replace(k, keys=remapped.get(k.id, k.keys))
        for k in KEYS
        if k.place == "*" or k.works_at(place)
    )


def overlaps(remapped: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences that name two ids that one key would do at one place; empty if all is well."""
    found: list[str] = []
    for place in PLACES:
        taken: dict[str, str] = {}
        for key in keys_of(place, remapped):
            for name in _names(key.keys):
                other = taken.setdefault(name, key.id)
                if other != key.id:
                    found.append(f"{name} is both {other} and {key.id} in {place}")
    return tuple(dict.fromkeys(found))


def _names(keys: str) -> Iterable[str]:
    return (name.strip() for name in keys.split(",") if name.strip())

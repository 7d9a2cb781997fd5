"""Elixir's exceptions as they end an rpc or an eval: a banner, a trace, exit status 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

IN_EVAL = (
    "(stdlib 4.2) erl_eval.erl:744: :erl_eval.do_apply/7",
    "(elixir 1.14.0) lib/code.ex:422: Code.validated_eval_string/3",
)
AT_PARSE = ("(elixir 1.14.0) lib/code.ex:421: Code.validated_eval_string/3",)


class ElixirError(Exception):
    """A raised exception: its module, message and trace, and what fields it has beside those."""

    def __init__(
        self,
        module: str,
        message: str,
        trace: Sequence[str] = IN_EVAL,
        fields: Mapping[object, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.module = module
        self.message = message
        self.trace = tuple(trace)
        self.fields = dict(fields or {})

    def banner(self) -> str:
        """What a script that dies of it prints on stderr."""
        lines = [f"** ({self.module}) {self.message}", *(f"    {line}" for line in self.trace)]
        return "\n".join(lines) + "\n"


class NotSimulated(ElixirError):
    """Real Elixir may well know it; this evaluator does not, and says so."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "Beamdeck.Demo.NotSimulatedError",
            f"the demo's evaluator does not know {what}; a real node would",
        )


class ElixirExit(Exception):
    """System.halt: the script ends with a status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

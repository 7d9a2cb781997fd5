"""Tasks as expressions: what ends a node is found, whatever stands around it; answers by marks."""

from __future__ import annotations

import base64
import re

import pytest

from tui.commands.task import TaskAnswer, parse_task, task_expression, task_mark, task_problem
from tui.model.fleet import App, Task, TaskBy

REBUILD = Task("rebuild", 'Billing.Search.rebuild("all; $(reboot)")')


@pytest.mark.parametrize(
    "text",
    [
        ":init.stop()",
        "Billing.migrate(); :init.stop",
        ":init . stop()",
        ":init.restart()",
        "System.stop(0)",
        "System.halt()",
        "System\n.halt(1)",
        ":erlang.halt(0)",
    ],
)
def test_what_ends_the_node_is_refused_by_rpc_only(text: str) -> None:
    problem = task_problem(Task("t", text, TaskBy.RPC))
    assert "by rpc that stops the app" in problem
    assert task_problem(Task("t", text, TaskBy.EVAL)) == ""


@pytest.mark.parametrize("text", ["Billing.Init.stop()", "MySystem.halt()", "Billing.stop()"])
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert task_problem(Task("t", text, TaskBy.RPC)) == ""


def test_the_expression_travels_as_hex_and_nothing_of_it_is_read_on_the_way() -> None:
    text = task_expression(App("billing"), REBUILD)
    assert "Search" not in text
    assert "$(" not in text
    assert re.search(f'code: "{REBUILD.expression.encode().hex()}"', text)
    assert f'mark: "{task_mark(REBUILD)}"' in text
    assert text == task_expression(App("billing"), REBUILD), "the plan's hash rests on it"


def test_the_end_is_told_by_the_mark_alone() -> None:
    value = base64.b64encode(b"{:ok, 42}").decode()
    whole = f"m began\n12:00:01 [info] at it, PASSWORD=x\nm value {value}\nm ended\n".encode()
    answer = parse_task(whole, "m")
    assert (answer.began, answer.ended, answer.value) == (True, True, "{:ok, 42}")
    assert "PASSWORD=x" not in " ".join(answer.log)
    cut = parse_task(whole.split(b"m value")[0], "m")
    assert (cut.began, cut.ended, cut.value) == (True, False, "")
    failed = base64.b64encode(b"ArgumentError: no").decode()
    assert parse_task(f"m began\nm failed {failed}\nm ended\n".encode(), "m").failed
    assert parse_task(b"ended\nx ended\n", "m") == TaskAnswer(log=("ended", "x ended"))

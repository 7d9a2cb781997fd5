"""The evaluator: Elixir's syntax, values and their layout; what it does not know it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.demo.elixir.errors import ElixirError, NotSimulated
from tui.demo.elixir.evaluate import Evaluation
from tui.demo.elixir.inspect_text import inspect
from tui.demo.elixir.library import PURE
from tui.demo.elixir.parser import parse
from tui.demo.elixir.values import Atom


class Paper:
    """Standard output to read."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


async def value(source: str) -> str:
    """What IEx would show for it."""
    return inspect(await Evaluation(Paper(), PURE).run_text(source))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1 + 2 * 3 - 4", "3"),
        ("10 - 3 - 2", "5"),
        ("1_000_000", "1000000"),
        ("x = 5; y = x + 1; {x, y}", "{5, 6}"),
        ("for a <- [1, 2, 3], a > 1, do: {a, :b}", "[{2, :b}, {3, :b}]"),
        ("for {:ok, v} <- [{:ok, 1}, {:error, 2}] do\n  v\nend", "[1]"),
        ("for x <- [1, 2], y <- [x, 9], do: x * y", "[1, 9, 4, 18]"),
        ('"a#{1 + 1}b" <> "c"', '"a2bc"'),
        ("{:ok, x, _} = {:ok, [1], 3}; x", "[1]"),
        ("[h | t] = [1, 2, 3]; {h, t}", "{1, [2, 3]}"),
        ("fn a, b -> a + b end.(1, 2)", "3"),
        ("f = fn\n  :a -> 1\n  n when n > 5 -> 2\n  _ -> 3\nend\n{f.(:a), f.(6), f.(0)}",
         "{1, 2, 3}"),
        ("Enum.map([1, 2], &(&1 * 2))", "[2, 4]"),
        ("[3, 1, 2] |> Enum.sort() |> Enum.reverse", "[3, 2, 1]"),
        ("[1, 2]\n|> Enum.map(fn x -> x + 1 end)", "[2, 3]"),
        ("case {:ok, 3} do\n  {:error, _} -> 0\n  {:ok, n} when n > 2 -> n\nend", "3"),
        ("if nil, do: 1, else: 2", "2"),
        ("unless false do 1 else 2 end", "1"),
        ('try do\n  raise "x"\nrescue\n  e -> e.message\nend', '"x"'),
        ('try do raise ArgumentError, message: "m" rescue _ in ArgumentError -> :yes end', ":yes"),
        ("[a: 1, b: [c: 2]][:b]", "[c: 2]"),
        ('%{"k" => 2, a: 1}', '%{:a => 1, "k" => 2}'),
        ("%{a: 1}.a", "1"),
        ("'abc'", "'abc'"),
        ("[7, 8, 300]", "[7, 8, 300]"),
        ('{nil, true, :"odd atom", Billing.Repo, :ok?, "q\\"", 2.5}',
         '{nil, true, :"odd atom", Billing.Repo, :ok?, "q\\"", 2.5}'),
        ("true and not false || nil", "true"),
        ("1 in [1, 2]", "true"),
        ("[1, 2, 3] -- [2]", "[1, 3]"),
        ("Base.decode64!(\"aGk=\")", '"hi"'),
        ('"""\n  two\n  lines\n  """', '"two\\nlines\\n"'),
        ("# a comment\n1 # another", "1"),
        ("Enum.reduce([1, 2, 3], 0, fn x, acc -> x + acc end)", "6"),
        ("String.split(\"a,b\", \",\")", '["a", "b"]'),
    ],
)  # fmt: skip
async def test_values(source: str, shown: str) -> None:
    assert await value(source) == shown


@pytest.mark.parametrize(
    ("source", "banner"),
    [
        ('raise "boom"', "** (RuntimeError) boom\n"),
        ("1 = 2", "** (MatchError) no match of right hand side value: 2\n"),
        ("case 1 do 2 -> 3 end", "** (CaseClauseError) no case clause matching: 1\n"),
        ("nosuch",
         "** (CompileError) nofile:1: undefined function nosuch/0 (there is no such import)\n"),
        ('1 + "a"', "** (ArithmeticError) bad argument in arithmetic expression\n"),
        ("%{a: 1}.b", "** (KeyError) key :b not found in: %{a: 1}\n"),
        (")", "** (SyntaxError) nofile:1:1: unexpected token: )\n"),
        ("1 +", "** (TokenMissingError) nofile:1:3: syntax error: expression is incomplete\n"),
        ('"abc',
         '** (TokenMissingError) nofile:1:5: missing terminator: " (for string starting'),
        ("foo(",
         '** (TokenMissingError) nofile:1:5: missing terminator: ) (for "(" starting at line 1)\n'),
    ],
)  # fmt: skip
async def test_errors_as_elixir_prints_them(source: str, banner: str) -> None:
    with pytest.raises(ElixirError) as raised:
        await value(source)
    assert raised.value.banner().startswith(banner)


@pytest.mark.parametrize(
    "source",
    ["Foo.bar(1)", "Enum.chunk_every([1], 2)", "IO.puts(1, 2, 3)", "1..3", "receive do x -> x end"],
)
async def test_what_is_not_known_is_refused_by_name(source: str) -> None:
    with pytest.raises(ElixirError) as raised:
        await value(source)
    assert isinstance(raised.value, NotSimulated) or raised.value.module == "SyntaxError"


async def test_a_refusal_cannot_be_rescued() -> None:
    with pytest.raises(NotSimulated):
        await value("try do\n  Foo.bar()\nrescue\n  _ -> :fine\nend")


async def test_output_goes_where_it_is_sent() -> None:
    paper = Paper()
    evaluation = Evaluation(paper, PURE)
    source = 'IO.puts "a"; IO.inspect [1], label: "l"; IO.write("z"); IO.puts(:stderr, "e")'
    assert await evaluation.run_text(source) == Atom("ok")
    assert paper.text == "a\nl: [1]\nze\n"


def test_layout_breaks_as_inspect_does() -> None:
    rows: list[object] = [(Atom("up"), 20170725101500 + n, f"name_{n}") for n in range(3)]
    assert inspect((Atom("Elixir.Billing.Repo"), rows)) == (
        '{Billing.Repo,\n [\n   {:up, 20170725101500, "name_0"},\n'
        '   {:up, 20170725101501, "name_1"},\n   {:up, 20170725101502, "name_2"}\n ]}'
    )
    numbers: list[object] = [*range(1, 61)]
    assert inspect(numbers) == (
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,\n"
        " 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,\n"
        " 43, 44, 45, 46, 47, 48, 49, 50, ...]"
    )
    assert "60]" in inspect(numbers, limit=float("inf"))


@given(st.text(alphabet="abc:{}[]()\"'#&|<>=-+.,;\n doendfncase%\\~^@!1", max_size=40))
def test_no_text_breaks_the_parser(source: str) -> None:
    try:
        parse(source)
    except ElixirError:
        pass
    except RecursionError:
        pytest.fail(f"{source!r} recurses")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


@settings(max_examples=40)
@given(_VALUES)
async def test_what_is_inspected_reads_back(thing: object) -> None:
    text = inspect(thing, limit=float("inf"))
    assert await Evaluation(Paper(), PURE).run_text(text) == thing

"""A plan written down whole and read back: the same plan, the same hash, and never a secret."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan_fakes import restart
from tui.model.command import Command, Effect, Secret
from tui.model.plan import Loss, Plan, Step, Tier, Verdict, VerdictKind, canonical_json
from tui.model.plan_record import (
    LIMIT_BYTES,
    PlanUnreadable,
    from_record,
    read_record,
    to_record,
)
from tui.model.redact import redact

SIGNS = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
WORDS = st.text(SIGNS, max_size=30).filter(lambda text: redact(text) == text)
LONG = st.text("abc '$\n", min_size=200, max_size=260)
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple)
NAMES = st.from_regex(r"[A-Z_]{1,8}", fullmatch=True)
COMMANDS = st.builds(
    Command,
    st.lists(WORDS | LONG, min_size=1, max_size=4).map(tuple),
    effect=st.sampled_from(Effect),
    timeout_s=st.none() | st.floats(0, 9999),
    max_bytes=st.integers(0, 2**40),
    script=st.none() | st.text(SIGNS, max_size=300),
    env=st.lists(st.tuples(NAMES, WORDS), max_size=2).map(tuple),
    as_user=st.none() | WORDS,
)
STEPS = st.builds(
    Step,
    *(WORDS,) * 4,
    st.none() | COMMANDS,
    *(WORDS,) * 3,
    st.floats(0, 9999),
    params=PAIRS,
    pause=WORDS,
)
PLANS = st.builds(
    Plan,
    *(WORDS,) * 3,
    st.booleans(),
    WORDS,
    st.sampled_from(Tier),
    st.lists(STEPS, max_size=4).map(tuple),
    facts=PAIRS,
    verdicts=st.lists(
        st.builds(Verdict, st.sampled_from(VerdictKind), WORDS, WORDS), max_size=2
    ).map(tuple),
    left_out=st.lists(WORDS, max_size=2).map(tuple),
    undo=WORDS,
    params=PAIRS,
    losses=st.lists(st.builds(Loss, WORDS, WORDS), max_size=2).map(tuple),
    oldest=WORDS,
    policy=WORDS,
)


def written(plan: Plan) -> dict[str, object]:
    """The record as it comes back from a file."""
    values = json.loads(canonical_json(to_record(plan).values))
    assert isinstance(values, dict)
    return values


@given(PLANS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_plan_comes_back_as_it_was_with_its_hash(plan: Plan) -> None:
    back = from_record(written(plan))
    assert back == plan
    assert repr(back) == repr(plan)
    assert back.hash == plan.hash


def test_the_same_script_stands_there_once() -> None:
    script = "true # " + "x" * 5000
    plan = restart()
    steps = tuple(
        replace(step, command=Command((script, "a"), script=script)) for step in plan.steps * 9
    )
    plan = replace(plan, steps=steps)
    assert len(canonical_json(to_record(plan).values)) < 20_000
    assert from_record(written(plan)) == plan


SECRET = "hunter2hunter2"
LEAKS = {
    "secret word": Command(("psql", Secret(SECRET))),
    "secret variable": Command(("psql",), env=(("PGPASSWORD", Secret(SECRET)),)),
    "looks like one": Command(("psql", f"postgres://billing:{SECRET}@db/billing")),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_secret_is_not_kept_and_its_step_is_named(leak: str) -> None:
    plan = restart()
    steps = (plan.steps[0], replace(plan.steps[1], command=LEAKS[leak]))
    record = to_record(replace(plan, steps=steps))
    assert SECRET not in canonical_json(record.values).decode()
    assert [index for index, _ in record.gaps] == [1]
    with pytest.raises(PlanUnreadable, match="step 2: its command holds a secret"):
        from_record(record.values)
    shown, gaps = read_record(record.values)
    assert shown.steps[0] == plan.steps[0]
    assert gaps == record.gaps


def test_a_plan_beyond_the_bound_is_kept_without_its_commands() -> None:
    plan = restart()
    steps = tuple(
        replace(plan.steps[0], command=Command((f"{number}" + "x" * 150_000,)))
        for number in range(10)
    )
    record = to_record(replace(plan, steps=steps))
    assert len(canonical_json(record.values)) < LIMIT_BYTES
    with pytest.raises(PlanUnreadable, match="too big"):
        from_record(record.values)


def test_what_was_changed_is_not_gone_on_with() -> None:
    values = written(restart())
    steps = values["steps"]
    assert isinstance(steps, list)
    steps[0]["command"]["argv"][-1] = "other.service"
    with pytest.raises(PlanUnreadable, match="hash"):
        from_record(values)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    ),
    st.data(),
)
@settings(max_examples=80, deadline=None)
def test_anything_else_in_a_field_is_said_to_be_no_plan(junk: object, data: st.DataObject) -> None:
    values = written(restart())
    name = data.draw(st.sampled_from(sorted(values)))
    values[name] = junk
    try:
        plan = from_record(values)
    except PlanUnreadable:
        return
    assert plan.hash == values["hash"]


def test_a_script_that_does_not_fit_its_checksum_is_refused() -> None:
    plan = restart()
    plan = replace(plan, steps=(replace(plan.steps[0], command=Command((), script="true")),))
    values = written(plan)
    values["scripts"] = dict.fromkeys(dict(values["scripts"]), "false")  # type: ignore[call-overload]  # an object
    with pytest.raises(PlanUnreadable, match="checksum"):
        from_record(values)

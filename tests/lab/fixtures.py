"""Fixtures of tests marked `lab`: inside its namespace, on the lab that is up or a new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab, check_machine, default_folder
from tests.lab.network import entered
from tests.lab.recipe import APP_ROOT, MACHINES, PORT, UNIT
from tests.lab.shell import LabError
from tui.model.fleet import App, Environment, Health, HealthKind, Host


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab, with this process inside its namespace: one that is up, or brought up for this run.

    Where it cannot be had the test fails: it was asked for by its marker.
    """
    found = Lab(Path(os.environ.get("BEAMDECK_LAB") or default_folder()))
    was_up = found.running
    if not was_up and "PYTEST_XDIST_WORKER" in os.environ:
        pytest.fail("several workers need a lab that is up: python -m tests.lab up")
    try:
        check_machine(install=False)
        found.up()
    except LabError as error:
        pytest.fail(f"no lab here: {error}")
    with entered():
        yield found
    if not was_up:
        found.down()


@pytest.fixture
def lab_environment(lab: Lab) -> Environment:
    """Both web hosts with the app billing, as `devops`, not production."""
    hosts = tuple(
        Host(
            machine.name,
            address=machine.address,
            user="devops",
            identity=str(lab.key),
            known_hosts=str(lab.known_hosts),
        )
        for machine in MACHINES
        if machine.app
    )
    app = App(
        "billing",
        unit=UNIT,
        deliver_to=APP_ROOT,
        owner="billing",
        # On the host's own loopback: the check goes through the SSH connection.
        health=Health(HealthKind.HTTP, port=PORT),
    )
    return Environment("lab", hosts=hosts, apps=(app,))


@pytest.fixture
def second(lab: Lab) -> Iterator[None]:
    """Both hosts run 0.2.0 and have no later one; the lab is as before at the end."""
    lab.reset()
    try:
        yield
    finally:
        lab.reset()

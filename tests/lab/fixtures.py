"""Fixtures of tests marked `lab`: they run inside its namespace (`python -m tests.lab test`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, MACHINES, PORT, UNIT
from tui.model.fleet import App, Environment, Health, HealthKind, Host


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab that is up; without one the test fails: it was asked for by its marker."""
    folder = os.environ.get("BEAMDECK_LAB")
    if not folder:
        pytest.fail("tests marked lab run by `python -m tests.lab test`")
    found = Lab(Path(folder))
    if not found.running:
        pytest.fail("the lab is not up")
    return found


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

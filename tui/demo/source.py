"""The embedded fleet as a source of configuration: what `beamdeck demo` opens."""

from __future__ import annotations

from types import TracebackType

from tui.demo.fleet import DemoFleet
from tui.demo.scenarios import SCENARIOS
from tui.model.fleet import Config


class DemoSource:
    """An async context: the fleet is up inside, and gone with its folders after it."""

    scenarios: tuple[str, ...] = tuple(SCENARIOS)

    def __init__(self, scenario: str | None = None) -> None:
        self._fleet = DemoFleet(scenario=scenario)
        self.config = Config()

    async def __aenter__(self) -> DemoSource:
        await self._fleet.__aenter__()
        self.config = Config(environments=(self._fleet.environment,))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._fleet.__aexit__(kind, error, trace)

    async def play(self, scenario: str) -> None:
        """Start a scripted incident."""
        await self._fleet.play(scenario)

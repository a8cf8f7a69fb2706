"""What a decision may know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.lookedup import NOTHING, LookedUp
from bot.core.people import Roster
from bot.core.policy import Policy
from bot.core.routing import Known, Plan
from bot.core.signal import Severity


@dataclass(frozen=True, kw_only=True)
class Given:
    """The instant (UTC), the alert's policy as it is for its severity, the people, the plan of routing."""

    now: datetime
    policy: Policy
    roster: Roster
    plan: Plan
    looked: LookedUp = NOTHING

    @property
    def known(self) -> Known:
        return Known(roster=self.roster, plan=self.plan, at=self.now, looked=self.looked)

    def at(self, instant: datetime) -> Given:
        """The same as it will look at another instant, for all that is known now."""
        if instant == self.now:
            return self
        return Given(now=instant, policy=self.policy, roster=self.roster, plan=self.plan, looked=self.looked)

    def under(self, severity: Severity) -> Given:
        """The same for an alert of another severity."""
        policy = self.policy.of(severity)
        return self if policy is self.policy else replace(self, policy=policy)

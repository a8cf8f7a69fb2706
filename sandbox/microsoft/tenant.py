"""One tenant: what Entra and Exchange know of the workspace's people, its app, and what changed when."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sandbox.errors import Json, PageError
from sandbox.groups import Group
from sandbox.microsoft import csdl
from sandbox.microsoft.config import DOMAIN, ROLES, MicrosoftConfig
from sandbox.microsoft.faults import Faults
from sandbox.microsoft.keys import Keys
from sandbox.microsoft.work import Work
from sandbox.people import Person

WINDOWS = {
    "Europe/Amsterdam": "W. Europe Standard Time",
    "Europe/Berlin": "W. Europe Standard Time",
    "Europe/London": "GMT Standard Time",
    "Europe/Paris": "Romance Standard Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Jerusalem": "Israel Standard Time",
}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
QUIET: Json = {"availability": "Available", "activity": "Available", "outOfOfficeSettings": {"isOutOfOffice": False}}
KEPT = 10_000


def object_id(person_id: str) -> str:
    """Who somebody of the workspace is in Entra; also the `aadObjectId` of what they do in Teams."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox:{person_id}"))


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the workspace does not know of a person. `manager` is a person's id, or `contact:<e-mail>`.

    `mailbox` None: they have none. `removed`: deleted from Entra.
    """

    person: str
    enabled: bool = True
    guest: bool = False
    manager: str | None = None
    mail: str | None = None
    upn: str = ""
    removed: bool = False
    mailbox: Json | None = None
    presence: Json = field(default_factory=lambda: QUIET)


@dataclass(kw_only=True)
class App:
    """The registered app: what proves who it is, and what an administrator has consented to."""

    secrets: list[str]
    certificates: list[str] = field(default_factory=list)
    federated_keys: list[str] = field(default_factory=list)
    federated_subject: str = "system:serviceaccount:closeloop:closeloop"
    roles: list[str] = field(default_factory=lambda: list(ROLES))
    lifetime: int = 3599
    refresh_in: int | None = None


@dataclass(kw_only=True)
class Apps:
    """Teams' apps: what was uploaded to the organisation's catalogue, and who has the one of the bot."""

    uploaded: set[str]
    """the ids that manifests give their apps (`externalId`)"""
    installed: set[str] = field(default_factory=set)
    """people; the stand-in of Teams has the same set"""
    told: Callable[[str], None] = lambda person: None
    """Teams tells the bot that somebody has the app now"""


class Tenant:
    """`people` and `groups` are the workspace's; `note` writes down what has to outlive a restart."""

    def __init__(
        self,
        config: MicrosoftConfig,
        *,
        people: Mapping[str, Person],
        groups: Mapping[str, Group],
        note: Callable[[str, Json], None],
        work: Work | None = None,
    ) -> None:
        self.work = work or Work()
        self.config, self.keys, self.faults = config, Keys(), Faults()
        self.app = App(secrets=[config.client_secret])
        self.groups, self._people, self._note = groups, people, note
        self._accounts: dict[str, Account] = {}
        self.apps = Apps(uploaded=set(config.teams_apps))
        # Who changed, in order; a delta token is a place in it.
        self.changes: list[str] = []
        self.oldest = 0
        self.calls: list[Json] = []
        self.busy: Counter[str] = Counter()

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────

    def accounts(self) -> list[Account]:
        return [self.account(one.id) for one in self._people.values() if one.is_human]

    def account(self, person_id: str) -> Account:
        """Raises KeyError."""
        found = self._accounts.get(person_id)
        if found is None:
            found = self._accounts[person_id] = _new(self._people[person_id])
        return found

    def person(self, account: Account) -> Person:
        return self._people[account.person]

    def find(self, key: str) -> Account | None:
        """By object id or user principal name, as a path names somebody; nobody who was removed."""
        wanted = key.casefold()
        known = (one for one in self.accounts() if not one.removed)
        return next((one for one in known if wanted in (object_id(one.person), one.upn.casefold())), None)

    def change(self, person_id: str, body: Json) -> Account:
        """Raises PageError."""
        try:
            changed = replace(self.account(person_id), **body)
        except (KeyError, TypeError) as error:
            raise PageError(f"that cannot be: {error}") from None
        if problems := _impossible(changed, self._people):
            raise PageError(f"that cannot be: {', '.join(problems)}")
        self.restore(asdict(changed))
        self._note("account", asdict(changed))
        return changed

    def restore(self, record: Json) -> None:
        account = Account(**record)
        self._accounts[account.person] = account
        self.touch(account.person)

    def touch(self, person_id: str) -> None:
        """Something about them changed that a delta tells of."""
        self.changes.append(object_id(person_id))

    def expire(self) -> None:
        """Every delta token given out so far is worth nothing any more."""
        self.touch(self.accounts()[0].person)
        self.oldest = len(self.changes)

    # ── the app ──────────────────────────────────────────────────────────────────────────────────────────────────

    def change_app(self, body: Json) -> App:
        """Raises PageError."""
        try:
            self.app = replace(self.app, **body)
        except TypeError as error:
            raise PageError(f"that cannot be: {error}") from None
        return self.app

    def called(self, method: str, path: str, status: int) -> None:
        self.calls.append({"method": method, "path": path, "status": status})
        del self.calls[:-KEPT]


def _new(person: Person) -> Account:
    outside = not person.email.endswith("@acme.example")
    settings: Json = {
        "timeZone": WINDOWS.get(person.tz, "UTC"),
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "none"},
        "workingHours": {
            "daysOfWeek": list(DAYS),
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": WINDOWS.get(person.tz, "UTC")},
        },
    }
    return Account(
        person=person.id,
        guest=outside,
        manager=person.manager,
        mail=person.email or None,
        upn=f"{person.email.replace('@', '_')}#EXT#@{DOMAIN}" if outside else person.email,
        mailbox=None if outside else settings,
    )


def _impossible(account: Account, people: Mapping[str, Any]) -> list[str]:
    problems = [] if account.mailbox is None else csdl.wrong("mailboxSettings", account.mailbox)
    problems += csdl.wrong("presence", account.presence)
    if account.manager and not account.manager.startswith("contact:") and account.manager not in people:
        problems.append(f"nobody here is {account.manager!r}")
    return problems

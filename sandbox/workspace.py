"""The state of one workspace. Everything runs on one event loop, so a plain function is one transaction."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx2

from sandbox.channels import Channel, direct, first_channels
from sandbox.clock import BusinessClock, Stamps, micros
from sandbox.config import BOT_USER, SandboxConfig
from sandbox.content import Content
from sandbox.deliveries import Deliveries
from sandbox.errors import Json, PageError
from sandbox.faults import Faults
from sandbox.files import File, Files, as_slack_file, unknown_pictures
from sandbox.groups import Group, first_groups
from sandbox.journal import Journal
from sandbox.limits import Throttle
from sandbox.log import Log
from sandbox.messages import Message, Room, Thread, as_slack_message
from sandbox.microsoft.tenant import Tenant
from sandbox.microsoft.work import Work
from sandbox.people import CAST, STATUS_TEXT, Person
from sandbox.sockets import Sockets
from sandbox.stream import Hub
from sandbox.teams.rooms import Rooms
from sandbox.teams.tenant import TeamsTenant
from sandbox.tickets import Tickets
from sandbox.views import Views


class Workspace:
    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.clock = BusinessClock(config.clock_file)
        self.stamps = Stamps(self.clock)
        self.hub = Hub()
        self.sockets = Sockets()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.http: httpx2.AsyncClient | None = None
        self.journal = Journal(config.data_file)
        self._fill()
        self.journal.replay(self._restore)
        self._note_pictures()

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs beside everything else; forgotten when the workspace closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget_work(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.hub.close()
        self._forget_work()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.journal.close()

    def reset(self) -> None:
        """Back to the first day. Time goes on: it never goes backwards, and the bot's database has not forgotten."""
        self._forget_work()
        self.journal.forget()
        self._fill()
        self.hub.changed("users")
        self.hub.changed("channel")

    def _fill(self) -> None:
        created = int(self.clock.now())
        self.people: dict[str, Person] = {p.id: p for p in CAST}
        rooms = first_channels(created) + [direct(p.id, created) for p in CAST if p.is_human]
        self.groups: dict[str, Group] = {g.id: g for g in first_groups()}
        self.channels: dict[str, Channel] = {c.id: c for c in rooms}
        self.rooms: dict[str, Room] = {c.id: Room() for c in rooms}
        self.read: dict[tuple[str, str], int] = {}
        self.views = Views()
        self.files = Files()
        self.tickets = Tickets()
        self.throttle = Throttle(self.config.limits)
        self.faults = Faults()
        self.log = Log()
        self.client_msg_ids: set[str] = set()
        # (person, channel, ts) ▶ what they have chosen in that message so far
        self.drafts: dict[tuple[str, str, str], Json] = {}
        self.deliveries = Deliveries()
        self.revoked = False
        work = Work(now=self.clock.now)
        self.tenant = Tenant(
            self.config.microsoft, people=self.people, groups=self.groups, note=self.journal.write, work=work
        )
        self.teams = self._teams()

    def _teams(self) -> TeamsTenant:
        """The same people and channels as Teams has them; what was said there is not kept over a restart."""
        speed = self.config.teams_speed
        made = TeamsTenant(
            Rooms(self.channels, self.people, now=self.clock.now, monotonic=lambda: time.monotonic() * speed),
            tenant_id=self.config.microsoft.tenant_id,
            app_id=self.config.microsoft.client_id,
            tokens=self.tenant.keys,
            bot_url=self.config.teams_bot_url,
        )
        made.service_url, made.client, made.later = self.config.teams_service_url, self.http, self.later
        self.tenant.apps.installed = made.rooms.installed
        self.tenant.apps.told = lambda person: made.installed(self.people[person])
        return made

    def _restore(self, kind: str, record: Json) -> None:
        restore: dict[str, Callable[[Json], object]] = {
            "message": lambda record: self._put(Message(**record)),
            "gone": self._gone,
            "channel": lambda record: self._add_channel(Channel(**record)),
            "channel_gone": lambda record: self.channels.pop(record["id"], None),
            "group": lambda record: self._add_group(Group(**record | {"users": tuple(record["users"])})),
            "person": lambda record: self._add_person(Person(**record)),
            "account": lambda record: self.tenant.restore(record),
            "home": lambda record: self.views.publish(record["user"], record["body"], expected_hash=None),
            "file": self.files.restore,
            "file_content": self.files.restore_content,
            "install": lambda record: setattr(self, "revoked", record["revoked"]),
        }
        if kind in restore:  # what a newer version wrote down is not for this one
            restore[kind](record)

    def _note_pictures(self) -> None:
        """Which files are shown in a block is not written down: the blocks say it."""
        shown = [message.blocks for room in self.rooms.values() for message in room.everything()]
        unknown_pictures(self.files, [*shown, *(home.body["blocks"] for home in self.views.homes.values())], "")

    def _gone(self, record: Json) -> None:
        room = self.rooms[record["channel"]]
        gone = room.find(record["ts"])
        if gone is not None:
            room.remove(gone)

    def _put(self, message: Message) -> None:
        self.stamps.seen(message.ts)
        old = self.rooms[message.channel].find(message.ts)
        if old is None:
            self.rooms[message.channel].add(message)
            self.deliveries.note(message)
        else:
            vars(old).update(vars(message))

    # -- people and channels

    def _add_person(self, person: Person) -> None:
        self.people[person.id] = person
        if person.is_human and f"D{person.id}" not in self.channels:
            self._add_channel(direct(person.id, int(self.clock.now())))

    def change_person(self, person_id: str, **changes: Any) -> Person:
        """Raises PageError for an unknown field or time zone."""
        person = self.people.get(person_id) or Person(
            id=person_id, name=person_id.lower(), real_name=str(changes.get("real_name", person_id))
        )
        try:
            person = replace(person, updated=int(self.clock.now()), **changes)
            ZoneInfo(person.tz)
            _check_status(person)
        except (TypeError, ValueError, ZoneInfoNotFoundError) as error:
            raise PageError(f"that cannot be: {error}") from None
        self._add_person(person)
        self.tenant.touch(person_id)
        self.journal.write("person", vars(person))
        self.hub.changed("users")
        return person

    def _add_group(self, group: Group) -> None:
        self.groups[group.id] = group

    def save_group(self, group: Group) -> None:
        self._add_group(group)
        self.journal.write("group", vars(group))
        self.hub.changed("users")

    def _add_channel(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        self.rooms.setdefault(channel.id, Room())

    def save_channel(self, channel: Channel) -> None:
        self._add_channel(channel)
        self.journal.write("channel", vars(channel))
        self.hub.changed("channel", channel.id)

    def delete_channel(self, channel: Channel) -> None:
        """Nobody sees it or what was said in it any more; its id is never used again."""
        del self.channels[channel.id]
        self.journal.write("channel_gone", {"id": channel.id})
        self.hub.changed("users")

    def install(self, *, revoked: bool) -> None:
        """Whether the app's token has been taken away."""
        self.revoked = revoked
        self.journal.write("install", {"revoked": revoked})
        self.hub.changed("users")

    def named(self, name: str) -> Channel | None:
        return next((c for c in self.channels.values() if c.name and c.name == name), None)

    # -- messages

    def add(self, message: Message) -> Message:
        self.rooms[message.channel].add(message)
        self.deliveries.note(message)
        if message.client_msg_id:
            self.client_msg_ids.add(message.client_msg_id)
        if message.user != BOT_USER:
            self.mark_read(message.user, message.channel)
        self._changed(message)
        return message

    def edit(self, message: Message, content: Content) -> None:
        """Text alone removes the blocks and shows "(edited)"; an edit with blocks does not show."""
        message.text, message.mentions = content.text, content.mentions
        message.blocks = content.blocks or []
        if not content.blocks:
            message.edited_ts = self.stamps.next()
        self._changed(message)

    def remove(self, message: Message) -> None:
        self.rooms[message.channel].remove(message)
        if message.seen_by is None:
            self.journal.write("gone", {"channel": message.channel, "ts": message.ts})
        self.hub.changed("message", message.channel)

    def stands(self, message: Message) -> bool:
        """Whether it can be seen now: neither deleted nor in a deleted channel."""
        return (
            not message.tombstone
            and message.channel in self.channels
            and self.rooms[message.channel].find(message.ts) is message
        )

    def _changed(self, message: Message) -> None:
        if message.seen_by is None:
            self.journal.write("message", vars(message))
        self.hub.changed("message", message.channel)

    def thread(self, message: Message) -> Thread | None:
        return self.rooms[message.channel].thread(message)

    def as_slack(self, message: Message, *, with_payload: bool) -> Json:
        shape = as_slack_message(message, self.thread(message), with_payload=with_payload)
        found = [as_slack_file(self.files, file, self.channels) for file in self.files_of(message)]
        return shape | {"files": found, "upload": False, "display_as_bot": False} if found else shape

    # -- files

    def files_of(self, message: Message) -> list[File]:
        return [file for file in map(self.files.find, message.files) if file is not None]

    def save_file(self, file: File, *, new: bool = False) -> None:
        self.journal.write("file", self.files.record(file))
        if new:
            self.journal.write("file_content", self.files.record_content(file))

    def share(self, file: File, message: Message) -> None:
        file.shares.setdefault(message.channel, []).append(message.ts)
        self.save_file(file)

    # -- who has read what

    def mark_read(self, user: str, channel: str) -> None:
        recent = self.rooms[channel].recent
        self.read[user, channel] = micros(recent[-1].ts) if recent else 0


def _check_status(person: Person) -> None:
    """Raises ValueError."""
    emoji, until = person.status_emoji, person.status_expiration
    if not isinstance(person.status_text, str) or len(person.status_text) > STATUS_TEXT:
        raise ValueError(f"a status has at most {STATUS_TEXT} characters")
    if emoji and not re.fullmatch(r":[a-z0-9_+'-]+:", emoji):
        raise ValueError("a status emoji is written :palm_tree:")
    if type(until) is not int or until < 0:
        raise ValueError("status_expiration is Unix seconds, or 0")

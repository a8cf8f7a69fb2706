"""Every mistake is named with its line, its field and the nearest right spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.mistakes import ConfigError
from bot.settings import load, loads

FALLBACK = 'fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}\n'


def mistakes(text: str, *, fallback: bool = True) -> list[str]:
    """The list that is shown; with `fallback` the text begins in line 2."""
    with pytest.raises(ConfigError) as caught:
        loads((FALLBACK if fallback else "") + text, Path("closeloop.yaml"))
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("peple: {}", "2: peple: unknown key; did you mean people?"),
        ("platform: slak", "2: platform: unknown value; did you mean slack?"),
        ("directory: [file, slak]", "2: directory[1]: unknown value; did you mean slack?"),
        ("directory:\n  - file\n  - grph", "4: directory[1]: unknown value; one of file, slack"),
        ("admins: elsa@acme.example", "2: admins: must be a list"),
        ("admins: [elsa]", "2: admins[0]: not an e-mail address"),
        ("people: [ana@acme.example]", "2: people: must be a mapping, key: value"),
        ("people:\n  ana: {}", "3: people.ana: not an e-mail address"),
        ("people:\n  ana@acme.example:\n    manger: x@y.example", "4: people.ana@acme.example.manger: unknown key; did you mean manager?"),
        ("people:\n  ana@acme.example: {manager: Cleo}", "3: people.ana@acme.example.manager: not an e-mail address"),
        ("people:\n  ana@acme.example: {time_zone: Europe/Amsterdm}", "3: people.ana@acme.example.time_zone: unknown time zone; did you mean Europe/Amsterdam?"),
        ("people:\n  ana@acme.example: {hours: 9 to 5}", "3: people.ana@acme.example.hours: not working hours"),
        ("people:\n  ana@acme.example: {hours: Mon-Fry 09:00-17:30}", "3: people.ana@acme.example.hours: unknown day Fry; did you mean Fri?"),
        ("people:\n  ana@acme.example: {hours: Mon-Fri 17:30-09:00}", "3: people.ana@acme.example.hours: Mon-Fri 17:30-09:00 ends before it starts"),
        ("people:\n  ana@acme.example: {slack: ana}", "3: people.ana@acme.example.slack: not a Slack member ID"),
        ("people:\n  ana@acme.example: {}\n  Ana@acme.example: {}", "4: people.Ana@acme.example: written twice in another spelling"),
        ("sources:\n  ap auditor: {}", "3: sources.ap auditor: not a source's name"),
        ("sources:\n  ap:\n    chanel: '#x'", "4: sources.ap.chanel: unknown key; did you mean channel?"),
        ("sources:\n  ap: {channel: ai-alerts}", '3: sources.ap.channel: a channel starts with #, in quotes: did you mean "#ai-alerts"?'),
        ("sources:\n  ap: {channel: '#ai alerts'}", "3: sources.ap.channel: not a channel's name"),
        ("sources:\n  ap:\n    channel: #ai-alerts", "4: sources.ap.channel: in YAML an unquoted # starts a comment"),
        ("sources:\n  ap:\n    owner:", "4: sources.ap.owner: empty"),
        ("sources:\n  ap: {may_name_owner: perhaps}", "3: sources.ap.may_name_owner: must be true or false"),
        ("sources:\n  ap: {policy: slow}\npolicies:\n  slaw: {}", "3: sources.ap.policy: unknown policy slow; did you mean slaw?"),
        ("sources:\n  ap: {policy: nobody}", "3: sources.ap.policy: unknown policy nobody; one of default"),
        ("routing:\n  - {policy: defalt}", "3: routing[0].policy: unknown policy defalt; did you mean default?"),
        ("routing:\n  - {when: {severity: critical}}", "3: routing[0]: decides nothing: give it an owner, a channel or a policy"),
        ("routing:\n  - {policy: default}\n  - when: {severty: critical}\n    policy: default", "4: routing[1].when.severty: unknown field; did you mean severity?"),
        ("routing:\n  - when:\n      severity: [error, critcal]\n    policy: default", "4: routing[0].when.severity: unknown severity critcal; did you mean critical?"),
        ("routing:\n  - {when: {labels: {team: ap}}, policy: default}", "3: routing[0].when.labels: unknown field; name one part of it, like labels.team"),
        ("routing:\n  - {when: {source: []}, policy: default}", "3: routing[0].when.source: must have at least one entry"),
        ("routing: {policy: default}", "2: routing: must be a list"),
        ("policies:\n  default:\n    aknowledge: {}", "4: policies.default.aknowledge: unknown key; did you mean acknowledge?"),
        ("policies:\n  default:\n    acknowledge: {steps: []}", "4: policies.default.acknowledge.steps: must have at least one entry"),
        ("policies:\n  default:\n    acknowledge: {}", "4: policies.default.acknowledge.steps: required, but not there"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 5m, nudge_evry: 5m}", "6: policies.default.acknowledge.steps[0].nudge_evry: unknown key; did you mean nudge_every?"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner}", "6: policies.default.acknowledge.steps[0].nudge_every: required, but not there"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 10}", "6: policies.default.acknowledge.steps[0].nudge_every: not a duration: write it like 30s, 10m, 4h, 2d or 1h30m; did you mean 10m?"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 0s}", "6: policies.default.acknowledge.steps[0].nudge_every: must be at least 1s"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 400d}", "6: policies.default.acknowledge.steps[0].nudge_every: longer than 365 days"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 5m, nudges: two}", "6: policies.default.acknowledge.steps[0].nudges: must be a whole number"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: owner, nudge_every: 5m, nudges: -1}", "6: policies.default.acknowledge.steps[0].nudges: must be at least 0"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - {who: mannager, nudge_every: 5m}", "6: policies.default.acknowledge.steps[0].who: not somebody to ask"),
        ("policies:\n  default:\n    acknowledge:\n      steps:\n        - nobody", "6: policies.default.acknowledge.steps[0]: must be a mapping, key: value"),
        ("policies:\n  default:\n    resolve:\n      within: {eror: 1d}", "5: policies.default.resolve.within.eror: unknown value; did you mean error?"),
        ("policies:\n  default:\n    resolve:\n      within: soon", "5: policies.default.resolve.within: not a duration"),
        ("policies:\n  default:\n    hours: workin", "4: policies.default.hours: unknown value; did you mean working?"),
        ("policies:\n  default:\n    hours: {critical: alway}", "4: policies.default.hours.critical: unknown value; did you mean always?"),
        ("policies:\n  default:\n    verify: when_posible", "4: policies.default.verify: unknown value; did you mean when_possible?"),
        ("policies:\n  default:\n    cleared: shut", "4: policies.default.cleared: unknown value; one of close, ask"),
        ("policies:\n  default:\n    snooze_at_most: [2d]", "4: policies.default.snooze_at_most: must be a single value"),
        ("limits: {per_source: 12/fortnight}", "2: limits.per_source: not a rate: write it like 1200/minute"),
        ("limits: {body_bytes: 3}", "2: limits.body_bytes: must be at least 1024"),
        ("sources:\n  ap: {}\n  b: {}\n  ap: {}", "5: sources.ap: written twice, here and in line 3; keep one"),
        ("people:\nadmins: []\npeople: {}", "4: people: written twice, here and in line 2; keep one"),
        ("admins: [!secret elsa@acme.example]", "2: admins[0]: the tag !secret means nothing here"),
        ("? [a, b]\n: c", "2: a key must be a plain word"),
        ("people: &all\n  ana@acme.example: *all", "2: people.ana@acme.example: this alias contains itself"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_line_field_and_nearest_spelling(text: str, told: str) -> None:
    assert any(line.startswith(f"closeloop.yaml:{told}") for line in mistakes(text)), mistakes(text)
    assert len(mistakes(text)) == 1, "one mistake is told once"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: the file is empty; at least fallback is needed"),
        ("# nothing but a comment\n", "1: the file is empty"),
        ("admins: []", "1: fallback: required, but not there"),
        ("fallback: {owner: elsa@acme.example}", "1: fallback.channel: required, but not there"),
        ("- a\n- b", "1: must be a mapping, key: value"),
        ("fallback: {owner: elsa@acme.example, channel: #ai-exceptions}\nadmins: []", "1: not YAML"),
        ("a: b: c", "1: not YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "2: not YAML: but found another document"),
        ("a: \x07", "1: not YAML"),
    ],
)
def test_a_file_that_is_no_configuration_says_so(text: str, told: str) -> None:
    assert mistakes(text, fallback=False)[0].startswith(f"closeloop.yaml:{told}")


def test_a_channel_that_became_a_comment_is_explained_even_where_it_broke_the_file() -> None:
    (told,) = mistakes("fallback: {owner: elsa@acme.example, channel: #ai-exceptions}\nadmins: []", fallback=False)
    assert told.endswith('put the channel in quotes, "#ai-alerts"')


def test_every_mistake_is_listed_in_the_order_of_the_file() -> None:
    text = "directory: [fil]\nsources:\n  ap: {chanel: '#x', policy: defalt}\nplatform: teems\nsources: {}\n"
    lines = [int(line.split(":")[1]) for line in mistakes(text)]
    assert lines == [2, 4, 4, 5, 6]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file; copy closeloop\.example\.yaml"):
        load(tmp_path / "closeloop.yaml")


def test_a_folder_and_a_file_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "closeloop.yaml").write_bytes(b"fallback: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "closeloop.yaml")

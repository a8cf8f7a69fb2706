"""The names of Graph v1.0 that the stand-in knows, of the published schema (microsoftgraph/msgraph-metadata, CSDL).

What is asked for and what is answered is held against it: a name that is not here is refused, as Graph refuses it.
"""

from __future__ import annotations

from sandbox.errors import Json
from sandbox.microsoft.enums import strangers

TYPES: dict[str, dict[str, str]] = {
    "directoryObject": {"id": "String", "deletedDateTime": "DateTimeOffset"},
    "user": {
        "id": "String",
        "accountEnabled": "Boolean",
        "companyName": "String",
        "country": "String",
        "department": "String",
        "displayName": "String",
        "givenName": "String",
        "jobTitle": "String",
        "mail": "String",
        "mailNickname": "String",
        "mailboxSettings": "mailboxSettings",
        "manager": "directoryObject",
        "officeLocation": "String",
        "onPremisesSamAccountName": "String",
        "preferredLanguage": "String",
        "proxyAddresses": "Collection(String)",
        "surname": "String",
        "usageLocation": "String",
        "userPrincipalName": "String",
        "userType": "String",
    },
    "orgContact": {"id": "String", "displayName": "String", "mail": "String", "companyName": "String"},
    "group": {
        "id": "String",
        "description": "String",
        "displayName": "String",
        "groupTypes": "Collection(String)",
        "mail": "String",
        "mailEnabled": "Boolean",
        "mailNickname": "String",
        "securityEnabled": "Boolean",
        "visibility": "String",
    },
    "mailboxSettings": {
        "archiveFolder": "String",
        "automaticRepliesSetting": "automaticRepliesSetting",
        "dateFormat": "String",
        "delegateMeetingMessageDeliveryOptions": "String",
        "language": "localeInfo",
        "timeFormat": "String",
        "timeZone": "String",
        "userPurpose": "String",
        "workingHours": "workingHours",
    },
    "automaticRepliesSetting": {
        "externalAudience": "String",
        "externalReplyMessage": "String",
        "internalReplyMessage": "String",
        "scheduledEndDateTime": "dateTimeTimeZone",
        "scheduledStartDateTime": "dateTimeTimeZone",
        "status": "String",
    },
    "dateTimeTimeZone": {"dateTime": "String", "timeZone": "String"},
    "localeInfo": {"displayName": "String", "locale": "String"},
    "workingHours": {
        "daysOfWeek": "Collection(String)",
        "endTime": "TimeOfDay",
        "startTime": "TimeOfDay",
        "timeZone": "customTimeZone",
    },
    # Derived of timeZoneBase, which has the name alone.
    "customTimeZone": {
        "name": "String",
        "bias": "Int32",
        "daylightOffset": "daylightTimeZoneOffset",
        "standardOffset": "standardTimeZoneOffset",
    },
    "standardTimeZoneOffset": {
        "dayOccurrence": "Int32",
        "dayOfWeek": "String",
        "month": "Int32",
        "time": "TimeOfDay",
        "year": "Int32",
    },
    "daylightTimeZoneOffset": {
        "daylightBias": "Int32",
        "dayOccurrence": "Int32",
        "dayOfWeek": "String",
        "month": "Int32",
        "time": "TimeOfDay",
        "year": "Int32",
    },
    "presence": {
        "id": "String",
        "activity": "String",
        "availability": "String",
        "outOfOfficeSettings": "outOfOfficeSettings",
        "sequenceNumber": "String",
        "statusMessage": "presenceStatusMessage",
    },
    "presenceStatusMessage": {"expiryDateTime": "dateTimeTimeZone", "publishedDateTime": "DateTimeOffset"},
    "teamsApp": {
        "id": "String",
        "displayName": "String",
        "distributionMethod": "String",
        "externalId": "String",
    },
    "teamsAppInstallation": {"id": "String", "teamsApp": "teamsApp"},
    "chat": {"id": "String", "chatType": "String", "tenantId": "String", "topic": "String", "webUrl": "String"},
    "outOfOfficeSettings": {"isOutOfOffice": "Boolean", "message": "String"},
}


def unknown(kind: str, names: list[str]) -> str | None:
    """The first name that the type does not have."""
    return next((name for name in names if name not in TYPES[kind]), None)


def wrong(kind: str, shape: Json) -> list[str]:
    """Paths in a body that the schema does not have, or that hold something else. Annotations are let through."""
    found = []
    for name, value in shape.items():
        if "@" in name:
            continue
        inner = TYPES[kind].get(name)
        if inner is None:
            found.append(f"{kind}.{name}")
        elif value is not None:
            found += _misfit(inner, value, f"{kind}.{name}") or strangers(f"{kind}.{name}", value)
    return found


def _misfit(inner: str, value: object, path: str) -> list[str]:
    if inner in TYPES:
        if not isinstance(value, dict):
            return [path]
        return wrong(str(value.get("@odata.type", inner)).removeprefix("#microsoft.graph."), value)
    expected = {"Boolean": bool, "Int32": int}.get(inner, list if inner.startswith("Collection") else str)
    return [] if isinstance(value, expected) else [path]

"""The names of Graph v1.0 that the stand-in knows, of the published schema (microsoftgraph/msgraph-metadata, CSDL).

What is asked for and what is answered is held against it: a name that is not here is refused, as Graph refuses it.
"""

from __future__ import annotations

import re

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
    "identity": {"id": "String", "displayName": "String"},
    "identitySet": {"application": "identity", "device": "identity", "user": "identity"},
    # ── Planner
    "plannerPlan": {
        "id": "String",
        "container": "plannerPlanContainer",
        "createdBy": "identitySet",
        "createdDateTime": "DateTimeOffset",
        "owner": "String",
        "title": "String",
    },
    "plannerPlanContainer": {"containerId": "String", "type": "String", "url": "String"},
    "plannerBucket": {"id": "String", "name": "String", "orderHint": "String", "planId": "String"},
    "plannerTask": {
        "id": "String",
        "activeChecklistItemCount": "Int32",
        "assigneePriority": "String",
        "assignments": "Open(plannerAssignment)",
        "bucketId": "String",
        "checklistItemCount": "Int32",
        "completedBy": "identitySet",
        "completedDateTime": "DateTimeOffset",
        "conversationThreadId": "String",
        "createdBy": "identitySet",
        "createdDateTime": "DateTimeOffset",
        "dueDateTime": "DateTimeOffset",
        "hasDescription": "Boolean",
        "orderHint": "String",
        "percentComplete": "Int32",
        "planId": "String",
        "previewType": "String",
        "priority": "Int32",
        "referenceCount": "Int32",
        "startDateTime": "DateTimeOffset",
        "title": "String",
    },
    "plannerAssignment": {"assignedBy": "identitySet", "assignedDateTime": "DateTimeOffset", "orderHint": "String"},
    "plannerTaskDetails": {
        "id": "String",
        "checklist": "Open(plannerChecklistItem)",
        "description": "String",
        "previewType": "String",
        "references": "Open(plannerExternalReference)",
    },
    "plannerChecklistItem": {"isChecked": "Boolean", "orderHint": "String", "title": "String"},
    "plannerExternalReference": {
        "alias": "String",
        "lastModifiedBy": "identitySet",
        "lastModifiedDateTime": "DateTimeOffset",
        "previewPriority": "String",
        "type": "String",
    },
    # ── To Do
    "todoTaskList": {
        "id": "String",
        "displayName": "String",
        "isOwner": "Boolean",
        "isShared": "Boolean",
        "wellknownListName": "String",
    },
    "todoTask": {
        "id": "String",
        "body": "itemBody",
        "bodyLastModifiedDateTime": "DateTimeOffset",
        "categories": "Collection(String)",
        "completedDateTime": "dateTimeTimeZone",
        "createdDateTime": "DateTimeOffset",
        "dueDateTime": "dateTimeTimeZone",
        "hasAttachments": "Boolean",
        "importance": "String",
        "isReminderOn": "Boolean",
        "lastModifiedDateTime": "DateTimeOffset",
        "linkedResources": "Collection(linkedResource)",
        "reminderDateTime": "dateTimeTimeZone",
        "startDateTime": "dateTimeTimeZone",
        "status": "String",
        "title": "String",
    },
    "itemBody": {"content": "String", "contentType": "String"},
    "linkedResource": {
        "id": "String",
        "applicationName": "String",
        "displayName": "String",
        "externalId": "String",
        "webUrl": "String",
    },
    # ── mail; what an action takes stands here as a type of its own
    "sendMail": {"message": "message", "saveToSentItems": "Boolean"},
    "message": {
        "bccRecipients": "Collection(recipient)",
        "body": "itemBody",
        "ccRecipients": "Collection(recipient)",
        "from": "recipient",
        "importance": "String",
        "internetMessageHeaders": "Collection(internetMessageHeader)",
        "replyTo": "Collection(recipient)",
        "sender": "recipient",
        "subject": "String",
        "toRecipients": "Collection(recipient)",
    },
    "recipient": {"emailAddress": "emailAddress"},
    "emailAddress": {"address": "String", "name": "String"},
    "internetMessageHeader": {"name": "String", "value": "String"},
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


_MANY = re.compile(r"(Collection|Open)\((\w+)\)")


def _misfit(inner: str, value: object, path: str) -> list[str]:
    if read := _MANY.fullmatch(inner):
        return _misfits(read[1], read[2], value, path)
    if inner in TYPES:
        if not isinstance(value, dict):
            return [path]
        return wrong(str(value.get("@odata.type", inner)).removeprefix("#microsoft.graph."), value)
    expected = {"Boolean": bool, "Int32": int}.get(inner, str)
    return [] if isinstance(value, expected) else [path]


def _misfits(shape: str, inner: str, value: object, path: str) -> list[str]:
    """Of a list, or of an open type, in which each name is somebody's or something's id."""
    if not isinstance(value, list if shape == "Collection" else dict):
        return [path]
    items = list(value.values()) if isinstance(value, dict) else list(value)
    return [wrong for item in items if item is not None for wrong in _misfit(inner, item, path)]

"""The members of Graph's enumerations, by the property that holds one: what is none of them is refused."""

from __future__ import annotations

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_IMPORTANCE = ("low", "normal", "high")
_PREVIEW = ("automatic", "noPreview", "checklist", "description", "reference")
MEMBERS: dict[str, tuple[str, ...]] = {
    "automaticRepliesSetting.externalAudience": ("none", "contactsOnly", "all"),
    "automaticRepliesSetting.status": ("disabled", "alwaysEnabled", "scheduled"),
    "chat.chatType": ("oneOnOne", "group", "meeting", "unknownFutureValue"),
    "daylightTimeZoneOffset.dayOfWeek": _DAYS,
    "itemBody.contentType": ("text", "html"),
    "mailboxSettings.delegateMeetingMessageDeliveryOptions": (
        "sendToDelegateAndInformationToPrincipal",
        "sendToDelegateAndPrincipal",
        "sendToDelegateOnly",
    ),
    "mailboxSettings.userPurpose": ("user", "linked", "shared", "room", "equipment", "others", "unknownFutureValue"),
    "message.importance": _IMPORTANCE,
    "plannerPlanContainer.type": ("group", "unknownFutureValue", "roster"),
    "plannerTask.previewType": _PREVIEW,
    "plannerTaskDetails.previewType": _PREVIEW,
    "standardTimeZoneOffset.dayOfWeek": _DAYS,
    "teamsApp.distributionMethod": ("store", "organization", "sideloaded", "unknownFutureValue"),
    "todoTask.importance": _IMPORTANCE,
    "todoTask.status": ("notStarted", "inProgress", "completed", "waitingOnOthers", "deferred"),
    "todoTaskList.wellknownListName": ("none", "defaultList", "flaggedEmails", "unknownFutureValue"),
    "workingHours.daysOfWeek": _DAYS,
}


def strangers(path: str, value: object) -> list[str]:
    """What of a value (or of a list of them) is no member; `path` is like `todoTask.status`. In any case of letters."""
    if path not in MEMBERS:
        return []
    known = {name.casefold() for name in MEMBERS[path]}
    return [path for one in (value if isinstance(value, list) else [value]) if str(one).casefold() not in known]

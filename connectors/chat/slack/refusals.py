"""What each of Slack's error codes says is wrong: the place, the workspace, the content, or a message that is missing.

The codes are the documented ones of chat.postMessage, chat.update, chat.delete and of what is read to find a place.
"""

from __future__ import annotations

from bot.ports import Refusal

PLACE_GONE = frozenset(
    (
        "access_denied",
        "cannot_dm_bot",
        "channel_not_found",
        "channel_type_not_supported",
        "ekm_access_denied",
        "is_archived",
        "is_inactive",
        "messages_tab_disabled",
        "method_not_supported_for_channel_type",
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
        "users_not_found",
    )
)
"""archived, not invited, not to be written to: another place may take it"""

WORKSPACE_GONE = frozenset(
    (
        "accesslimited",
        "account_inactive",
        "app_access_restricted",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "team_access_not_granted",
        "team_not_found",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
        # The method is gone for everybody: no other place would take the call either, a newer Closeloop might.
        "deprecated_endpoint",
        "method_deprecated",
        "unknown_method",
    )
)
"""every call would be refused alike until somebody mends it"""

CONTENT = frozenset(
    (
        "attachment_payload_limit_exceeded",
        "block_mismatch",
        # Slack says of it: more likely with complex arguments such as blocks.
        "invalid_arguments",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "markdown_text_conflict",
        "metadata_must_be_sent_from_app",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "slack_connect_canvas_sharing_blocked",
        "slack_connect_file_link_sharing_blocked",
        "slack_connect_lists_sharing_blocked",
        "too_many_attachments",
        "too_many_contact_cards",
    )
)
"""the same message would be refused anywhere; a plainer one may be taken"""

MISSING = frozenset(
    (
        "cannot_reply_to_message",
        "cant_delete_message",
        "message_not_found",
        "thread_not_found",
    )
)
"""the message to edit, to delete or to reply to is gone"""

FIXED = frozenset(("cant_update_message", "edit_window_closed"))
"""the message stands, and may not be changed any more"""

KINDS = {
    **dict.fromkeys(PLACE_GONE, "place"),
    **dict.fromkeys(WORKSPACE_GONE, "workspace"),
    **dict.fromkeys(CONTENT, "content"),
    **dict.fromkeys(MISSING, "missing"),
    **dict.fromkeys(FIXED, "fixed"),
}
# Slack adds members to these families without notice.
_FAMILIES = (
    ("restricted_action", "place"),
    ("invalid_blocks", "content"),
    ("invalid_metadata", "content"),
    ("slack_connect_", "content"),
)


def kind(code: str) -> str:
    """place | workspace | content | missing | fixed | other"""
    family = next((said for prefix, said in _FAMILIES if code.startswith(prefix)), "other")
    return KINDS.get(code, family)


def refused(code: str) -> Refusal:
    return Refusal(code, kind(code))

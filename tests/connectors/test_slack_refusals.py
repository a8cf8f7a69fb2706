"""What each of Slack's error codes says is wrong."""

from __future__ import annotations

import pytest

from connectors.chat.slack import refusals

# The documented errors of chat.postMessage, chat.update and chat.delete that are neither `later` nor `unknown`.
DOCUMENTED = {
    "place": """
        channel_not_found not_in_channel is_archived is_inactive messages_tab_disabled ekm_access_denied access_denied
        restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
        restricted_action_non_threadable_channel restricted_action_thread_locked
        user_disabled users_not_found user_not_found cannot_dm_bot
    """,
    "workspace": """
        invalid_auth not_authed token_revoked token_expired account_inactive missing_scope no_permission
        team_access_not_granted team_not_found not_allowed_token_type accesslimited two_factor_setup_required
        enterprise_is_restricted app_access_restricted deprecated_endpoint method_deprecated
    """,
    "content": """
        invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text metadata_too_large
        invalid_metadata_format invalid_metadata_schema metadata_must_be_sent_from_app too_many_attachments
        too_many_contact_cards markdown_text_conflict block_mismatch invalid_attachments invalid_arguments
        slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked
        slack_connect_lists_sharing_blocked
    """,
    "missing": """
        message_not_found cant_delete_message cannot_reply_to_message thread_not_found
    """,
    "fixed": "cant_update_message edit_window_closed",
    "other": """
        as_user_not_supported cant_broadcast_message no_dual_broadcast_content_update streaming_state_conflict
        missing_file_data send_on_behalf_not_allowed compliance_exports_prevent_deletion invalid_arg_name
        invalid_array_arg invalid_charset invalid_form_data invalid_post_type missing_post_type what_is_this
    """,
}


@pytest.mark.parametrize(
    ("kind", "code"), [(kind, code) for kind, codes in DOCUMENTED.items() for code in codes.split()]
)
def test_a_code_says_what_is_wrong(kind: str, code: str) -> None:
    assert refusals.kind(code) == kind
    assert (refusals.refused(code).code, refusals.refused(code).kind) == (code, kind)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("restricted_action_of_2027", "place"), ("invalid_blocks_of_2027", "content"), ("invalid_metadata_x", "content")],
)
def test_a_new_member_of_a_known_family_is_taken_for_one(code: str, kind: str) -> None:
    assert refusals.kind(code) == kind


def test_no_code_says_two_things() -> None:
    sets = (refusals.PLACE_GONE, refusals.WORKSPACE_GONE, refusals.CONTENT, refusals.MISSING, refusals.FIXED)
    assert sum(len(codes) for codes in sets) == len(refusals.KINDS)

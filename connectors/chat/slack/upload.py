"""A picture handed to Slack without being shown anywhere: messages show it later by its id.

Slack wants three steps: a promise, the bytes at an address of its own, and the end of it.
"""

from __future__ import annotations

from email.message import Message as Headers
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from slack_sdk import WebClient

from bot.core.text import one_line
from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.refusals import refused
from connectors.chat.slack.response_url import trusted
from connectors.chat.slack.web import ask

WAIT = 10
"""seconds for the bytes"""


def upload(web: WebClient, png: bytes, *, title: str, alt: str) -> str:
    """The file's id. Raises Refusal, Later or Unknown; said twice it is two files, of which one is shown."""
    name, alt_txt = f"{_filename(title)}.png", one_line(alt, 1000)
    promised = ask(web.files_getUploadURLExternal, filename=name, length=len(png), alt_txt=alt_txt)
    address, file_id = str(promised.get("upload_url", "")), str(promised.get("file_id", ""))
    if not trusted(address, web.base_url) or not file_id:
        raise Unknown("no_address")
    _send(address, png)
    ask(web.files_completeUploadExternal, files=[{"id": file_id, "title": one_line(title, 200) or name}])
    return file_id


def _filename(title: str) -> str:
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in title).lower().split())[:60] or "picture"


class _Stay(HTTPRedirectHandler):
    """An address that sends the bytes on to another one is none of Slack's."""

    def redirect_request(self, *args: object) -> None:
        return None


def _send(address: str, png: bytes) -> None:
    request = Request(address, data=png, method="POST", headers={"Content-Type": "image/png"})  # noqa: S310
    try:
        with build_opener(_Stay).open(request, timeout=WAIT) as answer:
            answer.read(1000)
    except HTTPError as error:
        raise _judged(error.code, error.headers) from None
    except URLError:
        raise Later("unreachable", 5) from None
    except (OSError, HTTPException) as error:
        raise Unknown(type(error).__name__) from None


def _judged(status: int, headers: Headers) -> Refusal | Later | Unknown:
    if status == 429:
        named = str(headers.get("Retry-After", ""))
        return Later("ratelimited", float(named) if named.isdigit() else 30.0)
    return Unknown(f"http_{status}") if status >= 500 else refused(f"upload_http_{status}")

"""`closeloop up` says once what is in its way, and log lines hold no secret."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.commands.say import Failed
from bot.logs import redacted
from bot.up import Options, _alone, _refuse_taken_ports


def test_a_port_that_is_taken_is_named_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failed, match=f"127.0.0.1:{port}: .*--port"):
            _refuse_taken_ports(Options(port=port))


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_keeps_it(tmp_path: Path) -> None:
    with _alone(tmp_path), pytest.raises(Failed, match="another closeloop up runs"), _alone(tmp_path):
        pass
    with _alone(tmp_path):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-12-34-abc",
        "xapp-1-A0-12-abc",
        "cl_3f56e55dc778_1dc418ce641c",
        "Authorization: Bearer abc.def",
        "postgresql://closeloop:hunter2@db/closeloop",
    ],
)
def test_a_secret_in_a_log_line_is_taken_out(text: str) -> None:
    line = redacted(None, "info", {"event": f"sent {text}", "rows": 3})
    assert "[secret]" in line["event"]
    assert not any(part in line["event"] for part in ("12-34", "1-A0", "1dc418", "abc.def", "hunter2"))
    assert line["rows"] == 3

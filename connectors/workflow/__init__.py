"""Tools for work items: where an alert's owner has a task for it, one file each.

Lives here: what turns a message into a tool's own task, and tells when somebody completed it there.
Never here: who has to do what, when it is over, anything stored.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

TOOLS = {
    "planner": "connectors.workflow.planner:Planner",
    "todo": "connectors.workflow.todo:ToDo",
}


def tool(name: str) -> Callable[..., Any]:
    """What makes this tool, a Chat and WorkItems in one, imported on first use. Raises KeyError for an unknown one."""
    module, _, maker = TOOLS[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(module), maker)
    return found

"""The page at `/`: says what this is to whoever opens the address in a browser."""

from __future__ import annotations

import base64
from hashlib import sha256

from jinja2 import Environment, StrictUndefined

_STYLE = """
:root { color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif; }
body { max-width: 38rem; margin: 12vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
ul { padding-left: 1.2rem; }
code { font-size: .95em; }
a { color: #1a6f5c; }
@media (prefers-color-scheme: dark) { a { color: #6fd3bb; } }
"""

_PAGE = Environment(autoescape=True, undefined=StrictUndefined).from_string("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Closeloop</title>
<style>{{ style|safe }}</style>
</head>
<body>
<main>
<h1>Closeloop</h1>
<p>The accountability layer for AI alerts: every alert gets one named owner, who is asked until it is closed.</p>
<p>Sources raise alerts with <code>POST /v1/alerts</code>; people acknowledge and resolve them in their chat.</p>
<ul>
{% for path, says in links %}<li><a href="{{ path }}">{{ path }}</a> – {{ says }}</li>
{% endfor %}</ul>
</main>
</body>
</html>
""")

_LINKS = (
    ("/readyz", "is everything there that an alert needs?"),
    ("/metrics", "numbers for Prometheus"),
    ("/openapi.json", "the API's description"),
)

_DIGEST = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}


def page(*, sandbox: bool) -> str:
    """HTML; with the sandbox first where there is one."""
    links = (("/sandbox", "the stand-in workspace: see cards, press buttons"), *_LINKS) if sandbox else _LINKS
    return _PAGE.render(style=_STYLE, links=links)

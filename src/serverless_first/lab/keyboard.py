"""The keyboard in predictions and quizzes: the arrow keys go from one answer to the next, as in every form.

JupyterLab takes the arrow keys for its cells before a radio button gets them. ipywidgets gives its radio buttons no
name, and only buttons with the same name form a group. The script mends both, once for the whole page.
"""

from __future__ import annotations

import html

SCRIPT = """
if (!window.serverlessFirstKeys) {
    window.serverlessFirstKeys = true;
    let groups = 0;
    window.addEventListener('focusin', (event) => {
        const group = event.target.closest('.prediction .widget-radio-box');
        if (group && !event.target.name) {
            groups += 1;
            group.querySelectorAll('input').forEach((answer) => { answer.name = `prediction-${groups}`; });
        }
    });
    window.addEventListener('keydown', (event) => {
        const answer = event.target.closest('.prediction input[type="radio"], .Quiz input[type="radio"]');
        if (answer && event.key.startsWith('Arrow')) event.stopPropagation();
    }, true);
}
"""

_PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def in_a_widget() -> str:
    """The script for the value of an HTML widget, where `<script>` would not run: a hidden picture loads it."""
    return f'<img hidden alt="" src="{_PIXEL}" onload="{html.escape(SCRIPT)}">'

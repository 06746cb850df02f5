"""Signing in with the code of one's card: no password, and no name to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from traitlets import Unicode

from serverless_first.classroom.roll import load

FORM = """
<form action="{{ authenticator_login_url }}" method="post" role="form">
  <div class="auth-form-header"><h1>Serverless First</h1></div>
  <div class="auth-form-body m-auto">
    {% if login_error %}<p class="login_error" role="alert">{{ login_error | e }}</p>{% endif %}
    <input type="hidden" name="_xsrf" value="{{ xsrf }}">
    <input type="hidden" name="username" value="card">
    <label for="code">The code of your card</label>
    <input id="code" name="password" type="text" class="form-control" autocomplete="off" autocapitalize="characters"
           spellcheck="false" placeholder="ABCD-2345" required autofocus>
    <div class="feedback-container"><input type="submit" class="btn btn-jupyter form-control" value="Sign in"></div>
  </div>
</form>
"""


class CodeAuthenticator(Authenticator):  # type: ignore[misc]
    """Knows the people of a class by their codes; the roll is read again each time, so a new one works at once."""

    folder = Unicode(help="The class's folder.").tag(config=True)
    custom_html = FORM

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The account of the code that was typed; None if there is none."""
        del handler
        person = load(Path(self.folder)).by_code(data.get("password", ""))
        return person.account if person else None

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Whether who signed in earlier is still in the class."""
        del handler
        return load(Path(self.folder)).by_account(user.name) is not None

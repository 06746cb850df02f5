"""Signing in with the code of one's card: no password, and no name to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers.login import LoginHandler
from traitlets import Unicode

from serverless_first.course import look
from serverless_first.teach.classroom.roll import ADMINISTRATOR, load

# JupyterHub writes white on orange, with a contrast of 2.84.
_BAND, _ON_BAND, _FAIL = (look.COLORS[name] for name in ("band", "on_band", "fail"))
FORM = (
    f"""
<style>
  #login-main .auth-form-header, #login-main .btn-jupyter {{ background: {_BAND.light}; color: {_ON_BAND.light} }}
  #login-main .btn-jupyter {{ border-color: {_BAND.light} }}
  #login-main .login_error {{ color: {_FAIL.light} }}
  [data-bs-theme=dark] #login-main .login_error {{ color: {_FAIL.dark} }}
</style>
"""
    """
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
)
_SHOWN_LETTERS = 20


class CodeLoginHandler(LoginHandler):  # type: ignore[misc]
    """JupyterHub's page for signing in, which speaks of a card instead of a user name and a password."""

    unknown_code = ""

    def _render(self, login_error: str | None = None, **context: Any) -> Any:
        if self.unknown_code:
            login_error = (
                f"No card has the code {self.unknown_code}. A code has eight letters and digits, like ABCD-2345, and "
                "never I, L, O, S, 0 or 1. Compare it with your card and type it again."
            )
        return super()._render(login_error=login_error, **context)


class CodeAuthenticator(Authenticator):  # type: ignore[misc]
    """Knows the people of a class by their codes; the roll is read again each time, so a new one works at once."""

    folder = Unicode(help="The class's folder.").tag(config=True)
    custom_html = FORM

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The pages that replace JupyterHub's."""
        del app
        return [("/login", CodeLoginHandler)]

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The account of the code that was typed; None if no card has it, and then the page says so."""
        typed = data.get("password", "")
        person = load(Path(self.folder)).by_code(typed)
        if person is None:
            handler.unknown_code = typed.strip()[:_SHOWN_LETTERS]
        return person.account if person else None

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:
        """Whether who signed in earlier is still in the class."""
        del handler
        return load(Path(self.folder)).by_account(user.name) is not None


def first_page(handler: Any) -> str:
    """The page to open after signing in. The administrator has no server to start."""
    user = handler.current_user
    return "/hub/admin" if user and user.name == ADMINISTRATOR else ""

"""JWT authorizers of HTTP APIs: a token is checked, and its claims go to the integration. No moto, no function.

Source: API Gateway Developer Guide, "Control access to HTTP APIs with JWT authorizers in API Gateway": signature (RSA
only), kid, iss, aud or client_id, exp, nbf, iat, and scope or scp against the route's scopes.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from serverless_cloud.guard import stays_here

ALGORITHMS = ("RS256", "RS384", "RS512")  # API Gateway supports RSA-based algorithms only
KEYS_KEPT_S = 7200.0  # API Gateway caches an issuer's keys for two hours
FETCH_S = 1.5

#: The keys of an issuer, a JWK set; None if the issuer is none that this cloud keeps.
KeysOf = Callable[[str], Mapping[str, Any] | None]


class InvalidToken(Exception):
    """The token is not accepted; the text is for the header www-authenticate, "" if there is no token.

    Args:
        status: 401; 403 if only the scopes do not suffice.
    """

    def __init__(self, why: str, status: int = 401) -> None:
        super().__init__(why)
        self.status = status


class Tokens:
    """Checks JSON web tokens.

    Args:
        keys_of: the keys of issuers that this cloud keeps itself, Cognito's user pools.
    """

    def __init__(self, keys_of: KeysOf) -> None:
        self._keys_of = keys_of
        self._fetched: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()

    def claims(self, header: str, issuer: str) -> dict[str, Any]:
        """The claims of a token that its issuer has signed and that is valid now.

        Args:
            header: the token, with or without "Bearer " before it.
            issuer: whom the token must come from.

        Raises:
            InvalidToken: it is not accepted.
        """
        from joserfc import jwt  # brings a library for cryptography, which few clouds need
        from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

        text = header[7:] if header[:7].lower() == "bearer " else header
        try:
            keys = KeySet.import_key_set(dict(self._keys(issuer)))  # type: ignore[arg-type]
            claims = jwt.decode(text.strip(), keys, algorithms=list(ALGORITHMS)).claims
        except BadSignatureError as error:
            raise InvalidToken("the token's signature is not valid") from error
        except InvalidKeyIdError as error:
            raise InvalidToken("unable to find the signing key of the token") from error
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken("the token is malformed, or its algorithm is not supported") from error
        if claims.get("iss") != issuer:
            raise InvalidToken("the token does not have a valid issuer")
        self._check_times(claims)
        return dict(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now_s = time.time()
        for name in ("exp", "nbf", "iat"):
            if name in claims and type(claims[name]) not in (int, float):
                raise InvalidToken(f"the token's claim {name} is not a time")
        if "exp" not in claims or claims["exp"] <= now_s:
            raise InvalidToken("the token has expired")
        if claims.get("nbf", 0) > now_s or claims.get("iat", 0) > now_s + 1:
            raise InvalidToken("the token is not valid yet")

    def _keys(self, issuer: str) -> Mapping[str, Any]:
        own = self._keys_of(issuer)
        if own is not None:
            return own
        with self._lock:
            until_s, keys = self._fetched.get(issuer, (0.0, {}))
        if until_s > time.time():
            return keys
        keys = _fetch_keys(issuer)
        with self._lock:
            self._fetched[issuer] = (time.time() + KEYS_KEPT_S, keys)
        return keys

    def clear(self) -> None:
        """Forgets the keys that were fetched."""
        with self._lock:
            self._fetched.clear()


def check_audience(claims: Mapping[str, Any], audiences: Sequence[str]) -> None:
    """Raises unless a token was made for one of `audiences`: by aud, or by client_id if there is no aud.

    Raises:
        InvalidToken: it was not.
    """
    audience = claims.get("aud") or claims.get("client_id") or []
    if not set(audience if isinstance(audience, list) else [audience]).intersection(audiences):
        raise InvalidToken("the token does not have a valid audience")


def check_scopes(claims: Mapping[str, Any], route_scopes: Sequence[str]) -> list[str] | None:
    """The scopes of a token; None if the route asks for none.

    Raises:
        InvalidToken: it has none of the scopes that the route asks for.
    """
    if not route_scopes:
        return None
    claim = claims.get("scope") or claims.get("scp") or []
    scopes = claim.split() if isinstance(claim, str) else [str(scope) for scope in claim]
    if not set(scopes).intersection(route_scopes):
        raise InvalidToken("the token does not have a scope that the route asks for", 403)
    return scopes


def claims_for_event(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims as the event carries them: all of them strings, a list as "[a b]"."""
    return {name: _claim(value) for name, value in claims.items()}


def _claim(value: Any) -> str:
    if isinstance(value, list):
        return f"[{' '.join(_claim(item) for item in value)}]"
    if isinstance(value, str):
        return value
    return json.dumps(value)


def unreachable(issuer: str) -> str | None:
    """Why an issuer's keys cannot be fetched from here; None if they can."""
    if issuer.startswith("http://") and stays_here(issuer):
        return None
    return (
        f"The issuer {issuer} is not on this machine, and requests never leave this machine. Give a Cognito user pool "
        "of this cloud (https://cognito-idp.REGION.amazonaws.com/POOL_ID), or an issuer at http://127.0.0.1:PORT."
    )


def _fetch_keys(issuer: str) -> Mapping[str, Any]:
    if why := unreachable(issuer):
        raise InvalidToken(why)
    base = issuer.rstrip("/")
    try:
        discovered = _get(f"{base}/.well-known/openid-configuration")
        address = str(discovered["jwks_uri"])
        if why := unreachable(address):
            raise InvalidToken(why)
        return _get(address)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidToken(f"OIDC discovery of {issuer} failed: {error}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect could lead away from this machine: it is an error."""


def _get(url: str) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
    with opener.open(url, timeout=FETCH_S) as answer:
        document = json.loads(answer.read())
    if not isinstance(document, dict):
        raise ValueError(f"{url} doesn't return a JSON object")
    return document

"""A provider's key, and tokens of others who would like to be that provider."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping

from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "a", "use": "sig"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "a", "use": "sig"}, private=True)
"""Somebody else's, under the same name."""


def unsigned(claims: Mapping[str, object], alg: str = "none") -> str:
    """A token that nobody signed."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": alg, "kid": "a"}, claims)
    )
    return f"{head}.{body}."


def by_public_key(claims: Mapping[str, object]) -> str:
    """The classic: a signature by a shared secret, where the secret is the public key."""
    content = unsigned(claims, alg="HS256")[:-1]
    seal = hmac.digest(KEY.as_pem(private=False), content.encode(), "sha256")
    return f"{content}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"

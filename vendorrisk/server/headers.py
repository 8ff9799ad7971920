"""Security headers: what a page may load, who may frame it, and what browsers keep of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)

EVERYWHERE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # `no-referrer` would make the Origin of our own forms "null" and so fail the origin check.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Sent with every response."""

HSTS = "max-age=31536000; includeSubDomains"
"""Sent where the request came over TLS, or where the public address says that it does."""

OWN_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""For the pages outside Streamlit: nothing inline, nothing from elsewhere."""

DOWNLOADS = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""For files that a vendor uploaded: even a browser that shows one may run nothing in it."""


def streamlit_policy(script_hashes: Sequence[str]) -> str:
    """The content security policy of Streamlit's pages; `script_hashes` are of its inline scripts.

    Each thing allowed beyond `'self'`: Streamlit hands a component's script over as a blob, which
    only a script can make (`script-src`); its style library writes styles at run time
    (`style-src`), charts and icons are drawn as data and blobs (`img-src`), and Streamlit
    bundles small fonts as data (`font-src`). Images from elsewhere stay forbidden because
    Markdown could load them.
    """
    hashes = "".join(f" 'sha256-{digest}'" for digest in script_hashes)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob:{hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )

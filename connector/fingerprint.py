"""Certificates known by their fingerprint: units in rooms sign their own."""

import re


def fingerprint_bytes(text: str) -> bytes | None:
    """The SHA-256 that `sha256:<hex>` stands for, colons allowed; None for an empty text.

    Raises:
        ValueError: this is no SHA-256 fingerprint.
    """
    if not text:
        return None
    digits = re.sub(r"[:\s]", "", text.lower().removeprefix("sha256:"))
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("must be sha256: and the 64 hex digits of the certificate's fingerprint")
    return bytes.fromhex(digits)

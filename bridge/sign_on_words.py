"""What the doctor finds of single sign-on, in words for people."""

from typing import Literal

from bridge.advice import Advice

SIGN_ON: dict[str, tuple[Literal["error"], Advice]] = {
    "sso_unreachable": (
        "error",
        Advice(
            "the identity provider cannot be reached: nobody can sign in by it",
            "check name resolution, firewall and proxy from the appliance to people.oidc.issuer",
        ),
    ),
    "sso_unfit": (
        "error",
        Advice(
            "what the identity provider says of itself does not fit the configuration",
            "take people.oidc.issuer letter by letter from `issuer` in its"
            " /.well-known/openid-configuration",
        ),
    ),
    "sso_redirect": (
        "error",
        Advice(
            "the identity provider does not know client_id, or does not lead back to this"
            " appliance",
            "register {public_url}/admin/callback as a redirect URI of the application there, and"
            " compare people.oidc.client_id",
        ),
    ),
}
"""By code, each with how bad it is."""

"""Single sign-on of people by OpenID Connect: authorization code with PKCE."""

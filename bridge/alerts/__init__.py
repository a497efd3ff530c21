"""Troubles told to people by mail and webhooks: once, grouped, with their end."""

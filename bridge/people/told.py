"""What the audit log is told of accounts."""

from bridge.people.accounts import Account


def told(account: Account) -> dict[str, str]:
    """What the audit log says of an account."""
    return {"name": account.name, "role": account.role, "lists": " ".join(account.lists)}


def differs(was: Account, now: Account) -> dict[str, str]:
    """What the audit log says of a change: before and after."""
    found = {"name": now.name}
    pairs = zip(_open(was).items(), _open(now).items(), strict=True)
    for (part, before), (_, after) in pairs:
        if before != after:
            found[f"{part}.before"], found[f"{part}.after"] = before, after
    return found


def _open(account: Account) -> dict[str, str]:
    found = told(account) | {"shown": account.shown, "disabled": str(bool(account.disabled))}
    return found | {"email": "set" if account.email else ""}

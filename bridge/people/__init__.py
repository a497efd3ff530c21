"""People who look after the appliance: accounts, invitations, passwords, sessions."""

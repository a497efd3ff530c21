"""The doctor: live checks of identity, rights, mailboxes, room systems and the machine itself."""

"""The head of the audit log, on its way out."""

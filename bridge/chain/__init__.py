"""The head of the audit log's chain, sent to where nobody of this machine can change it."""

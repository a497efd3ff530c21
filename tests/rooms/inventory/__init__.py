"""The inventory as a document."""

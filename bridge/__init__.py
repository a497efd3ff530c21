"""The running appliance."""

"""A month of a site in virtual time: changes, faults and restarts, and no agenda wrong at its end."""

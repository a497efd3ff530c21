"""What goes wrong at calendar services, and what comes of it."""

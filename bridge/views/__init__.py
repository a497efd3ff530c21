"""Who asks for agendas, and how they look to them."""

"""How events and requests travel between venues and bots."""

"""How real exchanges are reached: one package per exchange."""

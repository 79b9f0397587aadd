"""How near synthetic clips come to reference clips, and whether they are copies of them."""

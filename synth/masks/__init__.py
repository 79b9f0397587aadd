"""Label maps for generators that are conditioned on masks: read, completed, drawn, and set beating."""

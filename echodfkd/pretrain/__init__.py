"""SwinUNETR on clips as volumes: it learns to fill holes in synthetic clips, then to segment few others."""

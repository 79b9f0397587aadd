"""Free-Echo: video diffusion that follows a mask without having learned from any."""

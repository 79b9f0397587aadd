"""Flow: few-step and one-step video, told the masks of every frame."""

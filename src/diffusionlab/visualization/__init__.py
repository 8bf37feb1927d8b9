"""Pictures of what the lab makes."""

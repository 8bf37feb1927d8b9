"""Every picture of the catalogue, drawn of trained runs."""

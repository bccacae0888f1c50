"""What the Helm chart derives from the code: its table of stages, its values with their schema, and their page."""

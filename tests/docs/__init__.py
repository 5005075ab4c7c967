"""The documents are part of the build: what they name exists, what exists is named, and what they show runs."""

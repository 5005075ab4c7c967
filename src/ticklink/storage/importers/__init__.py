"""Files of other origin, brought into the archive: one module a format, `importing` to run them."""

"""The pages of the workbench, one module each; a module holds a ``router``."""

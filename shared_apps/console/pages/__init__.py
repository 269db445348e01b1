"""The operator's pages, one module for each part of the desk."""

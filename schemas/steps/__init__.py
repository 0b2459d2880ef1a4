"""The steps of an agreement's way, one module for each part of it: drafting, signing, keeping."""

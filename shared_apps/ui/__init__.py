"""The design system: shells, components, words in both languages, and what browsers load; no tables."""

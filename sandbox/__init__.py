"""A local stand-in of the Claude Managed Agents API; it runs by itself and is not Claude."""

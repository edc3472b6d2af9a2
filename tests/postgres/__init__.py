"""What only a real database server can show, and two processes at once on both kinds of database."""

"""What commands print: words and tables of what the library found, never a computation."""

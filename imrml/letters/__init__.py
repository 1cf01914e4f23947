"""IMR final determination letters: undo extraction damage, recognise the format, parse into a case."""

"""Models of polyphonic music as piano rolls."""

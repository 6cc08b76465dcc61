"""Music as piano rolls."""

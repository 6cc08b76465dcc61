"""Problems made on the spot, whose answer lies many steps back: drawn, learned, judged, shown."""

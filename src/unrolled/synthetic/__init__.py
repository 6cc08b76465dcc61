"""Problems whose answer lies far back in time, and guided experiments on them."""

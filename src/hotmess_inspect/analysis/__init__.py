"""From logs and tables to numbers, pages and annotations."""

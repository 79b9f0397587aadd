"""One self-contained HTML page of results: `content` says what is on it, `page` writes it."""

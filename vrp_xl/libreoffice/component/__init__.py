"""What runs inside LibreOffice, under its own Python; `link` is shared with the server."""

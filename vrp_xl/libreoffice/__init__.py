"""LibreOffice as a host: the function server, the extension, and how it is installed."""

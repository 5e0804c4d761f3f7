"""The VBA of the Excel files: texts made from the definitions, and the project that holds them."""

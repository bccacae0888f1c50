"""Digital invoices, one module for each layout: no two share code that places anything on the page."""

"""Electronic invoices: a Factur-X PDF carrying its own XML and a bare UBL file, both EN 16931."""

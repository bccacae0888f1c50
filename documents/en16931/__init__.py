"""The business rules of EN 16931 that arithmetic and presence decide, judged on either syntax."""

"""What a posting teaches: who the vendor is and how its lines are coded."""

"""What is drawn on the line API, so that a change costs the lines that it touches and no more."""

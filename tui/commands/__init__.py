"""Floor 1: pure translation, question to Command and bytes to answer; one noun a file."""

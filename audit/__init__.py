"""What `make audit` looks for: weaknesses in what we depend on, and secrets among the files."""

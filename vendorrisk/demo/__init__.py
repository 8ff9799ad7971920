"""The made-up portfolio of the demo: fictional vendors with answers, evidence and reviews."""

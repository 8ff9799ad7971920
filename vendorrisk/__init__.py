"""Vendor security due diligence: questions, evidence, scores and decisions."""

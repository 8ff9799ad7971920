"""Everything that shows a promise of the product holds."""

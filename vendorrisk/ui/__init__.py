"""The pages: they draw what a use case returned and call one use case per action."""

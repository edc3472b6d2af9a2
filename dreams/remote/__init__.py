"""The only door to the vendor: our calls in our words, what they answer (records), how they fail (errors)."""

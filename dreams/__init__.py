"""The product: memory stores, dreams, reviews."""

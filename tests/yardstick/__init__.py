"""Dreams written by hand and labelled sentence by sentence, and the score of an engine against them."""

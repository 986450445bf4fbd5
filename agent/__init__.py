"""papercards: reads research papers and writes a card for each, with evidence for every claim."""

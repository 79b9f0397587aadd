"""From an input file to masks, events, EF and pictures: reader, sector, segmenter, beats, result."""

"""Whether words of proteins say more about function than chance and simple methods do."""

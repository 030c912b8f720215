"""Words that recur in proteins: counted, judged, chosen, stored, and found again in others."""

"""`method="auto"`: phases that find out what the function is like, and a race of arms over one archive and ledger."""

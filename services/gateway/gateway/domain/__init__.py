"""What an entry of the share log means for an agency: proof, feed, view and ledger, as values in and values out."""

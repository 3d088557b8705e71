"""unseen: instruction tuning that is measured on what the model has not seen."""

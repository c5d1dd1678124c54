"""What a referral is and what may become of it: values in, values out."""

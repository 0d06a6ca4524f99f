"""What vendors record, as events in our language: bytes in, values out."""

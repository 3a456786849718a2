"""What an operator manages: accounts and maintenance."""

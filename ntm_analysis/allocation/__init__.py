"""Which works to fund in which year: rules and the best plan, what one commune more takes."""

"""NHS numbers that are nobody's, one after the other."""

_serials = iter(range(478526900, 478527900))


def nhs_number() -> str:
    """A number that is nobody's: the next that passes its check."""
    while True:
        nine = f"9{next(_serials):08}"[-9:]
        check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check % 11 < 10 and check != 10:
            return f"{nine}{check % 11}"

"""Why people are not let in, or something is not done for them."""


class Refused(Exception):
    """It is not done; the code is one of the API's problems."""

    def __init__(self, code: str, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words


class Locked(Exception):
    """Too many wrong passwords: nobody gets in by this name, or from there, for a while."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait
        """Seconds."""

"""What a service says when it will not do a thing: always a sentence for a person."""


class Refusal(Exception):
    """Nothing was done; str() says why and what to do."""


class Invalid(Refusal):
    """What was asked is not well-formed (a form answers 422)."""


class Stale(Refusal):
    """Somebody or something was faster; what the person saw is no longer so (a page answers 409)."""


class Unsettled(Refusal):
    """The vendor may or may not have done it: the sentence says what was found when looking again."""


class Busy(Exception):
    """Another process holds the claim on this row; come back later."""

"""A grammar that an answer follows: at each place only tokens that go on with it can be chosen.

The grammar's states and masks are llguidance's, which needs no compilation ahead: a mask takes some 50 µs.
"""

from __future__ import annotations

import numpy as np
import torch
from llguidance import LLMatcher
from torch import Tensor

from openlora.errors import EngineError


class Guide:
    """One answer's place in its grammar. Of what leaves the grammar nothing more is asked."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher
        self._left = False  # a replay may lead where the grammar does not

    def mask(self, logits: Tensor) -> Tensor:
        """Logits [vocabulary], −∞ where the grammar has no token; EngineError where it is lost."""
        if self._left:
            return logits
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        if self._matcher.is_error():
            message = "The prescribed form is too complex to be followed: make its schema simpler."
            raise EngineError(400, "format_too_complex", message)
        allowed = np.unpackbits(bits, bitorder="little")[: len(logits)].astype(bool)
        return logits.masked_fill(~torch.from_numpy(allowed), float("-inf"))

    def follow(self, token: int) -> None:
        if not self._left and not self._matcher.consume_token(token):
            self._left = True

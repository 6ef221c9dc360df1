"""How near an answer is to its reference."""

from __future__ import annotations

import re
import unicodedata

from rouge_score.rouge_scorer import RougeScorer

# Words, and of scripts that put no spaces between words each character.
_ALONE = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PART = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+")


class _Words:
    """rouge-score's own tokenizer knows the letters a to z only."""

    def tokenize(self, text: str) -> list[str]:
        return _PART.findall(unicodedata.normalize("NFKC", text).lower())


_scorer = RougeScorer(["rougeL"], tokenizer=_Words())


def rouge_l(answer: str, reference: str) -> float:
    """F-measure of the longest common subsequence of words (Lin, "ROUGE", 2004), 0 to 1."""
    return float(_scorer.score(reference, answer)["rougeL"].fmeasure)


def is_exact(answer: str, reference: str) -> bool:
    """The same text, whatever the white space and the form of its characters."""
    one, two = (" ".join(unicodedata.normalize("NFKC", text).split()) for text in (answer, reference))
    return one == two

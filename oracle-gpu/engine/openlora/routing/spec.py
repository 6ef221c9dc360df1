"""What the router is asked, parsed at the border."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from openlora.rag.spec import Key
from openlora.train.spec import Strict

MOST_TEXTS = 1_024  # that a route is made of: half a minute of embedding on one core
MOST_CHOICES = 3  # told of a question

Text = Annotated[str, Field(min_length=1, max_length=65_536)]


class RouteBody(Strict):
    """What those would ask whom a route is to lead to one adapter: its training records, a sample of them."""

    texts: list[Text] = Field(min_length=1, max_length=MOST_TEXTS)


class ChooseBody(Strict):
    keys: list[Key] = Field(min_length=1, max_length=10_000)
    query: str = Field(max_length=65_536)

# SPDX-License-Identifier: Apache-2.0
"""Views: the order of their attributes comes from their declaration, not from their source, which takes long to read."""

import inspect
from typing import Any

import pytest
from wsme import types as wtypes
from wsme.rest import json as wsme_json

from baremetal_svc.api import views


def test_attributes_are_in_the_order_of_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("the source is read")

    monkeypatch.setattr(inspect, "getsourcelines", refuse)

    class Whole(views.View):
        """A view."""

        second = wtypes.text
        first = [int]

        @property
        def neither(self) -> None:
            """Is no attribute."""

    class More(Whole):
        """A view with more, which comes last."""

        third = views.Attribute(wtypes.text, since=3)

        def nor_this(self) -> None:
            """Is no attribute."""

    assert [attribute.key for attribute in Whole._wsme_attributes] == ["second", "first"]
    assert [attribute.key for attribute in More._wsme_attributes] == ["second", "first", "third"]
    assert list(wsme_json.tojson(More, More(first=[1], second="b", third="c"))) == ["second", "first", "third"]


def test_every_view_is_one_of_ours() -> None:
    assert [view for view in wtypes.Base.__subclasses__() if view is not views.View and view.__module__.startswith("baremetal_svc")] == []

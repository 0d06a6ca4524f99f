"""A store's world: the stores of several workers on one server, and what may befall them."""

import pytest

pytest.register_assert_rewrite("tests.store.suite")

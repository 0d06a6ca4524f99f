from tests.store.suite import StoreSuite


class TestRedisStore(StoreSuite):
    """Redis does what every store must do."""

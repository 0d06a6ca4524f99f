import re

import pytest

from stream.store.address import Address, Site, site_of

H1, I2 = Address("h", 1), Address("i.example", 2)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("redis://h:1/0", Site("server", "redis://h:1/0")),
        ("unix:///run/redis.sock", Site("server", "unix:///run/redis.sock")),
        (
            "redis+sentinel://h:1,i.example:2/main",
            Site("sentinel", "redis://h:1/0", (H1, I2), "main"),
        ),
        (
            "rediss+sentinel://u:p%40@h:1, i.example:2/my-main.1/7?ssl_cert_reqs=none",
            Site("sentinel", "rediss://u:p%40@h:1/7?ssl_cert_reqs=none", (H1, I2), "my-main.1"),
        ),
        ("redis+cluster://h:1", Site("cluster", "redis://h:1", (H1,))),
        (
            "rediss+cluster://:p@[::1]:7000,h:1/0",
            Site("cluster", "rediss://:p@[::1]:7000", (Address("::1", 7000), H1)),
        ),
    ],
)
def test_a_url_says_of_what_kind_a_redis_is_and_where(url: str, site: Site) -> None:
    assert site_of(url) == site


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "localhost:6379",
            "must begin with one of redis://, rediss://, unix://, redis+sentinel://",
        ),
        ("redis+sentinel://", "must begin with"),
        ("redis+sentinel://h:1,i:2", "the service's name"),
        ("redis+sentinel://h:1/", "the service's name"),
        ("redis+sentinel://h:1/main/x", "the service's name"),
        ("redis+sentinel://h/main", "'h' is no address; write host:port"),
        ("redis+sentinel://h:1,/main", "'' is no address"),
        ("redis+cluster://h:0", "'h:0' is no address"),
        ("redis+cluster://h:70000", "'h:70000' is no address"),
        ("redis+cluster://h:1/2", "only database 0"),
        ("redis+cluster://:hush@h:1,:hush@i:2", "once, before the first address"),
        ("redis+cluster://h:1,:hush@i:2", "once, before the first address"),
    ],
)
def test_an_invalid_address_is_reported_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as caught:
        site_of(url)
    assert "hush" not in str(caught.value)

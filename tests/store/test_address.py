import re

import pytest

from stream.store.address import ENCODE, Address, Site, site_of

H1, I2 = Address("h", 1), Address("i.example", 2)
SECRETS = [
    "ab/hush",
    "ab?hush",
    "ab#hush",
    "57#hush",
    "57/hush",
    "57?hush",
    "57/0?db=1&hush",
    "#hush",
]
"""Passwords that are invalid as they are: a URL would end before they do."""


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("redis://h:1/0", Site("server", "redis://h:1/0", addresses=(H1,))),
        ("redis://h", Site("server", "redis://h", addresses=(Address("h", 6379),))),
        (
            "rediss://u:p:%2F@h:1/12/",
            Site("server", "rediss://u:***@h:1/12/", True, (H1,), user="u", password="p:/", db=12),
        ),
        (
            "unix://:p@/run/redis.sock?db=3",
            Site(
                "server", "unix://:***@/run/redis.sock", path="/run/redis.sock", password="p", db=3
            ),
        ),
        (
            "redis+sentinel://h:1,i.example:2/main",
            Site(
                "sentinel", "redis+sentinel://h:1,i.example:2/main", False, (H1, I2), service="main"
            ),
        ),
        (
            "rediss+sentinel://u:p%40@h:1, i.example:2/my-main.1/7?ssl_cert_reqs=none",
            Site(
                "sentinel",
                "rediss+sentinel://u:***@h:1, i.example:2/my-main.1/7",
                True,
                (H1, I2),
                user="u",
                password="p@",
                db=7,
                service="my-main.1",
                options={"ssl_cert_reqs": "none"},
            ),
        ),
        ("redis+cluster://h:1", Site("cluster", "redis+cluster://h:1", addresses=(H1,))),
        (
            "rediss+cluster://:p@[::1]:7000,h:1/0",
            Site(
                "cluster",
                "rediss+cluster://:***@[::1]:7000,h:1/0",
                True,
                (Address("::1", 7000), H1),
                password="p",
            ),
        ),
    ],
)
def test_a_url_says_of_what_kind_a_redis_is_and_where(url: str, site: Site) -> None:
    assert site_of(url) == site


@pytest.mark.parametrize(
    "password", ["a@b", "a:b", "a%b", "a%", "[a]", "a b", "\\", "é😀", "'\"", "&=+;,$"]
)
def test_any_other_character_may_be_in_a_password(password: str) -> None:
    site = site_of(f"redis://:{password}@h:1/0")
    assert (site.password, site.addresses, site.masked) == (password, (H1,), "redis://:***@h:1/0")
    assert password not in repr(site)


def test_a_plus_in_an_option_is_a_plus() -> None:
    site = site_of("redis+sentinel://h:1/main?sentinel_password=a+b%2Bc%26d")
    assert site.options["sentinel_password"] == "a+b+c&d"


@pytest.mark.parametrize(
    "form", ["redis://{}@h:1/0", "rediss://{}@h", "redis+cluster://{}@h:1,i:2"]
)
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("login", [":{}", "user:{}"])
def test_a_character_that_ends_a_part_of_a_url_has_to_be_encoded(
    form: str, secret: str, login: str
) -> None:
    with pytest.raises(ValueError, match=re.escape("/ as %2F")) as caught:
        site_of(form.format(login.format(secret)))
    assert str(caught.value) == ENCODE


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (
            "localhost:6379",
            "must begin with one of redis://, rediss://, unix://, redis+sentinel://",
        ),
        ("redis://:hush", "an address is no host:port"),
        ("redis://:hush@", "an address is no host:port"),
        ("redis://:hush@:6379/0", "an address is no host:port"),
        ("redis://h:0/0", "a port from 1 to 65535"),
        ("redis://h:99999/0", "a port from 1 to 65535"),
        ("redis://h:-1/0", "a port from 1 to 65535"),
        ("redis://h:hush/0", "a port from 1 to 65535"),
        ("redis://h:/0", "a port from 1 to 65535"),
        ("redis://::1:6379/0", "IPv6 in brackets"),
        ("redis://h:1/hush", "the number of the database"),
        ("redis://h:1/-1", "the number of the database"),
        ("redis://h:1/1/2", "the number of the database"),
        ("redis://h:1/٣", "the number of the database"),
        ("redis://h:1/0\n", "a control character"),
        ("redis://:hu\tsh@h:1/0", "a control character"),
        ("redis://:hush%ff@h:1/0", "write % as %25"),
        ("redis://h:1,i:2/0", "one server has one address"),
        ("redis://h:1/0?db=hush", "option db has an invalid value"),
        ("redis://h:1/2?db=1", "name different databases"),
        ("redis://h:1/0?decode_responses=1", "these options are allowed here: db"),
        ("redis://h:1/0?password=%ff", "percent-encoded"),
        ("redis://h:1/0?password=a&hush=b", "write & in a value as %26"),
        ("redis://h:1/0?ssl_cert_reqs=none", "these options are allowed here"),
        ("redis://h:1/0?sentinel_password=hush", "these options are allowed here"),
        ("rediss://h:1/0?ssl_cert_reqs=hush", "option ssl_cert_reqs has an invalid value"),
        ("unix://host/run/redis.sock", "no host"),
        ("unix://:hush@", "a path that begins with /"),
        ("redis+sentinel://", "must begin with"),
        ("redis+sentinel://h:1,i:2", "the service's name"),
        ("redis+sentinel://h:1/", "the service's name"),
        ("redis+sentinel://h:1/main/x", "the service's name"),
        ("redis+sentinel://h/main", "an address is no host:port"),
        ("redis+sentinel://h:1,/main", "an address is no host:port"),
        ("redis+cluster://h:0", "an address is no host:port"),
        ("redis+cluster://h:70000", "an address is no host:port"),
        ("redis+cluster://h:1/2", "only database 0"),
        ("redis+cluster://h:1?db=2", "only database 0"),
        ("redis+cluster://:hush@h:1,:hush@i:2", "once, before the first address"),
        ("redis+cluster://h:1,:hush@i:2", "once, before the first address"),
    ],
)
def test_an_invalid_address_is_reported_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as caught:
        site_of(url)
    assert "hush" not in str(caught.value)

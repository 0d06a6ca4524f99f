"""Files of every encoding: read, or refused in words with the line."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stream.config.load import load_roster, load_settings
from stream.errors import ConfigurationError

CONFIG = '[windows]\ngrace = "4m"\n[roster]\nfile = "r.csv"\n'
ROSTER = "agent,team\nann,Süd\n"
Encode = Callable[[str], bytes]
READ: dict[str, Encode] = {
    "plain": lambda text: text.encode(),
    "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "with carriage returns": lambda text: text.replace("\n", "\r\n").encode(),
    "with carriage returns alone": lambda text: text.replace("\n", "\r").encode(),
    "as a spreadsheet saves it": lambda t: b"\xef\xbb\xbf" + t.replace("\n", "\r\n").encode(),
    "without the last line's end": lambda text: text.rstrip("\n").encode(),
}
REFUSED: dict[str, tuple[Encode, str]] = {
    "Latin-1": (lambda text: (text + "# ü").encode("latin-1"), "(0xFC); save the file as UTF-8"),
    "UTF-16 with a mark": (
        lambda text: text.encode("utf-16"),
        "line 1: not UTF-8 at byte 0 but UTF-16; save",
    ),
    "UTF-16": (
        lambda text: text.encode("utf-16-le"),
        "line 1: not UTF-8 but UTF-16 or UTF-32; save",
    ),
    "UTF-32": (lambda text: text.encode("utf-32"), "line 1: not UTF-8 at byte 0 but UTF-32; save"),
}


@pytest.mark.parametrize("how", READ)
def test_configuration_and_roster_are_read(tmp_path: Path, how: str) -> None:
    (tmp_path / "floorwatch.toml").write_bytes(READ[how](CONFIG))
    (tmp_path / "r.csv").write_bytes(READ[how](ROSTER))
    settings = load_settings(tmp_path / "floorwatch.toml", {})
    assert settings.windows.grace_ms == 240_000
    assert load_roster(settings).team_at("ann", 0) == "Süd"


@pytest.mark.parametrize("how", REFUSED)
def test_another_encoding_is_refused_with_the_line(tmp_path: Path, how: str) -> None:
    encode, words = REFUSED[how]
    path = tmp_path / "floorwatch.toml"
    path.write_bytes(encode(CONFIG))
    with pytest.raises(ConfigurationError, match="not UTF-8") as caught:
        load_settings(path, {})
    assert str(caught.value).startswith(f"{path}, line ")
    assert words in str(caught.value)
    path.write_text(CONFIG)
    (tmp_path / "r.csv").write_bytes(encode(ROSTER))
    with pytest.raises(ConfigurationError, match="not UTF-8") as caught:
        load_roster(load_settings(path, {}))
    assert words in str(caught.value)


def test_the_line_of_a_wrong_byte_is_counted_whatever_ends_lines(tmp_path: Path) -> None:
    path = tmp_path / "floorwatch.toml"
    for end in (b"\n", b"\r\n", b"\r"):
        path.write_bytes(end.join([b"# one", b"# two", b"# \xfc"]))
        with pytest.raises(ConfigurationError, match=r"line 3: not UTF-8 at byte \d+ \(0xFC\)"):
            load_settings(path, {})


def test_a_folder_and_a_missing_file_are_refused_and_an_empty_one_is_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"^none\.toml: no such file or directory$"):
        load_settings(Path("none.toml"), {})
    Path("empty.toml").touch()
    assert load_settings(Path("empty.toml"), {}) == load_settings(None, {})
    Path("floorwatch.toml").mkdir()
    for chosen in (None, Path("floorwatch.toml")):
        with pytest.raises(ConfigurationError, match=r"^floorwatch\.toml: is a directory$"):
            load_settings(chosen, {})


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe without a writer would be waited for, a device would fill the memory."""
    path, pipe, loop = (tmp_path / name for name in ("floorwatch.toml", "pipe", "loop"))
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(65 * 2**20)
    for file_path, why in (
        (pipe, "is no regular file, but a pipe, a socket or a device"),
        (Path("/dev/zero"), "is no regular file, but a pipe, a socket or a device"),
        (loop, "too many levels of symbolic links"),
        (large, "has 65 MB; allowed: up to 64 MB"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            load_settings(file_path, {})
        assert str(caught.value) == f"{file_path}: {why}"
        path.write_text(f'[roster]\nfile = "{file_path}"\n')
        with pytest.raises(ConfigurationError) as caught:
            load_roster(load_settings(path, {}))
        assert str(caught.value) == f"roster.file = '{file_path}': {why}"
    path.write_text('[roster]\nfile = "a\\u0000b"\n')
    with pytest.raises(ConfigurationError, match="embedded null byte"):
        load_roster(load_settings(path, {}))


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "[web]\nport = " + "9" * 5_000])
def test_toml_that_is_too_deep_or_has_too_long_a_number_is_refused(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "floorwatch.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="invalid TOML"):
        load_settings(path, {})


def test_a_control_that_turns_text_is_escaped_in_what_a_message_quotes(tmp_path: Path) -> None:
    path = tmp_path / "floorwatch.toml"
    path.write_text('[[pool]]\nname = "a\\u202eb"\n')
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {})
    assert "\\u202e" in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()

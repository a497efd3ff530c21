"""What tells that a configuration has changed, and what of it counts only at a start."""

from bridge.settings.model import Configuration


def fixed(configuration: Configuration) -> object:
    """What takes effect only at a start."""
    site_ = configuration.site
    return site_.listen, site_.legacy, site_.data_dir, site_.ca_file, site_.endpoint_networks


def signature(configuration: Configuration) -> list[tuple[str, int, int] | tuple[str]]:
    """What tells whether a file was changed."""
    found: list[tuple[str, int, int] | tuple[str]] = []
    for file in configuration.read:
        try:
            state = file.stat()
            found.append((str(file), state.st_mtime_ns, state.st_size))
        except OSError:
            found.append((str(file),))
    return found

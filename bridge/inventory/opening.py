"""The database, opened as soon as somebody wants to know what is in it."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bridge.inventory.rows import Rows
from bridge.settings.model import Site
from bridge.settings.stored import Memory
from connector.secret import Secret
from rooms.database import Database
from rooms.inventory import Document


class Opening:
    """Opens `bridge.db` once: for a configuration whose inventory is there, or for its start."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.secrets: Mapping[str, Secret] = {}
        self.decides = False
        self._database: Database | None = None
        self._rows: Rows | None = None

    def document(self, site: Site, /) -> Document:
        """The inventory there.

        Raises:
            DatabaseUnusable: the data folder cannot be used.
        """
        return self.rows(site).document

    def rows(self, site: Site) -> Rows:
        """What the database holds of the inventory.

        Raises:
            DatabaseUnusable: the data folder cannot be used.
        """
        if self._rows is None:
            self._rows = Rows(self.database(site.data_dir))
        return self._rows

    def database(self, folder: Path) -> Database:
        """The database of a data folder, which is made where it is not there.

        Raises:
            DatabaseUnusable: it cannot be used.
        """
        if self._database is None:
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700, parents=True)
            self._database = Database(folder / "bridge.db")
        return self._database

    def close(self) -> None:
        """Close what was opened, where nothing came of the start."""
        if self._database is not None:
            self._database.close()

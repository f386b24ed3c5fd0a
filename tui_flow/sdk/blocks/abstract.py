"""What blocks of a kind have in common."""

from abc import ABC, abstractmethod
from typing import Any

from tui_flow.sdk.blocks.core import Block


class NotificationError(Exception):
    """A message could not be handed over."""


class CredentialsBlock(Block, ABC):
    """Credentials for a service."""

    @abstractmethod
    def get_client(self, *args: Any, **kwargs: Any) -> Any:
        """A client of that service."""


class NotificationBlock(Block, ABC):
    """Sends messages."""

    @abstractmethod
    def notify(self, body: str, subject: str | None = None) -> Any:
        """Sends one. Raises NotificationError where it is not taken."""


class JobRun(ABC):
    """A run of a job of another system, which `JobBlock.trigger` gives."""

    @abstractmethod
    def wait_for_completion(self) -> Any:
        """Waits for its end."""

    @abstractmethod
    def fetch_result(self) -> Any:
        """What it gave."""


class JobBlock(Block, ABC):
    """Starts jobs of another system."""

    @abstractmethod
    def trigger(self) -> Any:
        """Starts one, and gives its JobRun."""


class DatabaseBlock(Block, ABC):
    """Speaks to a database."""


class ObjectStorageBlock(Block, ABC):
    """Speaks to an object storage."""

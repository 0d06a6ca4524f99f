"""A lane's views: what people read of its teams and pools."""

from stream.agents.worker_services import WorkerServices
from stream.figures.model import Figures
from stream.render.views import ViewWriter
from stream.store import keys
from stream.store.protocol import Lease, Outcome


class ViewPublisher:
    """Writes the views of one shard, and removes those that it no longer has."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._writer = ViewWriter()
        self._shown: frozenset[str] = lease.views
        """Views that stand in the store, also of an earlier owner."""

    async def write(self, services: WorkerServices, figures: Figures) -> Outcome:
        """Show these figures.

        Raises:
            ServiceError: the store is away; the next call writes what is missing.
        """
        views = {keys.view(view): text for view, text in self._writer.views(figures).items()}
        outcome = await services.store.write_views(self._lease, figures.as_of_ms, views)
        gone = self._shown - views.keys()
        if gone and outcome.stored:
            outcome = await services.store.drop_views(self._lease, sorted(gone))
        self._shown = frozenset(views)
        return outcome

"""Who uses the Config API."""

from dataclasses import dataclass

from eventgateway.core.errors import AccessRefused


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is what the history of the configuration shows; `spaces` are all of the tenant's if None. The operator may do everything."""

    name: str
    tenant: str = ""
    spaces: frozenset[str] | None = None
    is_read_only: bool = False
    is_operator: bool = False

    def check_operator(self) -> None:
        """Raise AccessRefused for anybody else."""
        if not self.is_operator:
            raise AccessRefused

    def check(self, owner: str, space: str, *, writes: bool) -> None:
        """Raise AccessRefused unless a space of `owner` may be read, or written to."""
        if self.is_operator:
            return
        if (
            not self.tenant
            or owner != self.tenant
            or (self.spaces is not None and space not in self.spaces)
            or (writes and self.is_read_only)
        ):
            raise AccessRefused


OPERATOR = Caller("operator", is_operator=True)

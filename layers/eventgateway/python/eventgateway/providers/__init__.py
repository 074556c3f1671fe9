"""Function types. Each file of this package is one; being here registers it."""

from importlib import import_module
from pkgutil import iter_modules

from eventgateway.core.provider import Provider, Providers


def load() -> Providers:
    """All providers by their type."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    found = [each for module in modules for each in vars(module).values() if _is_provider_of(module.__name__, each)]
    return {provider.type: provider for provider in found}


def _is_provider_of(module: str, value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Provider) and value.__module__ == module

"""The errors a user can meet. Each message is one sentence: what is wrong, where, what to do."""


class KitError(Exception):
    """Base of every error the kit raises on purpose."""


class ConfigError(KitError):
    """A profile, parameter, category, method or instruction that does not exist or does not fit."""


class DataError(KitError):
    """An image, mask, label file or data tree that is missing, unreadable or inconsistent."""


class ResourceError(KitError):
    """Not enough disk or memory, or weights that are not available."""
